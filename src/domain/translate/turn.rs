//! A `response.create` of a WebSocket in the backend's words: a request of `POST /v1/responses` with a few fields of its
//! own, of which the connection remembers what came before.

use serde_json::{Map, Value};

use super::{BackendRequest, Door, KeepsId, Refused, items, translated};

/// What a message has beside a request over HTTP, and the backend's socket too. `stream_id` is not among them: which of a
/// client's streams a turn is of is this proxy's to know.
const KEPT: [&str; 3] = ["type", "generate", "previous_response_id"];

/// How Codex says in a message what is a header over HTTP: the input holds, or held before, its own tools.
const LITE: &str = "ws_request_header_x_openai_internal_codex_responses_lite";

/// The backend's message for what a client asks by `message`. The messages that open its input stay there: instructions
/// are not carried on to the next turn, and an input is. Its items keep the ids that `keeps_id` says.
///
/// # Errors
///
/// What the backend cannot do, and what is no such request at all.
pub fn turn_request(message: Value, keeps_id: KeepsId<'_>) -> Result<BackendRequest, Refused> {
    let Value::Object(mut fields) = message else { return Err(Refused::no_object()) };
    let mut own = Map::new();
    for name in KEPT {
        own.extend(fields.shift_remove_entry(name).filter(|(_, value)| !value.is_null()));
    }
    fields.shift_remove("stream_id");
    // Some clients leave it out where a conversation goes on by itself.
    fields.entry("input").or_insert_with(|| Value::Array(Vec::new()));
    let is_lite_by_name = fields.get("client_metadata").is_some_and(|metadata| metadata[LITE] == "true");
    let mut request = translated(Door::Responses, fields, keeps_id, |asked| {
        let is_lite = is_lite_by_name || items::hold_tools(&asked.input);
        if !is_lite {
            asked.instructions.get_or_insert_with(|| "".into());
        }
        is_lite
    })?;
    if let Value::Object(body) = &mut request.body {
        if request.is_lite && !is_lite_by_name {
            let metadata = body.entry("client_metadata").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(metadata) = metadata {
                metadata.insert(LITE.to_owned(), "true".into());
            }
        }
        let rest = std::mem::replace(body, own);
        body.extend(rest);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The message for `fields`, without what every one has.
    fn shown(fields: &Value) -> Value {
        let mut message = json!({ "type": "response.create", "model": "gpt-5.5", "input": [] });
        message.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
        let mut body = turn_request(message, &|_| false).unwrap().body;
        let body = body.as_object_mut().unwrap();
        assert_eq!((&body["store"], &body["stream"]), (&json!(false), &json!(true)));
        assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
        body.retain(|name, _| !["model", "store", "stream", "include"].contains(&name.as_str()));
        body.clone().into()
    }

    #[track_caller]
    fn check(fields: &Value, expected: &Value) {
        assert_eq!(shown(fields), *expected, "{fields}");
    }

    #[test]
    fn a_turn_keeps_its_own_fields_and_no_instructions_are_made_of_its_input() {
        let developer = json!({ "type": "message", "role": "developer", "content": "Be brief." });
        let user = json!({ "type": "message", "role": "user", "content": "hi" });
        check(
            &json!({ "input": [developer, user], "previous_response_id": "resp_1", "stream_id": "main" }),
            &json!({ "type": "response.create", "previous_response_id": "resp_1", "instructions": "",
                "input": [developer, user] }),
        );
        check(
            &json!({ "generate": false, "previous_response_id": null, "instructions": "Be kind." }),
            &json!({ "type": "response.create", "generate": false, "instructions": "Be kind.", "input": [] }),
        );
    }

    #[test]
    fn a_lite_turn_has_no_instructions_and_says_so_as_codex_does() {
        let tools = json!({ "type": "additional_tools", "role": "developer", "tools": [] });
        let named = json!({ (LITE): "true", "thread_id": "t" });
        check(
            &json!({ "input": [tools], "client_metadata": { "thread_id": "t" } }),
            &json!({ "type": "response.create", "input": [tools],
                "client_metadata": { "thread_id": "t", (LITE): "true" } }),
        );
        check(
            &json!({ "input": [tools] }),
            &json!({ "type": "response.create", "input": [tools], "client_metadata": { (LITE): "true" } }),
        );
        // A turn that goes on has its tools in what came before.
        check(
            &json!({ "client_metadata": named, "previous_response_id": "resp_1" }),
            &json!({ "type": "response.create", "previous_response_id": "resp_1", "input": [],
                "client_metadata": named }),
        );
    }

    #[test]
    fn what_the_backend_cannot_do_is_refused_as_over_http() {
        for (message, param) in [
            (json!([]), None),
            (json!({ "type": "response.create" }), Some("model")),
            (json!({ "model": "m", "conversation": "conv_1" }), Some("conversation")),
        ] {
            assert_eq!(turn_request(message.clone(), &|_| false).unwrap_err().param.as_deref(), param, "{message}");
        }
    }
}
