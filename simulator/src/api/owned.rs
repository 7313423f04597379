//! What belongs to the account that made it and is found with no other: members of collections, and what a body names.

use serde_json::{Value, json};

use super::call::Call;
use crate::reply::Reply;

/// Collections whose members are made by a plain `POST`, and how the members' ids begin.
const COLLECTIONS: [(&str, &str); 6] = [
    ("batches", "batch_"),
    ("containers", "cntr_"),
    ("conversations", "conv_"),
    ("skills", "skill_"),
    ("vector_stores", "vs_"),
    ("videos", "video_"),
];

/// Keys whose values are ids.
const NAMES: [&str; 6] = ["container", "container_id", "file_id", "skill_id", "vector_store_ids", "file_ids"];

/// How encrypted content begins; its owner follows.
const SEALED: &str = "gAAAASIM.";

/// The answer at `path`, when a collection of these is there.
pub(super) fn reply(call: &Call, path: &str) -> Option<Reply> {
    let (collection, member) = path.split_once('/').map_or((path, None), |(collection, rest)| (collection, Some(rest)));
    let (_, prefix) = COLLECTIONS.iter().find(|(known, _)| *known == collection)?;
    let object =
        json!({ "id": call.id(prefix), "object": collection.trim_end_matches('s'), "created_at": call.created });
    match (member, call.method) {
        (None, "POST") => Some(Reply::json(200, &object)),
        (None, "GET") => Some(Reply::json(200, &json!({ "object": "list", "data": [object], "has_more": false }))),
        (None, _) => None,
        (Some(member), _) => {
            let id = member.split('/').next().unwrap_or_default();
            // What is no member, such as `videos/edits`.
            let is_foreign = id.starts_with(prefix) && !call.owns(id, prefix);
            is_foreign.then(|| not_found(id))
        }
    }
}

/// The refusal of a body that names what another account made.
pub(super) fn refusal(call: &Call) -> Option<Reply> {
    let body: Value = serde_json::from_slice(call.body).ok()?;
    refusal_of(call, &body)
}

fn refusal_of(call: &Call, value: &Value) -> Option<Reply> {
    let fields = match value {
        Value::Array(list) => return list.iter().find_map(|entry| refusal_of(call, entry)),
        Value::Object(fields) => fields,
        _ => return None,
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let sealed = text("encrypted_content");
    if let Some(owner) = sealed.and_then(|content| content.strip_prefix(SEALED))
        && !owner.starts_with(&format!("{:016x}", call.owner))
    {
        let message = "The encrypted content could not be verified.";
        return Some(Reply::invalid(Some("invalid_encrypted_content"), None, message));
    }
    let is_pointer = match text("type") {
        Some("item_reference") => true,
        Some("reasoning") => sealed.is_none(),
        _ => false,
    };
    let mut named: Vec<&str> = if is_pointer { text("id").into_iter().collect() } else { Vec::new() };
    for (_, value) in fields.iter().filter(|(name, _)| NAMES.contains(&name.as_str())) {
        named.extend(value.as_str());
        named.extend(value.as_array().into_iter().flatten().filter_map(Value::as_str));
    }
    let foreign = named.into_iter().find(|id| is_foreign(call, id)).map(not_found);
    foreign.or_else(|| fields.values().find_map(|inner| refusal_of(call, inner)))
}

/// Whether the id names an owner, and it is not this account.
fn is_foreign(call: &Call, id: &str) -> bool {
    let digits = id.rsplit(['_', '-']).next().unwrap_or_default();
    let names_an_owner = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    names_an_owner && !digits.starts_with(&format!("{:016x}", call.owner))
}

fn not_found(id: &str) -> Reply {
    Reply::error(404, "invalid_request_error", None, None, &format!("Item with id '{id}' not found."))
}
