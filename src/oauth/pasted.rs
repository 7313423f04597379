//! The address that a browser ended at, pasted by a person: the way back for a browser on another machine.

use subtle::ConstantTimeEq;
use tokio::sync::mpsc;

use super::callback::{Callback, code_in, field};
use crate::secrets::Secret;

/// No address is longer.
const LONGEST: usize = 16 * 1024;

/// Why a text does not end the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// It has neither a code nor a refusal with a state.
    #[error("this is not the whole address that the browser ended at: it has `code=` and `state=` in it")]
    Incomplete,
    /// Its state is of another login.
    #[error("this address is of another login; use the page of this one")]
    OtherLogin,
    /// The login has its answer.
    #[error("the login is being finished already")]
    Late,
}

/// Where a pasted address enters the login that waits for it.
#[derive(Clone)]
pub struct Entrance {
    pub(super) sender: mpsc::Sender<Callback>,
    pub(super) state: Secret<String>,
}

impl Entrance {
    /// Ends the login as if the browser had come back with this address.
    ///
    /// # Errors
    ///
    /// [`PasteError`], and the login waits on.
    pub fn enter(&self, text: &str) -> Result<(), PasteError> {
        let query = query(text).ok_or(PasteError::Incomplete)?;
        let shown = field(&query, "state").ok_or(PasteError::Incomplete)?;
        if !bool::from(shown.as_bytes().ct_eq(self.state.expose().as_bytes())) {
            return Err(PasteError::OtherLogin);
        }
        if field(&query, "code").or_else(|| field(&query, "error")).is_none() {
            return Err(PasteError::Incomplete);
        }
        let answer = code_in(&query, &self.state).ok_or(PasteError::OtherLogin)?;
        self.sender.try_send(Callback::Came(answer)).map_err(|_| PasteError::Late)
    }
}

/// The query of a pasted address, or of a text that is a query. Terminals and shells put quotes around it, escape its signs
/// and break it into lines.
fn query(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "").replace("&amp;", "&");
    let kept = |letter: &char| {
        !letter.is_whitespace() && !letter.is_control() && !matches!(letter, '"' | '\'' | '`' | '<' | '>' | '\\')
    };
    let text: String = text.chars().filter(kept).collect();
    let query = match text.split_once('?') {
        Some((_, query)) => query,
        None if text.contains("://") => return None,
        None => &text,
    };
    let query = query.split('#').next().unwrap_or_default();
    (!query.is_empty()).then(|| query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::AuthorizationError;

    /// What comes of a text that is pasted into the login with the state `s-1`.
    fn pasted(text: &str) -> Result<Result<String, AuthorizationError>, PasteError> {
        let (sender, mut callbacks) = mpsc::channel(1);
        Entrance { sender, state: Secret::new("s-1".to_owned()) }.enter(text)?;
        match callbacks.try_recv().unwrap() {
            Callback::Came(answer) => Ok(answer.map(|code| code.expose().clone())),
            Callback::Cancelled => panic!("cancelled"),
        }
    }

    #[test]
    fn an_address_is_taken_however_it_is_pasted() {
        for text in [
            "http://localhost:1455/auth/callback?code=ac_1&state=s-1",
            "  http://localhost:1455/auth/callback?code=ac_1&scope=openid+email&state=s-1\r\n",
            "'http://localhost:1455/auth/callback?code=ac_1&state=s-1'",
            "\"http://127.0.0.1:1455/auth/callback?state=s-1&code=ac_1\"",
            "<http://localhost:1455/auth/callback?code=ac_1&state=s-1#_=_>",
            "http://localhost:1455/auth/call\nback?code=ac\n_1&state=s-\n1\n",
            "http://localhost:1455/auth/callback\\?code\\=ac_1\\&state\\=s-1",
            "\u{1b}[200~http://localhost:1455/auth/callback?code=ac_1&amp;state=s-1\u{1b}[201~",
            "localhost:1455/auth/callback?code=ac_1&state=s-1",
            "?code=ac_1&state=s-1",
            "code=ac_1&state=s-1",
        ] {
            assert_eq!(pasted(text), Ok(Ok("ac_1".to_owned())), "{text:?}");
        }
        assert_eq!(
            pasted("?error=access_denied&state=s-1"),
            Ok(Err(AuthorizationError::new(Some("access_denied"), None)))
        );
    }

    #[test]
    fn what_does_not_belong_to_the_login_is_refused() {
        for (text, expected) in [
            ("http://localhost:1455/auth/callback?code=ac_1&state=s-2", PasteError::OtherLogin),
            ("code=ac_1&state=", PasteError::OtherLogin),
            ("http://localhost:1455/auth/callback?code=ac_1", PasteError::Incomplete),
            ("http://localhost:1455/auth/callback?state=s-1", PasteError::Incomplete),
            ("http://localhost:1455/auth/callback", PasteError::Incomplete),
            ("ac_1", PasteError::Incomplete),
            ("", PasteError::Incomplete),
        ] {
            assert_eq!(pasted(text), Err(expected), "{text:?}");
        }
        assert_eq!(pasted(&format!("{}?code=a&state=s-1", "x".repeat(LONGEST))), Err(PasteError::Incomplete));
        let (sender, _callbacks) = mpsc::channel(1);
        let entrance = Entrance { sender, state: Secret::new("s-1".to_owned()) };
        assert_eq!(entrance.enter("code=a&state=s-1"), Ok(()));
        assert_eq!(entrance.enter("code=a&state=s-1"), Err(PasteError::Late));
    }
}
