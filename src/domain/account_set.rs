//! Which accounts a rule, a flag or a client's settings name: words for groups, ids and labels, and `!` before what is left out.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::account::{AccountId, is_same_label};

/// What an account is known by here.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its stable id.
    pub id: &'a str,
    /// The name that people use.
    pub label: &'a str,
    /// The groups that it is in.
    pub groups: &'a [String],
    /// Nobody can tell which groups it is in: what leaves out a group leaves it out, too.
    pub has_unknown_groups: bool,
}

/// What one word says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A group, else an id, else a label.
    Any,
    Group,
    Label,
}

/// A word of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    /// `!`: what it names is left out.
    leaves_out: bool,
    meaning: Meaning,
    name: String,
}

/// A list of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection(Vec<Word>);

/// Why a list names no set of accounts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no name in a word.
    #[error("`{0}` names no account; write the name of a group, an id or a label")]
    NoName(String),
    /// Nothing is called so.
    #[error("no account has the group, id or label `{0}`")]
    Unknown(String),
    /// Nothing is called so. Elsewhere an account goes by its number too.
    #[error("`{0}` is a number, which changes when accounts are removed; write the label or the id of that account")]
    Number(String),
    /// Nothing of this meaning is called so.
    #[error("no account has the {meaning} `{name}`")]
    UnknownOf {
        /// `group` or `label`.
        meaning: &'static str,
        /// The name.
        name: String,
    },
    /// A group and a label are called so.
    #[error("`{0}` is a group and a label; write `group:{0}` or `label:{0}`")]
    GroupAndLabel(String),
    /// Several accounts have this label.
    #[error("several accounts have the label `{0}`; write the id of one")]
    Ambiguous(String),
}

impl SelectionError {
    /// The name that nothing is called by.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            SelectionError::Unknown(name) | SelectionError::UnknownOf { name, .. } => Some(name),
            SelectionError::NoName(_)
            | SelectionError::Number(_)
            | SelectionError::GroupAndLabel(_)
            | SelectionError::Ambiguous(_) => None,
        }
    }
}

/// The labels that are names of groups too, of which a word must say which one it means.
pub fn groups_and_labels<'a>(accounts: &[Named<'a>]) -> Vec<&'a str> {
    let is_group = |label: &str| accounts.iter().flat_map(|account| account.groups).any(|it| is_same_label(it, label));
    accounts.iter().map(|account| account.label).filter(|label| is_group(label)).collect()
}

impl Selection {
    /// Reads the words of a list.
    ///
    /// # Errors
    ///
    /// [`SelectionError::NoName`]
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Selection, SelectionError> {
        words.into_iter().map(Word::of).collect::<Result<_, _>>().map(Selection)
    }

    /// Reads words between commas.
    ///
    /// # Errors
    ///
    /// [`SelectionError::NoName`]
    pub fn parse(text: &str) -> Result<Selection, SelectionError> {
        if text.trim().is_empty() {
            return Ok(Selection::default());
        }
        Selection::of(text.split(','))
    }

    /// Whether it is `*` alone.
    pub fn is_all(&self) -> bool {
        matches!(&self.0[..], [word] if word.is_all() && !word.leaves_out)
    }

    /// The accounts among `accounts` that it names. Words with `!` alone leave out of all; no word at all names none.
    ///
    /// # Errors
    ///
    /// [`SelectionError`], where a word does not name what it is to name.
    pub fn of_accounts(&self, accounts: &[Named<'_>]) -> Result<BTreeSet<AccountId>, SelectionError> {
        let Selection(words) = self;
        let leaves_out_alone = !words.is_empty() && words.iter().all(|word| word.leaves_out);
        let (mut named, mut left_out) = (BTreeSet::new(), BTreeSet::new());
        if leaves_out_alone {
            named.extend(accounts.iter().map(|account| AccountId::new(account.id.to_owned())));
        }
        for word in words {
            let of = word.of_accounts(accounts)?;
            if !word.leaves_out {
                named.extend(of);
                continue;
            }
            if word.is_group_of(&of, accounts) {
                let unknown = accounts.iter().filter(|account| account.has_unknown_groups);
                left_out.extend(unknown.map(|account| AccountId::new(account.id.to_owned())));
            }
            left_out.extend(of);
        }
        named.retain(|id| !left_out.contains(id));
        Ok(named)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            write!(formatter, "{}{word}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Word {
    fn of(text: &str) -> Result<Word, SelectionError> {
        let (leaves_out, rest) = match text.trim().strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text.trim()),
        };
        let (meaning, name) = match rest.split_once(':') {
            Some(("group", name)) => (Meaning::Group, name),
            Some(("label", name)) => (Meaning::Label, name),
            _ => (Meaning::Any, rest),
        };
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(SelectionError::NoName(text.trim().to_owned()));
        }
        Ok(Word { leaves_out, meaning, name })
    }

