//! Accounts as routing sees them: who they are and which models they take. No secrets live here.

mod family;
mod identity;

use std::fmt;
use std::sync::Arc;

pub use family::{BadFamily, Families, ModelFamily};
pub use identity::{Found, Likeness, LoginIdentity};

/// The stable identity of an account; it never changes, whatever is edited or reordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

impl AccountId {
    /// Wraps an id as it stands in the accounts file.
    pub fn new(id: impl Into<Arc<str>>) -> AccountId {
        AccountId(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How an account authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An OpenAI API key.
    ApiKey,
    /// A ChatGPT Plus or Pro login.
    ChatGpt,
}

/// The models an account may be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelScope(Vec<String>);

impl ModelScope {
    /// A scope of patterns in which `*` matches any run of characters; no patterns admit every model.
    pub fn new(patterns: Vec<String>) -> ModelScope {
        ModelScope(patterns)
    }

    /// The patterns as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }

    /// Whether a request for `model` is in scope. One that names no model always is.
    pub fn admits(&self, model: Option<&str>) -> bool {
        let Some(model) = model else { return true };
        self.0.is_empty() || self.0.iter().any(|pattern| matches_pattern(pattern, model))
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters. It takes time linear in their
/// product's worst case and no recursion: on a mismatch the last `*` swallows one more character.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        if pattern.get(at_pattern) == Some(&b'*') {
            last_star = Some((at_pattern, at_text));
            at_pattern += 1;
        } else if pattern.get(at_pattern) == Some(&text[at_text]) {
            at_pattern += 1;
            at_text += 1;
        } else if let Some((star, swallowed)) = last_star {
            last_star = Some((star, swallowed + 1));
            at_pattern = star + 1;
            at_text = swallowed + 1;
        } else {
            return false;
        }
    }
    pattern[at_pattern..].iter().all(|byte| *byte == b'*')
}

/// No label has more characters.
pub const LONGEST_LABEL: usize = 64;

/// Why a label is refused.
///
/// # Errors
///
/// The sentence says which rule `label` breaks.
pub fn check_label(label: &str) -> Result<(), &'static str> {
    let length = label.chars().count();
    if label.trim().is_empty() {
        Err("a label needs at least one character")
    } else if length > LONGEST_LABEL {
        Err("a label has at most 64 characters")
    } else if label.chars().any(char::is_control) {
        Err("a label has no control characters")
    } else if label.bytes().all(|byte| byte.is_ascii_digit()) {
        Err("a label is not all digits, because digits mean an account's number")
    } else {
        Ok(())
    }
}

/// Checks the name of a group that an account is to be in.
///
/// # Errors
///
/// The rule that it breaks.
pub fn check_group(group: &str) -> Result<(), &'static str> {
    if group.is_empty() || group.chars().count() > LONGEST_LABEL {
        Err("the name of a group has 1 to 64 characters")
    } else if group.contains(|letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, ',' | ':' | '!' | '*')
    }) {
        Err("the name of a group is one word without `,`, `:`, `!` and `*`, which lists of accounts use")
    } else if group.bytes().all(|byte| byte.is_ascii_digit()) {
        Err("the name of a group is not all digits, because digits mean an account's number")
    } else {
        Ok(())
    }
}

/// Whether two labels are the same to people, to whom case makes no difference.
pub fn is_same_label(one: &str, other: &str) -> bool {
    folded_label(one) == folded_label(other)
}

/// A label in the form that labels are compared in.
pub fn folded_label(label: &str) -> String {
    label.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_called_by_what_a_list_of_accounts_can_name() {
        for (group, is_good) in [
            ("work", true),
            ("a-b_c.d", true),
            ("", false),
            ("two words", false),
            ("!x", false),
            ("a,b", false),
            ("group:x", false),
            ("*", false),
            ("12", false),
        ] {
            assert_eq!(check_group(group).is_ok(), is_good, "{group}");
        }
    }

    #[test]
    fn a_star_matches_any_run_of_characters_anywhere() {
        for (pattern, model, admitted) in [
            ("gpt-5*", "gpt-5.2", true),
            ("*codex*", "gpt-5.1-codex-max", true),
            ("gpt-*-mini", "gpt-4o-mini", true),
            ("gpt-*-mini", "gpt-4o", false),
            ("gpt-4o", "gpt-4o-mini", false),
            ("*", "", true),
            ("a*b*c", "aXbXbYc", true),
            ("", "gpt-4o", false),
        ] {
            assert_eq!(ModelScope::new(vec![pattern.to_owned()]).admits(Some(model)), admitted, "{pattern} {model}");
        }
        assert!(ModelScope::default().admits(Some("anything")));
        assert!(ModelScope::new(vec!["x".to_owned()]).admits(None));
    }

    #[test]
    fn labels_that_would_confuse_are_refused() {
        for label in ["", "  ", "42", "a\nb", &"x".repeat(65)] {
            assert!(check_label(label).is_err(), "{label:?}");
        }
        for label in ["work", "you@example.com", "4two", &"é".repeat(64)] {
            assert!(check_label(label).is_ok(), "{label:?}");
        }
    }
}
