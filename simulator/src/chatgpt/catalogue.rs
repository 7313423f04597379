//! The models: their shape is that of the real `/models`, and most are those of the catalogue in Codex 0.171.

use serde_json::{Value, json};

use super::refusals::{model_not_found, model_not_supported};
use crate::reply::Reply;

/// A version of a client, such as `0.171.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// Reads `0.171.0`, whatever follows a third number; `None` when it is none.
    pub(super) fn of(text: &str) -> Option<Version> {
        let mut parts = text.trim().splitn(3, '.');
        let number = |text: Option<&str>| {
            let text = text?;
            text[..text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len())].parse::<u32>().ok()
        };
        let first = number(parts.next())?;
        Some(Version([first, number(parts.next()).unwrap_or(0), number(parts.next()).unwrap_or(0)]))
    }
}

/// How a model is refused to a client that is too old for it, or that says no version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionRefusal {
    /// 400, which says that a newer Codex is needed.
    #[default]
    Newer,
    /// 400, as a model that the account may not use.
    NotSupported,
    /// 404, as a model that does not exist.
    NotFound,
}

impl VersionRefusal {
    /// The refusal of `model`.
    pub(super) fn reply(self, model: &str) -> Reply {
        match self {
            VersionRefusal::Newer => Reply::detail(
                400,
                &format!(
                    "The '{model}' model requires a newer version of Codex. Please upgrade to the latest app or CLI and \
                     try again."
                ),
            ),
            VersionRefusal::NotSupported => model_not_supported(model),
            VersionRefusal::NotFound => model_not_found(model),
        }
    }
}

/// A model and what it wants of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name in requests.
    pub slug: String,
    /// Its name for people.
    pub display_name: String,
    /// Whether a person may choose it.
    pub is_listed: bool,
    /// How many tokens a conversation may have.
    pub context_window: u64,
    /// Whether it takes Responses Lite: tools as an input item, and no instructions.
    pub takes_lite: bool,
    /// The oldest version of Codex that may use it.
    pub minimal_client_version: String,
    /// The efforts it can reason with.
    pub efforts: Vec<String>,
    /// The service tiers beside the default one.
    pub service_tiers: Vec<String>,
}

impl Model {
    /// A full model that even an old client may use.
    pub fn new(slug: &str) -> Model {
        Model {
            slug: slug.to_owned(),
            display_name: slug.to_uppercase(),
            is_listed: true,
            context_window: 272_000,
            takes_lite: false,
            minimal_client_version: "0.60.0".to_owned(),
            efforts: ["low", "medium", "high", "xhigh"].map(str::to_owned).into(),
            service_tiers: vec!["priority".to_owned()],
        }
    }

    /// A model that takes Responses Lite, for clients from this version on.
    pub fn lite(slug: &str, minimal_client_version: &str) -> Model {
        let efforts = ["low", "medium", "high", "xhigh", "max", "ultra"].map(str::to_owned).into();
        Model { takes_lite: true, efforts, ..Model::new(slug) }.since(minimal_client_version)
    }

    /// The same model for clients from this version on.
    #[must_use]
    pub fn since(self, minimal_client_version: &str) -> Model {
        Model { minimal_client_version: minimal_client_version.to_owned(), ..self }
    }

    /// Whether a client of `version` may use it; one that says nothing counts as older than all.
    pub(super) fn serves(&self, version: Option<Version>) -> bool {
        version >= Version::of(&self.minimal_client_version)
    }

