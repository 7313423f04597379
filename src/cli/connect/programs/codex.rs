//! Codex: a provider of its own in `config.toml`, which its command line, its app and its extension for editors read alike. The
//! key comes from a command, so that a Codex that no shell starts has it too.
//!
//! The provider is not called `cam` as under `run`: Codex merges the provider of its arguments with that of the file, and
//! refuses one that has both a command and a variable for its key.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{self, Change, Format, keys};
use crate::cli::connect::file;
use crate::cli::run::codex::provider;
use crate::sys::neighbours::PRINT_FILE;

const PROVIDER: &str = "cam_service";

pub fn plan(target: &Target, around: &Surroundings) -> Plan {
    let named = around.environment.get("CODEX_HOME").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| around.home.join(".codex"));
    let path = folder.join("config.toml");
    let (command, arguments) = PRINT_FILE;
    let arguments: Vec<String> =
        arguments.iter().map(|word| (*word).to_owned()).chain([target.key_file.display().to_string()]).collect();
    let settings = provider(&target.base_url, target.serves_openai_alone);
    let mut settings: Value = settings.into_iter().collect();
    settings["auth"] = json!({ "command": command, "args": arguments });
    let changes = vec![
        Change { place: keys(&["model_provider"]), value: json!(PROVIDER) },
        Change { place: keys(&["model_providers", PROVIDER]), value: settings },
    ];
    let text = file::read(&path).ok().and_then(|content| content.text).unwrap_or_default();
    Plan {
        warnings: profile(&text).into_iter().collect(),
        files: vec![Planned { path, format: Format::Toml, changes, holds_key: false }],
        next: "Start Codex, its app or your editor again".to_owned(),
    }
}

/// A profile with a provider of its own wins over the file's.
fn profile(text: &str) -> Option<String> {
    let settings = edit::read(Format::Toml, text)?;
    let name = settings["profile"].as_str()?;
    let provider = settings["profiles"][name]["model_provider"].as_str().filter(|provider| *provider != PROVIDER)?;
    Some(format!(
        "the profile `{name}` in it has `model_provider = \"{provider}\"`, which wins: take that line out for Codex to use \
         your accounts"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_leads_elsewhere_is_named() {
        for (text, is_named) in [
            ("profile = \"p\"\n[profiles.p]\nmodel_provider = \"openai\"\n", true),
            ("profile = \"p\"\n[profiles.p]\nmodel = \"x\"\n", false),
            ("[profiles.p]\nmodel_provider = \"openai\"\n", false),
            ("no toml", false),
        ] {
            assert_eq!(profile(text).is_some(), is_named, "{text:?}");
        }
    }
}
