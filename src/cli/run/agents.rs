//! The environment of a command whose requests come here: two variables for every program, and for those that
//! would go another way what else they need.

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::shims::{self, Shims};
use super::{codex, launchers};
use crate::config::plain_json;
use crate::env::{self, Environment};
use crate::secrets::Secret;

/// Names of this machine; a proxy variable must not take requests for them away.
const LOOPBACK_NAMES: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// Words with which an agent sends no request.
const WITHOUT_REQUESTS: [&str; 12] =
    ["--version", "-V", "-v", "--help", "-h", "help", "login", "logout", "auth", "mcp", "completion", "upgrade"];

/// What a command is given.
pub struct Given<'a> {
    /// The proxy's port.
    pub port: u16,
    /// The proxy's key.
    pub api_key: &'a Secret<String>,
    /// Whether no account has another provider behind it.
    pub serves_openai_alone: bool,
    /// The stand-ins in front of `PATH`, where they could be made.
    pub shims: Option<&'a Shims>,
    /// The variables that narrow what else of ours runs in it.
    pub narrowing: Vec<(&'static str, String)>,
}

/// The command with everything it needs. The master key is not for it: what opens the stored keys stays here.
pub fn command(words: &[String], given: &Given<'_>, environment: &Environment) -> Command {
    let base_url = format!("http://127.0.0.1:{}/v1", given.port);
    let program = words.first().expect("the command line asks for a command");
    let is_covered = given.shims.is_some_and(|shims| shims.cover(program));
    let flags = || codex::settings(&base_url, given.serves_openai_alone, environment);
    let adapted = if is_covered { None } else { adapted(words, &flags()) };
    let mut command = env::program(program);
    command.args(&adapted.as_deref().unwrap_or(words)[1..]);
    point_here(&mut command, &base_url, given.api_key, environment);
    // For every program: OpenCode may be behind a shell, `npx` or a script, and to others they mean nothing.
    command
        .env("OPENCODE_CONFIG_CONTENT", opencode_config(environment.get("OPENCODE_CONFIG_CONTENT"), &base_url))
        .env("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1")
        .envs(given.narrowing.iter().map(|(name, value)| (name, value)));
    if let Some(shims) = given.shims {
        command
            .env("PATH", shims.before(environment.get("PATH").unwrap_or_default()))
            .env(shims::BASE_URL, &base_url)
            .env(shims::API_KEY, given.api_key.expose())
            .env(shims::PROVIDER, codex::provider_name(given.serves_openai_alone));
        if let Some(function) = shims.bash_function() {
            command.env("BASH_FUNC_codex%%", function);
        }
    }
    command.into()
}

/// The variables that programs read to find a provider.
pub fn point_here(
    command: &mut std::process::Command,
    base_url: &str,
    api_key: &Secret<String>,
    environment: &Environment,
) {
    command.env("OPENAI_BASE_URL", base_url).env("OPENAI_API_KEY", api_key.expose());
    for name in ["NO_PROXY", "no_proxy"] {
        command.env(name, no_proxy(environment.get(name).or_else(|| environment.get("NO_PROXY"))));
    }
}

/// The words with `flags` where Codex reads them, in front of the person's own, so that theirs win; `None` when these words
/// do not start Codex, or have the flags already.
pub fn adapted(words: &[String], flags: &[String]) -> Option<Vec<String>> {
    let program = words.first()?;
    if !codex::is_codex(program) {
        return launchers::with_flags(words, flags);
    }
    if words[1..].starts_with(flags) {
        return None;
    }
    Some([&words[..1], flags, &words[1..]].concat())
}

/// Whether the command is an agent that is expected to send requests.
pub fn is_expected_to_ask(words: &[String]) -> bool {
    let Some(program) = words.first() else { return false };
    let is_agent =
        codex::is_codex(program) || codex::stem(program) == "opencode" || launchers::with_flags(words, &[]).is_some();
    is_agent && !words[1..].iter().any(|word| WITHOUT_REQUESTS.contains(&word.as_str()))
}

fn no_proxy(given: Option<&str>) -> String {
    let mut names: Vec<&str> =
        given.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let missing: Vec<&str> = LOOPBACK_NAMES.into_iter().filter(|name| !names.contains(name)).collect();
    names.extend(missing);
    names.join(",")
}

/// The place of the options by which `OpenCode` finds the proxy.
pub const OPENCODE_OPTIONS: [&str; 3] = ["provider", "openai", "options"];

/// Those options; `key` is a key or says where one is.
pub fn opencode_options(base_url: &str, key: &str) -> [(&'static str, Value); 2] {
    [("baseURL", base_url.into()), ("apiKey", key.into())]
}

/// The person's own content with our provider options in it; the key is named by its variable. A stored ChatGPT login
/// goes past a base URL; this and no default plugins keep it from that.
fn opencode_config(given: Option<&str>, base_url: &str) -> String {
    let mut config: Value = given
        .and_then(|text| serde_json::from_str(&plain_json(text)).ok())
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    let mut place = &mut config;
    for name in OPENCODE_OPTIONS {
        if !place[name].is_object() {
            place[name] = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    for (name, value) in opencode_options(base_url, "{env:OPENAI_API_KEY}") {
        place[name] = value;
    }
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

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn codex_gets_its_flags_once_and_before_its_own() {
        let flags = words("-c a=b");
        for (line, expected) in [
            ("codex exec hi", Some("codex -c a=b exec hi")),
            ("/opt/codex -c model=x", Some("/opt/codex -c a=b -c model=x")),
            ("codex -c a=b exec hi", None),
            ("npx codex", Some("npx codex -c a=b")),
            ("python agent.py", None),
        ] {
            assert_eq!(adapted(&words(line), &flags).map(|words| words.join(" ")).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn agents_are_expected_to_ask_unless_they_are_only_looked_at() {
        for (line, expected) in [
            ("codex", true),
            ("/usr/bin/opencode run hi", true),
            ("OpenCode.cmd run hi", true),
            ("npx @openai/codex exec hi", true),
            ("codex --version", false),
            ("opencode auth login", false),
            ("npx codex login", false),
            ("true", false),
            ("bash", false),
        ] {
            assert_eq!(is_expected_to_ask(&words(line)), expected, "{line}");
        }
    }
}
