//! Families: models that share a rate limit, recognised by their names.

use std::fmt;
use std::sync::Arc;

/// The families that are built in, in the order they are matched by substring.
const BUILT_IN: [&str; 5] = ["gpt-5.2-codex", "codex-max", "codex", "gpt-5.2", "gpt-5.1"];

/// The families there are, in the order they are matched. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Families(Arc<[String]>);

impl Default for Families {
    fn default() -> Families {
        Families(BUILT_IN.map(str::to_owned).into())
    }
}

impl Families {
    /// The families of `names` first, in their order, then the built-in ones that are not named there. So a name can
    /// be added, and a built-in one can be moved to the front by naming it.
    ///
    /// # Errors
    ///
    /// [`BadFamily`] for the first name that cannot be one. A `:` parts a family from a model in the accounts file.
    pub fn extended(names: &[String]) -> Result<Families, BadFamily> {
        let mut families: Vec<&str> = Vec::with_capacity(names.len() + BUILT_IN.len());
        for name in names {
            let name = name.trim();
            if matches!(name, "" | "*") || name.contains(|letter: char| letter == ':' || letter.is_control()) {
                return Err(BadFamily { name: name.to_owned() });
            }
            families.push(name);
        }
        families.extend(BUILT_IN);
        let is_first = |(position, name): &(usize, &&str)| !families[..*position].contains(name);
        Ok(Families(families.iter().enumerate().filter(is_first).map(|(_, name)| (*name).to_owned()).collect()))
    }

    /// The names, in the order they are matched.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A name that no family can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFamily {
    /// The name, trimmed.
    pub name: String,
}

impl fmt::Display for BadFamily {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(formatter, "a family needs a name"),
            name => {
                write!(
                    formatter,
                    "`{}` cannot name a family: it is `*`, or holds `:` or a control character",
                    name.escape_debug()
                )
            }
        }
    }
}

impl std::error::Error for BadFamily {}

/// A group of models that share a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelFamily(Arc<str>);

impl ModelFamily {
    /// The family of a request for `model`: the first of `families` that it contains, else the model itself, else
    /// `default` for a request that names no model.
    pub fn of(model: Option<&str>, families: &Families) -> ModelFamily {
        // A star stands for every family where limits are kept; no model is called so.
        let Some(model) = model.filter(|model| *model != "*") else { return ModelFamily::unnamed() };
        let shared = families.names().find(|family| model.contains(family));
        ModelFamily(shared.unwrap_or(model).into())
    }

    /// The family of requests that name no model.
    pub fn unnamed() -> ModelFamily {
        ModelFamily("default".into())
    }

    /// A family by its name, as a person or the accounts file spells it.
    pub fn named(name: impl Into<Arc<str>>) -> ModelFamily {
        ModelFamily(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelFamily {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_matched_in_order_by_substring() {
        for (model, family) in [
            (Some("gpt-5.2-codex"), "gpt-5.2-codex"),
            (Some("gpt-5.1-codex-max"), "codex-max"),
            (Some("gpt-5.1-codex-mini"), "codex"),
            (Some("openai/gpt-5.2-pro"), "gpt-5.2"),
            (Some("gpt-5.1"), "gpt-5.1"),
            (Some("gpt-4o-mini"), "gpt-4o-mini"),
            (Some("GPT-5.1"), "GPT-5.1"),
            (None, "default"),
        ] {
            assert_eq!(ModelFamily::of(model, &Families::default()).as_str(), family, "{model:?}");
        }
    }

    #[track_caller]
    fn check(names: &[&str], expected: Result<&[&str], &str>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let extended = Families::extended(&names);
        let names_or_error =
            extended.as_ref().map(|families| families.names().collect::<Vec<_>>()).map_err(ToString::to_string);
        assert_eq!(names_or_error.as_deref().map_err(String::as_str), expected, "{names:?}");
    }

    #[test]
    fn configured_families_come_first_and_a_built_in_one_is_moved_by_naming_it() {
        check(&[], Ok(&BUILT_IN));
        check(&[" o3 ", "codex", "o3"], Ok(&["o3", "codex", "gpt-5.2-codex", "codex-max", "gpt-5.2", "gpt-5.1"]));
        let families = Families::extended(&["codex".to_owned()]).expect("a good name");
        assert_eq!(ModelFamily::of(Some("gpt-5.2-codex"), &families).as_str(), "codex");
    }

    #[test]
    fn names_that_the_accounts_file_cannot_tell_apart_are_refused() {
        check(&["gpt-4o", "  "], Err("a family needs a name"));
        check(
            &["codex:mini"],
            Err("`codex:mini` cannot name a family: it is `*`, or holds `:` or a control character"),
        );
        check(&["a\tb"], Err("`a\\tb` cannot name a family: it is `*`, or holds `:` or a control character"));
    }

    #[test]
    fn a_star_is_no_family_because_it_stands_for_all() {
        assert_eq!(ModelFamily::of(Some("*"), &Families::default()), ModelFamily::unnamed());
        assert!(Families::extended(&["*".to_owned()]).is_err());
    }
}
