//! Zed: a provider that is compatible with OpenAI, in `settings.json`. Zed keeps its key in the system's keychain, or takes it
//! from a variable, and wants none in that file. <https://zed.dev/docs/ai/use-api-access#openai-compatible>

use serde_json::{Value, json};

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format, keys};
use crate::sys::neighbours;

const NAME: &str = "codex-account-manager";

/// The context of OpenAI's models since GPT-5, in tokens.
const CONTEXT: u32 = 272_000;

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let model = |name: &String| {
        json!({
            "name": name,
            "max_tokens": CONTEXT,
            "reasoning_effort": "medium",
            "capabilities": {
                "tools": true,
                "images": true,
                "parallel_tool_calls": true,
                "prompt_cache_key": true,
                "chat_completions": false,
                "interleaved_reasoning": false,
                "max_tokens_parameter": false,
            },
        })
    };
    let models: Vec<Value> = around.models.iter().map(model).collect();
    let value = json!({ "api_url": target.base_url, "available_models": models });
    Plan {
        files: vec![Planned {
            path: neighbours::zed(&around.home, &around.configurations).join("settings.json"),
            format: Format::Jsonc,
            changes: vec![Change { place: keys(&["language_models", "openai_compatible", NAME]), value }],
            holds_key: false,
        }],
        next: format!(
            "In Zed open `agent: open settings`, choose `{NAME}` below LLM Providers, and paste the key once; it is in `{}`. \
             Where Zed is started with a variable `CODEX_ACCOUNT_MANAGER_API_KEY`, it takes that",
            target.key_file.display()
        ),
        warnings: Vec::new(),
    }
}
