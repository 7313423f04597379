//! The words that people read, shared by the command line and the terminal screen so that both say the same.

pub mod accounts;
pub mod amounts;
pub mod routing;
pub mod time;

use crate::protocol::status::SessionKind;

/// `text` without what files of other hands may hold and a terminal would obey: control characters, and marks that turn
/// the direction of the text beside them.
pub fn plain(text: &str) -> String {
    let turns = |letter| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|letter: char| letter.is_control() || turns(letter), "\u{fffd}")
}

/// What kind of process a session is.
pub fn session_kind(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Sidecar => "sidecar",
        SessionKind::Run => "run",
        SessionKind::Proxy => "proxy",
    }
}
