//! Visual Studio Code: an endpoint for its chat in `chatLanguageModels.json`. It reads no variable and no file for the key, and
//! its own store for secrets is closed to other programs, so that the key itself stands there.
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
        })
    };
    let models: Vec<Value> = around.models.iter().map(model).collect();
    let value = json!({
        "name": NAME,
        "vendor": "customendpoint",
        "apiKey": target.key.expose(),
        "apiType": "responses",
        "models": models,
    });
    let path = around.configurations.join("Code").join("User").join("chatLanguageModels.json");
    Plan {
        files: vec![Planned {
            path,
            format: Format::Jsonc,
            changes: vec![Change { place: vec![Step::Named(NAME.to_owned())], value }],
            holds_key: true,
        }],
        next: format!(
            "Start VS Code (1.122 or later) again and choose a model of `{NAME}` in the chat. `connect codex` is for its \
             Codex extension"
        ),
        warnings: Vec::new(),
    }
}
