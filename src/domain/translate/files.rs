//! Resources that only their owner can read: files, vector stores and containers of the API. A ChatGPT account has none
//! of them.

use serde_json::Value;

use super::Refused;

const NO_FILES: &str = "a ChatGPT account has no uploaded files; send the content of the file";

const NO_STORES: &str = "a ChatGPT account has no vector stores, containers, skills or uploaded files";

/// Where a file of the API is read.
const FILES: &str = "api.openai.com/v1/files/";

/// The fields of an item that have parts, or are one.
const WITH_PARTS: [&str; 2] = ["content", "output"];

/// Refuses an item, at `at`, that names a file.
pub(super) fn refuse_in_item(at: &str, item: &Value) -> Result<(), Refused> {
    for name in WITH_PARTS {
        match &item[name] {
            Value::Array(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    refuse_in_part(&format!("{at}.{name}[{index}]"), part)?;
                }
            }
            part => refuse_in_part(&format!("{at}.{name}"), part)?,
        }
    }
    Ok(())
}

/// Refuses a part, at `at`, that is a file of the API.
pub(super) fn refuse_in_part(at: &str, part: &Value) -> Result<(), Refused> {
    let is_read = matches!(part["type"].as_str(), Some("input_file" | "input_image" | "computer_screenshot"));
    let text = |name: &str| part[name].as_str().unwrap_or_default();
    let is_of_the_api = ["file_url", "image_url"].into_iter().any(|name| text(name).contains(FILES));
    // As chat completions spell it.
    let is_nested = || ["file", "image_url"].into_iter().any(|name| part[name]["file_id"].is_string());
    if is_read && (is_of_the_api || !text("file_id").is_empty() || is_nested()) {
        return Err(Refused::unsupported(at, NO_FILES));
    }
    Ok(())
}

/// Refuses the tools at `at` that work with something stored.
pub(super) fn refuse_in_tools(at: &str, tools: &Value) -> Result<(), Refused> {
    for (index, tool) in tools.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}[{index}]");
        let has = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
        let is_stored = match tool["type"].as_str() {
            Some("file_search") => true,
            Some("code_interpreter") => tool["container"].is_string() || has(&tool["container"]["file_ids"]),
            Some("shell") => {
                let environment = &tool["environment"];
                let skills = environment["skills"].as_array().into_iter().flatten();
                environment["container_id"].is_string()
                    || has(&environment["file_ids"])
                    || skills.into_iter().any(|skill| skill["skill_id"].is_string())
            }
            Some("image_generation") => tool["input_image_mask"]["file_id"].is_string(),
            _ => false,
        };
        if is_stored {
            return Err(Refused::unsupported(&at, NO_STORES));
        }
        // A namespace has tools of its own.
        refuse_in_tools(&format!("{at}.tools"), &tool["tools"])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_of_the_api_is_refused_wherever_an_item_names_it() {
        let named = json!({ "type": "input_file", "file_id": "file-1" });
        for (item, place) in [
            (json!({ "role": "user", "content": [{ "type": "input_text" }, named] }), ".content[1]"),
            (json!({ "content": [{ "type": "input_image", "file_id": "file-1" }] }), ".content[0]"),
            (json!({ "type": "function_call_output", "output": [named] }), ".output[0]"),
            (json!({ "output": { "type": "computer_screenshot", "file_id": "file-1" } }), ".output"),
            (json!({ "content": [{ "type": "input_image", "image_url": { "file_id": "file-1" } }] }), ".content[0]"),
            (json!({ "content": [{ "type": "input_file", "file": { "file_id": "file-1" } }] }), ".content[0]"),
            (
                json!({ "content": [{ "type": "input_file", "file_url": "https://api.openai.com/v1/files/file-1/content" }] }),
                ".content[0]",
            ),
        ] {
            let refused = refuse_in_item("input[3]", &item).unwrap_err();
            assert_eq!(refused.param, Some(format!("input[3]{place}")), "{item}");
        }
        for item in [
            json!({ "content": [{ "type": "input_file", "file_id": null, "file_data": "data:application/pdf;base64,AA==" }] }),
            json!({ "content": [{ "type": "input_file", "file_url": "https://example.com/a.pdf" }] }),
            json!({ "content": [{ "type": "output_text", "annotations": [{ "type": "file_citation", "file_id": "file-1" }] }] }),
            json!({ "content": "file-1", "output": "file-1" }),
        ] {
            assert_eq!(refuse_in_item("input[0]", &item), Ok(()), "{item}");
        }
    }

    #[test]
    fn tools_that_work_with_something_stored_are_refused_at_any_depth() {
        let search = json!({ "type": "file_search", "vector_store_ids": ["vs_1"] });
        for (tool, place) in [
            (search.clone(), ""),
            (json!({ "type": "namespace", "name": "n", "tools": [{ "type": "function" }, search] }), ".tools[1]"),
            (json!({ "type": "code_interpreter", "container": "cntr_1" }), ""),
            (json!({ "type": "code_interpreter", "container": { "type": "auto", "file_ids": ["file-1"] } }), ""),
            (
                json!({ "type": "shell", "environment": { "type": "container_reference", "container_id": "cntr_1" } }),
                "",
            ),
            (json!({ "type": "shell", "environment": { "skills": [{ "skill_id": "skill_1" }] } }), ""),
            (json!({ "type": "image_generation", "input_image_mask": { "file_id": "file-1" } }), ""),
        ] {
            let refused = refuse_in_tools("tools", &json!([{ "type": "web_search" }, tool])).unwrap_err();
            assert_eq!(refused.param, Some(format!("tools[1]{place}")), "{tool}");
        }
        let fine = json!([
            { "type": "code_interpreter", "container": { "type": "auto", "file_ids": [] } }, { "type": "shell" },
            { "type": "function", "parameters": { "file_id": "file-1", "tools": {} } }, { "type": "image_generation" },
        ]);
        assert_eq!(refuse_in_tools("tools", &fine), Ok(()));
        assert_eq!(refuse_in_tools("tools", &Value::Null), Ok(()));
    }
}
