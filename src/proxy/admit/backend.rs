//! The paths of a ChatGPT backend, for programs that know no others and send our key. What Codex calls `codex/…` there is
//! OpenAI's API by another name.

/// What stands at a path of the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// OpenAI's path begins after so many bytes.
    Codex(usize),
    /// How much of a plan is used.
    Usage,
    /// What is one person's own.
    Other,
}

/// What Codex puts before the paths of the backend, if anything.
const PREFIX: &str = "/backend-api";

/// How Codex spells the usage: below the prefix, and where its base has none.
const USAGE: [&str; 2] = ["/wham/usage", "/api/codex/usage"];

/// How the backend's paths begin where its base has no prefix.
const OTHER: [&str; 3] = ["/codex", "/wham/", "/api/codex/"];

/// What `path` is of a backend. `None` when it is of none.
pub fn below(path: &str) -> Option<Below> {
    let rest = match path.strip_prefix(PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        Some(_) | None => path,
    };
    let has_prefix = rest.len() < path.len();
    if USAGE.contains(&rest.trim_end_matches('/')) {
        return Some(Below::Usage);
    }
    match rest.strip_prefix("/codex/") {
        Some(below) if !below.is_empty() => Some(Below::Codex(path.len() - below.len() - 1)),
        _ if has_prefix || OTHER.iter().any(|begin| rest.starts_with(begin)) => Some(Below::Other),
        _ => None,
    }
}

/// Whether `path` is of a backend.
pub fn is_below(path: &str) -> bool {
    below(path).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_backend_are_known_with_and_without_its_prefix() {
        for (path, expected) in [
            ("/backend-api/codex/responses", Some(Below::Codex("/backend-api/codex".len()))),
            ("/codex/responses/compact", Some(Below::Codex("/codex".len()))),
            ("/backend-api/wham/usage", Some(Below::Usage)),
            ("/wham/usage/", Some(Below::Usage)),
            ("/api/codex/usage", Some(Below::Usage)),
            ("/backend-api/wham/accounts/check", Some(Below::Other)),
            ("/backend-api/ps/plugins/installed", Some(Below::Other)),
            ("/backend-api", Some(Below::Other)),
            ("/backend-api/codex", Some(Below::Other)),
            ("/codex/", Some(Below::Other)),
            ("/api/codex/tasks", Some(Below::Other)),
            ("/backend-apis/x", None),
            ("/v1/responses", None),
            ("/responses", None),
            ("/api/other", None),
        ] {
            assert_eq!(below(path), expected, "{path}");
        }
    }
}
