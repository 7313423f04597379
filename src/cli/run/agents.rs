//! What a command is given so that its requests come here: two variables for every program, and for those that
//! would go another way what they need besides.

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::codex;
use crate::config::plain_json;
use crate::env::Environment;
use crate::secrets::Secret;

/// Names of this machine; a proxy variable must not take requests for them away.
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// The command with everything it needs; `serves_openai_alone` when no account has another provider behind it. The master key
/// is not for it: what opens the stored keys stays here.
pub fn command(
    words: &[String],
    port: u16,
    api_key: &Secret<String>,
    serves_openai_alone: bool,
    environment: &Environment,
) -> Command {
    let base_url = format!("http://127.0.0.1:{port}/v1");
    let (program, arguments) = words.split_first().expect("the command line asks for a command");
    let mut command = Command::new(program);
    command.env("OPENAI_BASE_URL", &base_url).env("OPENAI_API_KEY", api_key.expose()).env_remove("CAM_MASTER_KEY");
    for name in ["NO_PROXY", "no_proxy"] {
        command.env(name, no_proxy(environment.get(name).or_else(|| environment.get("NO_PROXY"))));
    }
    // For every program: OpenCode may be behind a shell, `npx` or a script, and to others they mean nothing.
    command
        .env("OPENCODE_CONFIG_CONTENT", opencode_config(environment.get("OPENCODE_CONFIG_CONTENT"), &base_url))
        .env("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1");
    if codex::is_codex(program) {
        command.args(codex::settings(&base_url, serves_openai_alone, environment));
    }
    command.args(arguments);
    command
}

fn no_proxy(given: Option<&str>) -> String {
    let mut names: Vec<&str> =
        given.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let missing: Vec<&str> = LOOPBACK_NAMES.into_iter().filter(|name| !names.contains(name)).collect();
    names.extend(missing);
    names.join(",")
}

/// The person's own content with our provider options in it; the key is named by its variable. A stored ChatGPT login
/// goes past a base URL; this and no default plugins keep it from that.
fn opencode_config(given: Option<&str>, base_url: &str) -> String {
    let mut config: Value = given
        .and_then(|text| serde_json::from_str(&plain_json(text)).ok())
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    let mut place = &mut config;
    for name in ["provider", "openai", "options"] {
        if !place[name].is_object() {
            place[name] = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    place["baseURL"] = json!(base_url);
    place["apiKey"] = json!("{env:OPENAI_API_KEY}");
    config.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_added_to_what_is_there() {
        assert_eq!(no_proxy(None), "127.0.0.1,localhost,::1");
        assert_eq!(no_proxy(Some("example.com, localhost")), "example.com,localhost,127.0.0.1,::1");
        assert_eq!(no_proxy(Some("localhost.example.com")), "localhost.example.com,127.0.0.1,localhost,::1");
    }

    #[test]
    fn a_persons_own_opencode_content_is_kept() {
        let given = r#"{"theme":"x","provider":{"openai":{"options":{"timeout":5,"baseURL":"https://else"}}}}"#;
        let config: Value = serde_json::from_str(&opencode_config(Some(given), "http://127.0.0.1:1/v1")).unwrap();
        assert_eq!(config["theme"], "x");
        assert_eq!(config["provider"]["openai"]["options"]["timeout"], 5);
        assert_eq!(config["provider"]["openai"]["options"]["baseURL"], "http://127.0.0.1:1/v1");
        assert_eq!(opencode_config(Some("not json"), "u"), opencode_config(None, "u"));
    }
}
