//! The words that people read, shared by the command line and the terminal screen so that both say the same.

pub mod account_set;
pub mod accounts;
pub mod amounts;
pub mod cut;
pub mod pins;
pub mod qr;
pub mod routing;
pub mod time;

pub use crate::domain::plain_text::{plain, plain_json};
use crate::protocol::status::SessionKind;

/// What kind of process a session is.
pub fn session_kind(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Sidecar => "sidecar",
        SessionKind::Run => "run",
        SessionKind::Proxy => "proxy",
    }
}

/// A folder as people write it: the home is `~`.
pub fn below_home(folder: &str, home: Option<&str>) -> String {
    let home = home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty());
    match home.and_then(|home| folder.strip_prefix(home)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        Some(_) | None => folder.to_owned(),
    }
}

/// The same for every path in `text`.
pub fn below_home_in(text: &str, home: Option<&str>) -> String {
    let home = home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty());
    let Some(home) = home else { return text.to_owned() };
    // A path begins behind a space or a backtick here; in the middle of one it is another folder.
    [" ", "`"]
        .iter()
        .fold(text.to_owned(), |text, before| text.replace(&format!("{before}{home}/"), &format!("{before}~/")))
}

#[cfg(test)]
mod tests {
    use super::{below_home, below_home_in};

    #[test]
    fn paths_in_a_text_begin_with_a_tilde() {
        let text = "by rule 1 (`/home/me/work`, /home/me/c.toml:1) and `/mnt/home/me/x`, /home/mean";
        let expected = "by rule 1 (`~/work`, ~/c.toml:1) and `/mnt/home/me/x`, /home/mean";
        assert_eq!(below_home_in(text, Some("/home/me/")), expected);
        assert_eq!([below_home_in(text, Some("/")), below_home_in(text, None)], [text, text]);
    }

    #[test]
    fn a_folder_below_the_home_begins_with_a_tilde() {
        for (folder, home, expected) in [
            ("/home/me/a", Some("/home/me"), "~/a"),
            ("/home/me", Some("/home/me/"), "~"),
            ("/home/mean", Some("/home/me"), "/home/mean"),
            ("/srv", Some("/"), "/srv"),
            ("/srv", None, "/srv"),
        ] {
            assert_eq!(below_home(folder, home), expected);
        }
    }
}