    /// Whether it names every account.
    fn is_all(&self) -> bool {
        self.meaning == Meaning::Any && self.name == "*"
    }

    /// Whether it names `of` as a group.
    fn is_group_of(&self, of: &[AccountId], accounts: &[Named<'_>]) -> bool {
        let is_in = |account: &&Named<'_>| account.groups.iter().any(|group| is_same_label(group, &self.name));
        let in_group = accounts.iter().filter(is_in).any(|account| of.iter().any(|id| id.as_str() == account.id));
        self.meaning != Meaning::Label && in_group
    }

    fn of_accounts(&self, accounts: &[Named<'_>]) -> Result<Vec<AccountId>, SelectionError> {
        let Word { meaning, name, .. } = self;
        if self.is_all() {
            return Ok(accounts.iter().map(|account| AccountId::new(account.id.to_owned())).collect());
        }
        let found = |is_it: &dyn Fn(&Named<'_>) -> bool| -> Vec<AccountId> {
            accounts
                .iter()
                .filter(|account| is_it(account))
                .map(|account| AccountId::new(account.id.to_owned()))
                .collect()
        };
        let in_group = || found(&|account| account.groups.iter().any(|group| is_same_label(group, name)));
        let labelled = || found(&|account| is_same_label(account.label, name));
        let unknown_of = |meaning| SelectionError::UnknownOf { meaning, name: name.clone() };
        let one = |labelled: Vec<AccountId>| match labelled.len() {
            0 | 1 => Ok(labelled),
            _ => Err(SelectionError::Ambiguous(name.clone())),
        };
        match meaning {
            Meaning::Group => Some(in_group()).filter(|of| !of.is_empty()).ok_or_else(|| unknown_of("group")),
            Meaning::Label => {
                one(labelled()).and_then(|of| if of.is_empty() { Err(unknown_of("label")) } else { Ok(of) })
            }
            Meaning::Any => match (in_group(), found(&|account| account.id == name), labelled()) {
                (group, _, label) if !group.is_empty() && !label.is_empty() => {
                    Err(SelectionError::GroupAndLabel(name.clone()))
                }
                (group, id, label) => [Ok(group), Ok(id), one(label)]
                    .into_iter()
                    .find(|of| of.as_ref().map_or(true, |of| !of.is_empty()))
                    .unwrap_or_else(|| Err(unknown(name.clone()))),
            },
        }
    }
}

fn unknown(name: String) -> SelectionError {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { SelectionError::Number(name) } else { SelectionError::Unknown(name) }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out = if self.leaves_out { "!" } else { "" };
        let meaning = match self.meaning {
            Meaning::Any => "",
            Meaning::Group => "group:",
            Meaning::Label => "label:",
        };
        write!(formatter, "{out}{meaning}{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Accounts as `label id groups…`.
    fn accounts<'a>(all: &'a [(&'a str, &'a str, Vec<String>)]) -> Vec<Named<'a>> {
        all.iter().map(|(label, id, groups)| Named { id, label, groups, has_unknown_groups: false }).collect()
    }

    fn known() -> [(&'static str, &'static str, Vec<String>); 6] {
        let groups = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        [
            ("acme", "acc-1", groups("work clients")),
            ("Main", "acc-2", groups("work")),
            ("home", "acc-3", groups("private")),
            ("clients", "acc-4", groups("")),
            ("twin", "acc-5", groups("")),
            ("Twin", "acc-6", groups("")),
        ]
    }

    #[test]
    fn what_leaves_out_a_group_leaves_out_what_may_be_in_it() {
        let work = ["work".to_owned()];
        let known = |id, groups, has_unknown_groups| Named { id, label: id, groups, has_unknown_groups };
        let all = [known("a", &work[..], false), known("b", &[], true), known("c", &[], false)];
        for (text, expected) in [("!work", "c"), ("*,!work", "c"), ("work", "a"), ("!a", "b c"), ("work,b", "a b")] {
            let named = Selection::parse(text).unwrap().of_accounts(&all).unwrap();
            assert_eq!(named.iter().map(AccountId::as_str).collect::<Vec<_>>().join(" "), expected, "{text}");
        }
    }

    #[test]
    fn words_name_groups_ids_and_labels_and_leave_out() {
        let all = known();
        let all = accounts(&all);
        for (text, expected) in [
            ("work", Ok("1 2")),
            ("WORK", Ok("1 2")),
            ("acc-3", Ok("3")),
            ("main", Ok("2")),
            ("work, home", Ok("1 2 3")),
            ("work,!main", Ok("1")),
            ("!work", Ok("3 4 5 6")),
            ("!work, !home", Ok("4 5 6")),
            ("! work", Ok("3 4 5 6")),
            ("work,!work", Ok("")),
            ("", Ok("")),
            ("*", Ok("1 2 3 4 5 6")),
            ("*, !work", Ok("3 4 5 6")),
            ("!*", Ok("")),
            ("label:*", Err("no account has the label `*`")),
            ("group:clients", Ok("1")),
            ("label:clients", Ok("4")),
            ("!label:clients, group:clients", Ok("1")),
            ("clients", Err("`clients` is a group and a label; write `group:clients` or `label:clients`")),
            ("!clients", Err("`clients` is a group and a label; write `group:clients` or `label:clients`")),
            ("twin", Err("several accounts have the label `twin`; write the id of one")),
            ("label:twin", Err("several accounts have the label `twin`; write the id of one")),
            ("acc-5", Ok("5")),
            ("wrok", Err("no account has the group, id or label `wrok`")),
            ("!wrok", Err("no account has the group, id or label `wrok`")),
            (
                "2",
                Err(
                    "`2` is a number, which changes when accounts are removed; write the label or the id of that account",
                ),
            ),
            ("group:main", Err("no account has the group `main`")),
            ("label:work", Err("no account has the label `work`")),
            ("work,,home", Err("`` names no account; write the name of a group, an id or a label")),
            ("!", Err("`!` names no account; write the name of a group, an id or a label")),
            ("group:", Err("`group:` names no account; write the name of a group, an id or a label")),
        ] {
            let found = Selection::parse(text).and_then(|selection| selection.of_accounts(&all));
            let found =
                found.map(|ids| ids.iter().map(|id| id.to_string().replace("acc-", "")).collect::<Vec<_>>().join(" "));
            assert_eq!(
                found.map_err(|error| error.to_string()),
                expected.map(str::to_owned).map_err(str::to_owned),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_label_that_a_group_has_too_is_found() {
        assert_eq!(groups_and_labels(&accounts(&known())), ["clients"]);
        let groups = ["Main".to_owned()];
        let main = Named { id: "acc-2", label: "main", groups: &groups, has_unknown_groups: false };
        assert_eq!(groups_and_labels(&[main]), ["main"]);
    }

    #[test]
    fn a_selection_is_shown_as_it_is_read() {
        for text in ["work, !main, group:a, !label:b c", "", "!x"] {
            assert_eq!(Selection::parse(text).unwrap().to_string(), text);
        }
    }

    proptest! {
        /// Whatever is left out is not in the set, and nothing is in it that no word names.
        #[test]
        fn what_is_left_out_is_never_named(words in prop::collection::vec("!?(work|clients|private|acc-[1-6]|main|home)", 0..6)) {
            let all = known();
            // Without the label that is a group too.
            let all: Vec<Named> = accounts(&all).into_iter().filter(|account| account.label != "clients").collect();
            let named = |word: &str| {
                Selection::parse(word).unwrap().of_accounts(&all).unwrap_or_default()
            };
            let Ok(set) = Selection::of(words.iter().map(String::as_str)).unwrap().of_accounts(&all) else { return Ok(()) };
            let has_positive = words.iter().any(|word| !word.starts_with('!'));
            for id in set {
                for word in &words {
                    prop_assert!(!word.strip_prefix('!').is_some_and(|name| named(name).contains(&id)));
                }
                prop_assert!(!has_positive || words.iter().any(|word| !word.starts_with('!') && named(word).contains(&id)));
            }
        }
    }
}
