//! A variable of the environment as shells and settings files really leave it: the first of several names, with blanks and
//! quotes around its value.

use crate::env::Environment;

/// A variable that is set.
pub struct Variable<'e> {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` when that is not UTF-8.
    pub value: Option<&'e str>,
}

impl<'e> Variable<'e> {
    /// The first of `names` that is set.
    pub fn first(environment: &'e Environment, names: &[&'static str]) -> Option<Variable<'e>> {
        let name = environment.first_set(names)?;
        Some(Variable { name, value: environment.get(name) })
    }
}

/// `value` without blanks and one pair of quotes around it, and what was taken away.
pub fn unwrapped(value: &str) -> (&str, Option<&'static str>) {
    let trimmed = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| trimmed.strip_prefix(quote)?.strip_suffix(quote));
    match quoted {
        Some(inner) => (inner.trim(), Some("quotes")),
        None => (trimmed, (trimmed.len() < value.len()).then_some("blanks")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_a_pair_of_quotes_are_taken_away() {
        for (value, expected) in [
            ("http://a", ("http://a", None)),
            (" http://a\n", ("http://a", Some("blanks"))),
            ("'http://a'", ("http://a", Some("quotes"))),
            (" \"http://a \" ", ("http://a", Some("quotes"))),
            ("'http://a", ("'http://a", None)),
            ("'", ("'", None)),
        ] {
            assert_eq!(unwrapped(value), expected, "{value:?}");
        }
    }
}
