//! The region and origin of a ChatGPT workspace, as `GET /backend-api/wham/accounts/check` says: Codex sends its requests to the
//! origin that is named there.

use serde_json::Value;

use super::base_url::BaseUrl;
use super::claims::NO_CONSTRAINT;

/// Tokens go nowhere else than to the provider, whatever an answer or a file says: to these hosts and to those below them.
const HOSTS: [&str; 2] = ["chatgpt.com", "openai.com"];

/// No word of the backend is longer, in bytes.
const LONGEST: usize = 256;

/// What the backend says of one workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    /// The origin that its requests go to. `None` for everybody's.
    pub origin: Option<String>,
    /// What its requests say of their way. `None` for nothing.
    pub routing: Option<String>,
}

impl Workspace {
    /// What an answer says of the workspace with this id, or of the only one there is. The workspaces are a list, or the
    /// members of an object. `None` when it is not there.
    pub fn of(answer: &Value, id: Option<&str>) -> Option<Workspace> {
        let accounts: Vec<&Value> = match &answer["accounts"] {
            Value::Array(list) => list.iter().collect(),
            Value::Object(members) => members.values().map(|member| member.get("account").unwrap_or(member)).collect(),
            _ => return None,
        };
        let is_named = |account: &&&Value| {
            let names = [&account["id"], &account["account_id"]];
            names.into_iter().filter_map(Value::as_str).any(|name| Some(name) == id)
        };
        let account = match (accounts.iter().find(is_named), &accounts[..]) {
            (Some(account), _) => account,
            (None, [only]) if id.is_none() => only,
            (None, _) => return None,
        };
        let says = |name: &str| {
            let text = account[name].as_str()?;
            let is_word = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            (is_word && !text.eq_ignore_ascii_case(NO_CONSTRAINT)).then(|| text.to_owned())
        };
        Some(Workspace { origin: says("workspace_backend_origin"), routing: says("account_routing_override") })
    }

    /// Where its requests go. `None` for everybody's place.
    ///
    /// # Errors
    ///
    /// The origin that is named, when a token must not be sent there.
    pub fn base_url(&self) -> Result<Option<BaseUrl>, &str> {
        let Some(origin) = &self.origin else { return Ok(None) };
        BaseUrl::parse(origin).ok().filter(is_of_the_provider).map(Some).ok_or(origin)
    }
}

fn is_of_the_provider(base: &BaseUrl) -> bool {
    let is_below = |name: &str| {
        let before = base.host().strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let port = base.authority().strip_prefix(base.host());
    base.is_https() && base.prefix().is_empty() && matches!(port, Some("" | ":443")) && HOSTS.into_iter().any(is_below)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_workspace_is_found_by_its_id_in_either_shape() {
        let entry = |id: &str, origin: &str, routing: &str| json!({"id": id, "workspace_backend_origin": origin, "account_routing_override": routing});
        let us = || entry("a", "https://us.chatgpt.com", "us");
        let found = |origin: &str, routing: &str| {
            Some(Workspace { origin: Some(origin.to_owned()), routing: Some(routing.to_owned()) })
        };
        let of_us = || found("https://us.chatgpt.com", "us");
        let none = entry("b", "NO_CONSTRAINT", "NO_CONSTRAINT");
        for (accounts, id, expected) in [
            (json!([none, us()]), Some("a"), of_us()),
            (json!([none, us()]), Some("b"), Some(Workspace::default())),
            (json!([none, us()]), Some("c"), None),
            (json!([none, us()]), None, None),
            (json!([us()]), None, of_us()),
            (json!([us()]), Some("c"), None),
            (json!({ "a": { "account": us() }, "b": { "account": none } }), Some("a"), of_us()),
            (json!({ "a": us() }), Some("a"), of_us()),
            (json!([{ "account_id": "a", "account_routing_override": null }]), Some("a"), Some(Workspace::default())),
            (json!([entry("a", "https://x y", "u\r\ns")]), Some("a"), Some(Workspace::default())),
            (json!([]), None, None),
            (json!("a"), None, None),
        ] {
            assert_eq!(Workspace::of(&json!({ "accounts": accounts }), id), expected, "{accounts} {id:?}");
        }
        assert_eq!(Workspace::of(&Value::Null, Some("a")), None);
    }

    #[test]
    fn a_token_goes_to_the_provider_alone() {
        for (origin, expected) in [
            ("https://chatgpt.com", Some("https://chatgpt.com")),
            ("https://US.chatgpt.com/", Some("https://us.chatgpt.com")),
            ("https://eu.api.openai.com:443", Some("https://eu.api.openai.com:443")),
            ("https://chatgpt.com:8443", None),
            ("https://evilchatgpt.com", None),
            ("https://chatgpt.com.example.com", None),
            ("https://chatgpt.com@example.com", None),
            ("https://example.com/chatgpt.com", None),
            ("https://chatgpt.com/elsewhere", None),
            ("https://chatgpt.com.", None),
            ("http://chatgpt.com", None),
            ("http://127.0.0.1:80", None),
            ("chatgpt.com", None),
        ] {
            let workspace = Workspace { origin: Some(origin.to_owned()), routing: None };
            let found = workspace.base_url().map(|base| base.map(|base| base.to_string()));
            assert_eq!(found, expected.map(|base| Some(base.to_owned())).ok_or(origin), "{origin}");
        }
        assert_eq!(Workspace::default().base_url(), Ok(None));
    }
}
