//! The arguments of a Codex whose requests come here. It reads no variable for this, only arguments; its own
//! configuration and login stay as they are.

use std::path::Path;

use serde_json::Value;

use crate::cli::import::place::{Place, of_program};
use crate::env::Environment;
use crate::manager::accounts::import::Origin;

/// The name of the provider that is OpenAI itself.
pub const OPENAI: &str = "OpenAI";

/// Whether the program is Codex.
pub fn is_codex(program: &str) -> bool {
    stem(program) == "codex"
}

/// The name of a program without its folder and its ending, in small letters: Windows takes any.
pub fn stem(program: &str) -> String {
    Path::new(program).file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// What the provider is called.
pub fn provider_name(serves_openai_alone: bool) -> &'static str {
    if serves_openai_alone { OPENAI } else { "codex-account-manager" }
}

/// What says which provider this is, wherever Codex reads it.
///
/// Under OpenAI's name Codex compacts at the provider, as it does with OpenAI; another provider that stands behind one of
/// the accounts may know nothing of that. It searches the web where the provider says that it can.
///
/// The provider does not say `supports_websockets`, so that Codex keeps to HTTP: there each request can go to another
/// account, while a socket keeps its own, and Codex waits until the end of a limit that an open socket reports, even an hour.
pub fn provider(base_url: &str, serves_openai_alone: bool) -> [(&'static str, Value); 3] {
    [
        ("name", provider_name(serves_openai_alone).into()),
        ("base_url", base_url.into()),
        ("supports_standalone_web_search", serves_openai_alone.into()),
    ]
}

/// The arguments, which stand before the person's own, so that theirs win.
///
/// Codex draws where there is a login of its own beside: then the provider says that it is for that login, though it is the
/// key that is sent. Without one it would ask for a login first.
pub fn settings(base_url: &str, serves_openai_alone: bool, environment: &Environment) -> [String; 4] {
    // A string of JSON is one of TOML.
    let [name, base_url, search] =
        provider(base_url, serves_openai_alone).map(|(name, value)| format!("{name}={value}"));
    let of_login = if has_login(environment) { ",requires_openai_auth=true" } else { "" };
    let provider = format!("model_providers.cam={{{name},{base_url},env_key=\"OPENAI_API_KEY\",{search}{of_login}}}");
    ["-c".to_owned(), "model_provider=cam".to_owned(), "-c".to_owned(), provider]
}

/// Whether Codex has a ChatGPT login in its file.
fn has_login(environment: &Environment) -> bool {
    let Some(path) = of_program(Origin::Codex, environment) else { return false };
    let Ok(text) = Place::File(path).read() else { return false };
    serde_json::from_slice(&text).is_ok_and(|file: Value| is_login(&file))
}

/// A file with a key says so, or has no tokens.
fn is_login(file: &Value) -> bool {
    let is_of_chatgpt = file["auth_mode"].as_str().is_none_or(|mode| mode.eq_ignore_ascii_case("chatgpt"));
    let token = file["tokens"]["access_token"].as_str().unwrap_or_default();
    is_of_chatgpt && !token.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codex_is_known_by_the_name_of_its_program() {
        assert!(
            is_codex("codex") && is_codex("/usr/local/bin/codex") && is_codex("codex.exe") && is_codex("Codex.CMD")
        );
        assert!(!is_codex("opencode") && !is_codex("codex-account-manager"));
    }

    #[test]
    fn a_login_of_codex_is_known_by_its_tokens() {
        let tokens = json!({ "access_token": "a", "refresh_token": "r" });
        for (file, expected) in [
            (json!({ "auth_mode": "chatgpt", "tokens": tokens }), true),
            (json!({ "OPENAI_API_KEY": null, "tokens": tokens }), true),
            (json!({ "auth_mode": "apikey", "OPENAI_API_KEY": "sk", "tokens": tokens }), false),
            (json!({ "OPENAI_API_KEY": "sk", "tokens": null }), false),
            (json!({ "tokens": { "access_token": "" } }), false),
            (json!([]), false),
        ] {
            assert_eq!(is_login(&file), expected, "{file}");
        }
    }

    #[test]
    fn the_provider_has_openais_name_where_nobody_else_stands_behind_it() {
        let environment: Environment = [("CODEX_HOME".to_owned(), "/nowhere".to_owned())].into_iter().collect();
        for (serves_openai_alone, provider) in [
            (
                true,
                "model_providers.cam={name=\"OpenAI\",base_url=\"u\",env_key=\"OPENAI_API_KEY\",\
                 supports_standalone_web_search=true}",
            ),
            (
                false,
                "model_providers.cam={name=\"codex-account-manager\",base_url=\"u\",env_key=\"OPENAI_API_KEY\",\
                 supports_standalone_web_search=false}",
            ),
        ] {
            assert_eq!(settings("u", serves_openai_alone, &environment)[3], provider);
        }
    }
}
