//! Aider: a line of `~/.aider.conf.yml` that names a file of variables of ours, which is read over every other `.env`.
//! <https://aider.chat/docs/config/dotenv.html>

use serde_json::json;

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format, keys, variable, yaml};

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let variables = around.data.join("aider.env");
    let text =
        format!("OPENAI_API_BASE={}\nOPENAI_API_KEY={}\n", variable(&target.base_url), variable(target.key.expose()));
    Plan {
        files: vec![
            Planned {
                path: variables.clone(),
                format: Format::Whole,
                changes: vec![Change { place: Vec::new(), value: json!(text) }],
                holds_key: true,
            },
            Planned {
                path: around.home.join(".aider.conf.yml"),
                format: Format::Yaml,
                changes: vec![Change {
                    place: keys(&["env-file"]),
                    value: json!(yaml(&variables.display().to_string())),
                }],
                holds_key: false,
            },
        ],
        next: "Start aider with a model of OpenAI's, such as `aider --model openai/gpt-5.4`".to_owned(),
        warnings: Vec::new(),
    }
}
