//! Continue: a file of models of our own beside its configuration, and the key in its file of secrets. Files below
//! `~/.continue/models` are added to what `config.yaml` has, so that one stays as it is.
//! <https://docs.continue.dev/reference>

use std::fmt::Write;

use serde_json::json;

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format, keys, variable, yaml};

const SECRET: &str = "CODEX_ACCOUNT_MANAGER_API_KEY";

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let folder = around.home.join(".continue");
    let mut text = "name: codex-account-manager\nversion: 0.0.1\nschema: v1\nmodels:\n".to_owned();
    for model in &around.models {
        let (title, model, base) = (yaml(&format!("{model} (accounts)")), yaml(model), yaml(&target.base_url));
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "  - name: {title}\n    provider: openai\n    model: {model}\n    apiBase: {base}\n    \
             apiKey: ${{{{ secrets.{SECRET} }}}}\n    roles:\n      - chat\n      - edit\n      - apply\n"
        );
    }
    Plan {
        files: vec![
            Planned {
                path: folder.join(".env"),
                format: Format::Variables,
                changes: vec![Change { place: keys(&[SECRET]), value: json!(variable(target.key.expose())) }],
                holds_key: true,
            },
            Planned {
                path: folder.join("models/codex-account-manager.yaml"),
                format: Format::Whole,
                changes: vec![Change { place: Vec::new(), value: json!(text) }],
                holds_key: false,
            },
        ],
        next: "Reload Continue and choose a model of the accounts".to_owned(),
        warnings: Vec::new(),
    }
}
