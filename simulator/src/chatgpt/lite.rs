//! Responses Lite: the tools are an item of the input, `additional_tools`, and a mark beside the body says so. Without the
//! mark a model does not see those tools; with it the request keeps to what Lite supports.

use serde_json::Value;

use super::caller::Caller;
use crate::reply::Reply;

/// The mark of a request over HTTP.
const HEADER: &str = "x-openai-internal-codex-responses-lite";

/// The mark in `client_metadata` of a message in a socket.
const IN_MESSAGE: &str = "ws_request_header_x_openai_internal_codex_responses_lite";

/// What the real refusals begin with.
const NAME: &str = "X-OpenAI-Internal-Codex-Responses-Lite";

/// Whether the input of `request` holds its tools.
pub(super) fn holds_tools(request: &Value) -> bool {
    items(request).iter().any(|item| item["type"] == "additional_tools")
}

fn items(request: &Value) -> &[Value] {
    request["input"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether `request` says that it is in Lite.
pub(super) fn is_marked(caller: &Caller, request: &Value) -> bool {
    let in_message = &request["client_metadata"][IN_MESSAGE];
    caller.header(HEADER) == Some("true") || caller.is_socket && in_message == "true"
}

/// Whether the model sees the tools that `request` offers.
pub(super) fn sees_tools(caller: &Caller, request: &Value) -> bool {
    is_marked(caller, request) || !holds_tools(request)
}

/// Whether `request` keeps to what its mark says; else the refusal.
pub(super) fn checked(caller: &Caller, request: &Value) -> Result<(), Reply> {
    if !is_marked(caller, request) {
        return Ok(());
    }
    let refused =
        |param: &str, why: &str| Err(Reply::invalid(Some("unsupported_value"), Some(param), &format!("{NAME} {why}.")));
    if request["reasoning"]["context"] != "all_turns" {
        return refused("reasoning.context", "requires reasoning.context to be 'all_turns'");
    }
    if request["parallel_tool_calls"] == true {
        return refused("parallel_tool_calls", "does not support parallel tool calls");
    }
    let tools =
        request["tools"].as_array().into_iter().chain(items(request).iter().filter_map(|it| it["tools"].as_array()));
    // The backend takes namespaces of functions too, which Codex offers its agents in.
    let is_client_side = |tool: &Value| match tool["type"].as_str() {
        Some("function" | "custom" | "namespace") => true,
        Some("tool_search") => tool["execution"] == "client",
        Some(_) | None => false,
    };
    if !tools.flatten().all(is_client_side) {
        return refused("tools", "only supports function tools, custom tools, and client-executed tool search");
    }
    Ok(())
}
