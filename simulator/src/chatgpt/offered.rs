//! The tools that a request offers, wherever it does: beside its input, in it, and in namespaces.

use serde_json::Value;

/// A tool.
pub(super) struct Tool<'r> {
    pub(super) tool: &'r Value,
    /// The namespace that it stands in.
    pub(super) namespace: Option<&'r str>,
}

/// The tool `name` of `request`.
pub(super) fn named<'r>(request: &'r Value, name: &str) -> Option<Tool<'r>> {
    all(request).into_iter().find(|offered| offered.tool["name"] == *name)
}

/// Every tool of `request`; a namespace is none itself.
fn all(request: &Value) -> Vec<Tool<'_>> {
    let items = request["input"].as_array().into_iter().flatten();
    let lists = std::iter::once(&request["tools"]).chain(items.map(|item| &item["tools"]));
    let mut all = Vec::new();
    for tool in lists.filter_map(Value::as_array).flatten() {
        let inner = tool["tools"].as_array().filter(|_| tool["type"] == "namespace");
        match inner {
            Some(inner) => {
                let namespace = tool["name"].as_str();
                all.extend(inner.iter().map(|tool| Tool { tool, namespace }));
            }
            None => all.push(Tool { tool, namespace: None }),
        }
    }
    all
}
