//! `OpenCode`: the options of its `openai` provider, as `run` gives them, with the key read from its file.

use std::path::{MAIN_SEPARATOR, Path};

use serde_json::Value;

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format, keys};
use crate::cli::connect::file;
use crate::cli::import::place::{Place, of_program};
use crate::cli::run::agents::{OPENCODE_OPTIONS, opencode_options};
use crate::manager::accounts::import::Origin;

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let folder = around.config_home().join("opencode");
    // Of several that are there the last one wins.
    let names = ["opencode.jsonc", "opencode.json", "config.json"];
    let is_there = |name: &&str| file::read(&folder.join(name)).is_ok_and(|content| content.text.is_some());
    let name = names.into_iter().find(is_there).unwrap_or("opencode.json");
    let key = format!("{{file:{}}}", forward(&target.key_file));
    let options: Value = opencode_options(&target.base_url, &key).into_iter().collect();
    Plan {
        files: vec![Planned {
            path: folder.join(name),
            format: Format::Jsonc,
            changes: vec![Change { place: keys(&OPENCODE_OPTIONS), value: options }],
            holds_key: false,
        }],
        next: "Start OpenCode again; the models of the provider OpenAI use your accounts".to_owned(),
        warnings: stored_login(around).into_iter().collect(),
    }
}

/// In a string of JSON a backslash would have to be doubled, and Windows takes both.
fn forward(path: &Path) -> String {
    path.display().to_string().replace(MAIN_SEPARATOR, "/")
}

/// A login of `OpenCode`'s own goes past any base URL.
fn stored_login(around: &Surroundings) -> Option<String> {
    let path = of_program(Origin::OpenCode, &around.environment)?;
    let file: Value = serde_json::from_slice(&Place::File(path).read().ok()?).ok()?;
    (file["openai"]["type"] == "oauth").then(|| {
        "OpenCode has a ChatGPT login of its own, which goes past this: remove it with `opencode auth logout`, or set \
         `OPENCODE_DISABLE_DEFAULT_PLUGINS=1` where OpenCode is started"
            .to_owned()
    })
}
