//! Visual Studio Code: an endpoint for its chat in `chatLanguageModels.json`. It takes the key from its own store of secrets
//! alone, which is closed to other programs, and does not use one that stands in that file: the person pastes it once, and
//! Visual Studio Code then adds a reference to it to our entry.
//! <https://code.visualstudio.com/docs/agent-customization/language-models#_add-a-custom-endpoint-model>

use serde_json::{Value, json};

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format, Step};

/// The name of the entry, and how it is found again.
const NAME: &str = "codex-account-manager";

/// What every model of OpenAI's since GPT-5 takes and gives, in tokens.
const LONGEST_INPUT: u32 = 272_000;
const LONGEST_OUTPUT: u32 = 128_000;

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let model = |name: &String| {
        json!({
            "id": name,
            "name": name,
            "url": format!("{}/responses", target.base_url),
            "toolCalling": true,
            "vision": true,
            "maxInputTokens": LONGEST_INPUT,
            "maxOutputTokens": LONGEST_OUTPUT,
            // It names no earlier response then: one account may not know another's.
            "zeroDataRetentionEnabled": true,
        })
    };
    let models: Vec<Value> = around.models.iter().map(model).collect();
    let value = json!({
        "name": NAME,
        "vendor": "customendpoint",
        "apiType": "responses",
        "models": models,
    });
    let path = around.configurations.join("Code").join("User").join("chatLanguageModels.json");
    Plan {
        files: vec![Planned {
            path,
            format: Format::Jsonc,
            changes: vec![Change { place: vec![Step::Named(NAME.to_owned())], value }],
            holds_key: false,
        }],
        next: format!(
            "In VS Code (1.122 or later) run `Chat: Manage Language Models`, choose `Update API Key` in the menu of a model of \
             `{NAME}`, and paste the key once; it is in `{}`. `connect codex` is for the Codex extension",
            target.key_file.display()
        ),
        warnings: Vec::new(),
    }
}
