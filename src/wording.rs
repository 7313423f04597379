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

#[cfg(test)]
mod tests {
    use super::below_home;

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
