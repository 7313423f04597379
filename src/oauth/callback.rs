//! How a login by browser comes back, whether by the port or pasted.

use reqwest::Url;
use subtle::ConstantTimeEq;

use super::AuthorizationError;
use crate::secrets::Secret;

/// Why the port is not waited at any more.
#[derive(Debug)]
pub enum Callback {
    /// The browser came back, with the code to exchange or the issuer's words for why there is none.
    Came(Result<Secret<String>, AuthorizationError>),
    /// Another program that logs in asked for the port.
    Cancelled,
}

/// What is in the query of a callback: the code, or why there is none. `None` when its state is not the login's.
pub(super) fn code_in(query: &str, state: &Secret<String>) -> Option<Result<Secret<String>, AuthorizationError>> {
    let field = |name: &str| field(query, name);
    let shown = field("state")?;
    if !bool::from(shown.as_bytes().ct_eq(state.expose().as_bytes())) {
        return None;
    }
    match field("code").filter(|code| !code.is_empty()) {
        Some(code) => Some(Ok(Secret::new(code))),
        None => Some(Err(AuthorizationError::new(field("error").as_deref(), field("error_description").as_deref()))),
    }
}

/// The value of `name` in a query.
pub(super) fn field(query: &str, name: &str) -> Option<String> {
    let url = Url::parse(&format!("http://localhost/?{query}")).ok()?;
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_only_with_the_state_of_the_login() {
        let state = Secret::new("s-1".to_owned());
        let code_in = |query: &str| code_in(query, &state).map(|code| code.map(|code| code.expose().clone()));
        for (query, expected) in [
            ("code=abc&state=s-1", Some(Ok("abc".to_owned()))),
            ("state=s-1&code=a%2Bb", Some(Ok("a+b".to_owned()))),
            (
                "error=access_denied&error_description=x+y&state=s-1",
                Some(Err(AuthorizationError::new(Some("access_denied"), Some("x y")))),
            ),
            ("error=%3Cb%3E%0A&state=s-1", Some(Err(AuthorizationError::new(Some("unknown"), None)))),
            ("code=&state=s-1", Some(Err(AuthorizationError::new(None, None)))),
            ("code=abc&state=s-2", None),
            ("code=abc&state=", None),
            ("code=abc", None),
            ("error=access_denied", None),
            ("", None),
        ] {
            assert_eq!(code_in(query), expected, "{query}");
        }
    }
}
