//! The places of ids: what each key of a document says of its value.

/// What a key says of its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing that matters here.
    #[default]
    Other,
    /// It is the id of the object that it stands in.
    Id,
    /// It is an id, a list of ids, or an object with one.
    Names,
    /// It says what the object is.
    Type,
    /// Who speaks; the object is a message.
    Role,
    /// Encrypted content, which only its owner, the account that created it, can read.
    Sealed,
    /// It is neither here nor there, and does not make an object more than a pointer.
    Aside,
    /// What a person or a program wrote: nothing below it names anything.
    Foreign,
    /// What an answer found or cited. In a request it is repeated, and names nothing any more.
    Cited,
}

/// What `key` says of its value in an answer. By some keys it repeats what was asked: that it names something is no sign of its
/// owner, and two keys of one project may share what neither created here.
pub(super) fn in_answer(key: &[u8]) -> Place {
    match key {
        b"tools"
        | b"tool_choice"
        | b"prompt"
        | b"instructions"
        | b"input"
        | b"conversation"
        | b"previous_response_id" => Place::Foreign,
        _ => of(key),
    }
}

/// What `key` says of its value.
pub(super) fn of(key: &[u8]) -> Place {
    match key {
        b"id" => Place::Id,
        b"type" => Place::Type,
        b"role" => Place::Role,
        b"encrypted_content" => Place::Sealed,
        b"status" | b"object" | b"created_by" => Place::Aside,
        b"annotations" | b"results" => Place::Cited,
        // Keys that end like one of an id, of what a client or a third party calls its own things.
        b"call_id" | b"tool_call_id" | b"custom_id" | b"request_id" | b"event_id" | b"client_request_id"
        | b"organization_id" => Place::Other,
        // Keys of ids that do not end like one.
        b"container"
        | b"conversation"
        | b"training_file"
        | b"validation_file"
        | b"result_files"
        | b"files"
        | b"fine_tuned_model"
        | b"fine_tuned_model_checkpoint" => Place::Names,
        // Keys of what a person or a program wrote.
        b"metadata" | b"parameters" | b"schema" | b"json_schema" | b"input_schema" | b"output_schema"
        | b"item_schema" | b"datasource_item" | b"attributes" | b"headers" | b"prediction" | b"sample" => {
            Place::Foreign
        }
        _ if key.ends_with(b"_id") || key.ends_with(b"_ids") => Place::Names,
        _ => Place::Other,
    }
}