    /// The model as `/models` lists it.
    pub(super) fn document(&self, priority: usize) -> Value {
        let level = |effort: &String| json!({ "effort": effort, "description": format!("{effort} reasoning") });
        let tier = |tier: &String| json!({ "id": tier, "name": "Fast", "description": "1.5x speed, increased usage" });
        let levels: Vec<Value> = self.efforts.iter().map(level).collect();
        let tiers: Vec<Value> = self.service_tiers.iter().map(tier).collect();
        let messages = json!({
            "instructions_template": format!("You are Codex, an agent based on {}.", self.display_name),
            "instructions_variables": null,
        });
        json!({
            "slug": self.slug,
            "display_name": self.display_name,
            "description": "A simulated model.",
            "default_reasoning_level": "medium",
            "supported_reasoning_levels": levels,
            "shell_type": "shell_command",
            "visibility": if self.is_listed { "list" } else { "hide" },
            "minimal_client_version": self.minimal_client_version,
            "supported_in_api": true,
            "priority": priority,
            "availability_nux": null,
            "upgrade": null,
            "base_instructions": format!("You are Codex, an agent based on {}.", self.display_name),
            "model_messages": messages,
            "context_window": self.context_window,
            "max_context_window": self.context_window,
            "auto_compact_token_limit": null,
            "supports_reasoning_summaries": true,
            "default_reasoning_summary": "none",
            "support_verbosity": true,
            "default_verbosity": "low",
            "apply_patch_tool_type": "freeform",
            "web_search_tool_type": "text_and_image",
            "input_modalities": ["text", "image"],
            "truncation_policy": { "mode": "tokens", "limit": 10_000 },
            "supports_parallel_tool_calls": true,
            "supports_search_tool": true,
            "supports_image_detail_original": true,
            "prefer_websockets": true,
            "use_responses_lite": self.takes_lite,
            "tool_mode": if self.takes_lite { json!("code_mode_only") } else { Value::Null },
            "multi_agent_version": if self.takes_lite { json!("v2") } else { Value::Null },
            "experimental_supported_tools": [],
            "service_tiers": tiers,
            "additional_speed_tiers": if tiers.is_empty() { json!([]) } else { json!(["fast"]) },
            "default_service_tier": null,
            "available_in_plans": ["business", "edu", "enterprise", "free", "go", "plus", "pro", "team"],
        })
    }
}

/// The models at the start: those of today's Codex, and older ones that are still served.
pub(super) fn models() -> Vec<Model> {
    let mut models: Vec<Model> = [
        ("gpt-6.2-sol", "0.166.0", 500_000),
        ("gpt-6.2-astra", "0.166.0", 272_000),
        ("gpt-6.1-terra", "0.153.0", 500_000),
        ("gpt-6.1-sol", "0.153.0", 500_000),
        ("gpt-6-astra", "0.153.0", 272_000),
        ("gpt-6-sol", "0.155.0", 272_000),
        ("gpt-6-luna", "0.155.0", 272_000),
        ("gpt-5.6-sol", "0.144.0", 272_000),
        ("gpt-5.6-terra", "0.144.0", 272_000),
        ("gpt-5.6-luna", "0.144.0", 272_000),
    ]
    .map(|(slug, since, context_window)| Model { context_window, ..Model::lite(slug, since) })
    .into();
    models.push(Model::new("gpt-5.5").since("0.124.0"));
    let older = ["gpt-5.4", "gpt-5.3-codex", "gpt-5.3-codex-spark", "gpt-5.2-codex", "gpt-5.2", "gpt-5.1-codex-max"];
    models.extend(older.map(Model::new));
    models.extend(["gpt-5.1-codex-mini", "gpt-5-codex"].map(Model::new));
    models.push(Model { is_listed: false, ..Model::lite("codex-auto-review", "0.98.0") });
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers_and_none_is_the_oldest() {
        let model = Model::new("m").since("0.144.0");
        for (version, serves) in [
            (Some("0.144.0"), true),
            (Some("0.144.0-alpha.3"), true),
            (Some("0.171"), true),
            (Some("1.0.0"), true),
            (Some("0.143.9"), false),
            (Some("0.99.0"), false),
            (Some("latest"), false),
            (None, false),
        ] {
            assert_eq!(model.serves(version.and_then(Version::of)), serves, "{version:?}");
        }
    }
}
