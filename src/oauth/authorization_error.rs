//! Why a login came to nothing, in words for the person. `access_denied` alone does not say who denied it: the person on the
//! page, or the workspace.

use super::plain_code;
use crate::domain::excerpt::one_line;
use crate::error::{Error, ErrorKind};

/// The issuer does not serve where this machine seems to be.
pub const REGION: &str = "unsupported_country_region_territory";

/// What to do about that.
pub const OTHER_REGION: &str = "check the network, VPN or proxy that this machine is connected by: OpenAI lists the countries and \
     regions that it serves";

/// The workspace has no Codex for this person.
const NO_ENTITLEMENT: &str = "missing_codex_entitlement";

/// What the issuer says when the person said no (RFC 6749, 4.1.2.1), or the workspace.
const DENIED: &str = "access_denied";

/// What passes by itself (RFC 6749, 4.1.2.1).
const PASSING: [&str; 2] = ["temporarily_unavailable", "server_error"];

/// What the issuer gave in the place of a code or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    code: String,
    said: Option<String>,
}

impl AuthorizationError {
    /// Of `error` and `error_description`; both may be anything.
    pub fn new(code: Option<&str>, said: Option<&str>) -> AuthorizationError {
        let said = said.and_then(one_line).map(|said| said.trim_end_matches('.').to_owned());
        AuthorizationError { code: code.map(plain_code).unwrap_or_default(), said }
    }

    fn mentions(&self, word: &str) -> bool {
        self.code == word || self.said.as_ref().is_some_and(|said| said.contains(word))
    }

    /// Whether the person said no, as far as anybody knows.
    fn is_of_the_person(&self) -> bool {
        let said = self.said.as_deref().unwrap_or_default().to_ascii_lowercase();
        let by_person =
            ["user denied", "user has denied", "user cancel", "user did not", "person denied", "resource owner"];
        self.code == DENIED && (said.is_empty() || said == DENIED || by_person.iter().any(|words| said.contains(words)))
    }
}

impl From<AuthorizationError> for Error {
    fn from(error: AuthorizationError) -> Error {
        let failed = |message: String| Error::new(ErrorKind::LoginFailed, message);
        if error.mentions(NO_ENTITLEMENT) {
            return failed(format!("Codex is not enabled for this person in this workspace (`{NO_ENTITLEMENT}`)"))
                .hint("ask the administrator of the workspace for access to Codex, or log in to another workspace");
        }
        if error.mentions(REGION) {
            return failed(format!("the issuer does not serve this country or region (`{REGION}`)")).hint(OTHER_REGION);
        }
        if error.is_of_the_person() {
            return failed("the login was denied on the page".to_owned()).hint("begin it again and allow it");
        }
        let said = error.said.map(|said| format!(": {said}")).unwrap_or_default();
        match error.code.as_str() {
            "" => failed(format!("the issuer gave no code{said}")).hint("begin the login again"),
            DENIED => failed(format!("the issuer did not allow the login (`{DENIED}`){said}"))
                .hint("if that does not say what to do, ask the administrator of the workspace"),
            code if PASSING.contains(&code) => {
                failed(format!("the issuer failed (`{code}`){said}")).hint("begin the login again in some minutes")
            }
            code => failed(format!("the issuer gave no code (`{code}`){said}")).hint("begin the login again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_reason_is_shown_and_nobody_is_asked_to_allow_what_others_denied() {
        for (code, said, message, hint) in [
            (Some("access_denied"), None, "denied on the page", "allow it"),
            (Some("access_denied"), Some("The user denied the request."), "denied on the page", "allow it"),
            (Some("access_denied"), Some(" "), "denied on the page", "allow it"),
            (Some("access_denied"), Some("missing_codex_entitlement"), "`missing_codex_entitlement`", "administrator"),
            (Some("missing_codex_entitlement"), None, "not enabled", "administrator"),
            (
                Some("access_denied"),
                Some("SSO is required\nby your workspace"),
                "SSO is required by your workspace",
                "administrator",
            ),
            (Some("unsupported_country_region_territory"), None, "country or region", "VPN"),
            (Some("access_denied"), Some("unsupported_country_region_territory"), "country or region", "VPN"),
            (Some("temporarily_unavailable"), None, "the issuer failed", "in some minutes"),
            (Some("invalid_scope"), Some("unknown scope"), "(`invalid_scope`): unknown scope", "again"),
            (
                Some("\u{202e}<b>x</b>\u{1b}[31m"),
                Some("<img src=x>\u{1b}]0;x\u{7}\u{202e}"),
                "<img src=x>\u{fffd}]0;x\u{fffd}\u{fffd}",
                "again",
            ),
            (None, None, "gave no code", "again"),
            (None, Some("why"), "gave no code: why", "again"),
        ] {
            let error = Error::from(AuthorizationError::new(code, said));
            let (found, hinted) = (error.message.clone(), error.hint.unwrap_or_default());
            assert!(found.contains(message) && hinted.contains(hint), "{code:?} {said:?}: {found}; {hinted}");
            assert_eq!(hinted.contains("allow it"), hint == "allow it", "{hinted}");
            assert!(!found.contains('\u{202e}') && !found.contains('\u{1b}'), "{found:?}");
        }
        let long = Error::from(AuthorizationError::new(Some(&"x".repeat(9_999)), Some(&"word ".repeat(9_999))));
        assert!(long.message.chars().count() < 400, "{}", long.message);
    }
}
