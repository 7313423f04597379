//! The content of a chat's message as parts of the Responses API.

use serde_json::{Map, Value, json};

use crate::domain::translate::dropped::Dropped;
use crate::domain::translate::items::{self, input_text};
use crate::domain::translate::parameters::drop_others;
use crate::domain::translate::{Refused, files};

/// What a model reads: a text or parts.
pub(super) fn said(at: &str, content: &Value, dropped: &mut Dropped) -> Result<Vec<Value>, Refused> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![input_text(text)]),
        Value::Array(parts) => {
            let mut read = |(index, part)| read_part(&format!("{at}.content[{index}]"), part, dropped);
            parts.iter().enumerate().map(&mut read).collect()
        }
        _ => Err(Refused::invalid(Some(&format!("{at}.content")), "`content` has to be a text or a list of parts.")),
    }
}

/// What a tool gave: a text as it is, or the parts that a model reads.
pub(super) fn output(at: &str, content: &Value, dropped: &mut Dropped) -> Result<Value, Refused> {
    match content {
        Value::Null => Ok("".into()),
        Value::String(_) => Ok(content.clone()),
        _ => said(at, content, dropped).map(Value::from),
    }
}

/// What the assistant said: texts and refusals.
pub(super) fn spoken(at: &str, content: &Value, dropped: &mut Dropped) -> Result<Vec<Value>, Refused> {
    let text = |text: &str| json!({ "type": "output_text", "text": text });
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(said) if said.is_empty() => Ok(Vec::new()),
        Value::String(said) => Ok(vec![text(said)]),
        Value::Array(parts) => {
            let part = |(index, part): (usize, &Value)| {
                let at = format!("{at}.content[{index}]");
                let (field, spoken) = match part["type"].as_str() {
                    Some("text" | "output_text" | "input_text") => {
                        ("text", text(part["text"].as_str().unwrap_or_default()))
                    }
                    Some("refusal") => ("refusal", json!({ "type": "refusal", "refusal": part["refusal"] })),
                    _ => {
                        let why = format!("`{at}` has to be a text or a refusal: the assistant sends nothing else.");
                        return Err(Refused::invalid(Some(&at), why));
                    }
                };
                drop_others(&at, fields(part), &["type", field], dropped);
                Ok(spoken)
            };
            parts.iter().enumerate().map(part).collect()
        }
        _ => Err(Refused::invalid(Some(&format!("{at}.content")), "`content` has to be a text or a list of parts.")),
    }
}

fn read_part(at: &str, part: &Value, dropped: &mut Dropped) -> Result<Value, Refused> {
    let read = match part["type"].as_str() {
        Some("text") => {
            drop_others(at, fields(part), &["type", "text"], dropped);
            input_text(part["text"].as_str().unwrap_or_default())
        }
        Some("image_url") => {
            drop_others(at, fields(part), &["type", "image_url"], dropped);
            image(at, &part["image_url"], dropped)
        }
        Some("file") => {
            // Some clients give its fields themselves.
            let is_flat = !part["file"].is_object();
            if !is_flat {
                drop_others(at, fields(part), &["type", "file"], dropped);
            }
            let given = fields(if is_flat { part } else { &part["file"] });
            let mut file = json!({ "type": "input_file" });
            for (name, value) in given.iter().filter(|(name, value)| *name != "type" && !value.is_null()) {
                file[name] = value.clone();
            }
            file
        }
        // Clients that know both interfaces mix their words.
        Some("input_text" | "input_image" | "input_file") => {
            let mut part = part.clone();
            items::drop_breakpoint(at, &mut part, dropped);
            part
        }
        Some("input_audio") => {
            return Err(Refused::unsupported(at, "a ChatGPT account does not take audio; send its transcript"));
        }
        _ => {
            let why = format!("`{at}` has to be a text, an `image_url` or a `file`.");
            return Err(Refused::invalid(Some(at), why));
        }
    };
    files::refuse_in_part(at, &read)?;
    Ok(read)
}

/// Some clients give the address itself.
fn image(at: &str, image: &Value, dropped: &mut Dropped) -> Value {
    drop_others(&format!("{at}.image_url"), fields(image), &["url", "detail", "file_id"], dropped);
    if let Some(id) = image.get("file_id").filter(|id| id.is_string()) {
        return json!({ "type": "input_image", "file_id": id });
    }
    let url = if image.is_string() { image } else { &image["url"] };
    let detail = image.get("detail").filter(|detail| !detail.is_null()).cloned();
    json!({ "type": "input_image", "image_url": url, "detail": detail.unwrap_or_else(|| "auto".into()) })
}

/// The fields of an object; of anything else there are none.
fn fields(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}
