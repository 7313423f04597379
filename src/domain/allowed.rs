//! What a session may use: all that holds for it, and which accounts that leaves.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::account::AccountId;
use crate::domain::account_set::{Named, Selection};

/// Everything that narrows what a session may use. An account must be in all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds(Vec<Bound>);

/// One thing that narrows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How it is called: a rule with its place, a flag, a variable.
    pub name: String,
    /// The accounts that it leaves, or why nobody can tell.
    pub accounts: Result<Selection, String>,
}

impl Bounds {
    /// All of `bounds` together.
    pub fn new(bounds: Vec<Bound>) -> Bounds {
        Bounds(bounds)
    }

    /// Whether nothing narrows it.
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// The same, and `further` too.
    #[must_use = "this returns the bounds"]
    pub fn with(&self, further: Bound) -> Bounds {
        Bounds(self.0.iter().cloned().chain([further]).collect())
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.0.iter()
    }

    /// What they leave of `accounts`. What cannot be read, or names what is not there, leaves none.
    pub fn allowed(&self, accounts: &[Named<'_>]) -> Allowed {
        if self.is_open() {
            return Allowed::default();
        }
        let (mut refused, mut narrowings) = (HashMap::new(), Vec::new());
        for bound in &self.0 {
            let name: Arc<str> = bound.name.as_str().into();
            let named = match &bound.accounts {
                Ok(selection) => selection.of_accounts(accounts).map_err(|why| why.to_string()),
                Err(why) => Err(why.clone()),
            };
            let (left, fault) = match named {
                Ok(left) => (left, None),
                Err(why) => (BTreeSet::new(), Some(why)),
            };
            let words = bound.accounts.as_ref().ok().map(ToString::to_string);
            narrowings.push(Narrowing { name: Arc::clone(&name), words, fault });
            for account in accounts.iter().map(|account| AccountId::new(account.id.to_owned())) {
                if !left.contains(&account) {
                    refused.entry(account).or_insert_with(|| Arc::clone(&name));
                }
            }
        }
        let set = accounts.iter().map(|account| AccountId::new(account.id.to_owned()));
        let set: BTreeSet<AccountId> = set.filter(|account| !refused.contains_key(account)).collect();
        let name = if set.is_empty() { NONE.to_owned() } else { joined(&narrowings) };
        Allowed { set: Some(set), name, refused, narrowings }
    }
}

/// The name of a set without an account.
const NONE: &str = "none";

/// What each of them names, said once.
fn joined(narrowings: &[Narrowing]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for said in narrowings.iter().filter_map(|narrowing| narrowing.words.as_deref()) {
        if !words.contains(&said) {
            words.push(said);
        }
    }
    words.join(" & ")
}

/// One thing that narrows a set, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// How it is called: a rule with its place, a flag, a variable.
    pub name: Arc<str>,
    /// The accounts that it names, as they are written; `None` where that cannot be read.
    pub words: Option<String>,
    /// Why it leaves none: it cannot be read, or names what is not there.
    pub fault: Option<String>,
}

/// The accounts that a session, or a request of it, may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `None` for all, also those that are added later.
    set: Option<BTreeSet<AccountId>>,
    /// It in a few words.
    name: String,
    /// What keeps each of the others out.
    refused: HashMap<AccountId, Arc<str>>,
    /// All that narrows it.
    narrowings: Vec<Narrowing>,
}

impl Allowed {
    /// None, because of the fault of what is called `name`.
    pub fn nothing(name: &str, fault: &str) -> Allowed {
        let narrowing = Narrowing { name: name.into(), words: None, fault: Some(fault.to_owned()) };
        let narrowings = vec![narrowing];
        Allowed { set: Some(BTreeSet::new()), name: NONE.to_owned(), refused: HashMap::new(), narrowings }
    }

    /// What both leave.
    #[must_use = "this returns what both leave"]
    pub fn and(&self, other: &Allowed) -> Allowed {
        let (Some(one), Some(two)) = (&self.set, &other.set) else {
            return if self.is_all() { other.clone() } else { self.clone() };
        };
        let mut refused = self.refused.clone();
        for (account, by) in &other.refused {
            refused.entry(account.clone()).or_insert_with(|| Arc::clone(by));
        }
        let mut narrowings = self.narrowings.clone();
        narrowings.extend(other.narrowings.iter().filter(|other| !self.narrowings.contains(other)).cloned());
        let set: BTreeSet<AccountId> = one.intersection(two).cloned().collect();
        let name = if set.is_empty() { NONE.to_owned() } else { joined(&narrowings) };
        Allowed { set: Some(set), name, refused, narrowings }
    }

    /// The same as the client reads it whose key is called `key`, and its entry `title`: it learns nothing of accounts outside, so
    /// no words that name accounts, nor what else narrows the proxy.
    #[must_use = "this returns what the client may read"]
    pub fn for_client(mut self, key: &str, title: &str) -> Allowed {
        let outer: Arc<str> = "the proxy's own settings".into();
        for narrowing in &mut self.narrowings {
            if *narrowing.name != *title {
                narrowing.name = Arc::clone(&outer);
                let hint = "the log and `codex-account-manager doctor` of the proxy's owner say what is wrong";
                narrowing.fault = narrowing.fault.take().map(|_| hint.to_owned());
            }
            narrowing.words = Some(key.to_owned());
        }
        self.refused.values_mut().filter(|by| ***by != *title).for_each(|by| *by = Arc::clone(&outer));
        if self.set.as_ref().is_some_and(|set| !set.is_empty()) {
            self.name = joined(&self.narrowings);
        }
        self
    }

    /// Whether `account` may be used.
    pub fn admits(&self, account: &AccountId) -> bool {
        self.set.as_ref().is_none_or(|set| set.contains(account))
    }

    /// The names of what keeps accounts out.
    pub fn narrowed_by(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.refused.values().map(|name| &**name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether nothing narrows it.
    pub fn is_all(&self) -> bool {
        self.set.is_none()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.set.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// It in a few words, for a header or a status bar: what each thing that narrows it names, `none` when nothing is left.
    /// `None` where nothing narrows it.
    pub fn name(&self) -> Option<&str> {
        self.set.as_ref().map(|_| self.name.as_str())
    }

    /// All that narrows it, in its order.
    pub fn narrowings(&self) -> &[Narrowing] {
        &self.narrowings
    }

    /// The name of what keeps `account` out.
    pub fn refused_by(&self, account: &AccountId) -> Option<&str> {
        self.refused.get(account).map(|name| &**name)
    }

    /// What keeps accounts out and what of it cannot be read, in sentences; empty where nothing does.
    pub fn sentences(&self) -> String {
        let names = self.narrowed_by();
        let narrowed =
            (!names.is_empty()).then(|| format!(" What may be used here is narrowed by {}.", names.join(" and ")));
        let faults = self.faults().map(|fault| format!(" No account may be used until this is mended: {fault}."));
        narrowed.into_iter().chain(faults).collect()
    }

    /// Why `account` may not be used, in words.
    pub fn refusal(&self, account: &AccountId) -> String {
        match self.refused_by(account) {
            Some(name) => format!("{name} does not allow it here"),
            None => self.faults().next().unwrap_or_else(|| "it is not allowed here".to_owned()),
        }
    }

    /// What cannot be read, or names what is not there.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        let fault = |narrowing: &Narrowing| Some(format!("{}: {}", narrowing.name, narrowing.fault.as_ref()?));
        self.narrowings.iter().filter_map(fault)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound(name: &str, text: &str) -> Bound {
        Bound { name: name.to_owned(), accounts: Selection::parse(text).map_err(|why| why.to_string()) }
    }

    /// Accounts `a` to `d`, of which `a` and `b` are in the group `work`.
    fn allowed(bounds: Vec<Bound>) -> Allowed {
        let work = ["work".to_owned()];
        let groups = |id: &str| if id < "c" { &work[..] } else { &[] };
        let named = ["a", "b", "c", "d"].map(|id| Named { id, label: id, groups: groups(id) });
        Bounds::new(bounds).allowed(&named)
    }

    fn left(allowed: &Allowed) -> String {
        ["a", "b", "c", "d"].into_iter().filter(|id| allowed.admits(&AccountId::new((*id).to_owned()))).collect()
    }

    #[test]
    fn an_account_must_be_in_all_of_it() {
        for (bounds, expected) in [
            (vec![], "abcd"),
            (vec![bound("rule 1", "work")], "ab"),
            (vec![bound("rule 1", "work"), bound("`--accounts`", "b, c")], "b"),
            (vec![bound("rule 1", "work"), bound("`--accounts`", "!a")], "b"),
            (vec![bound("rule 1", "work"), bound("`--accounts`", "c")], ""),
            (vec![bound("rule 1", "")], ""),
            (vec![bound("rule 1", "work"), bound("rule 2", "wrok")], ""),
            (vec![bound("rule 1", "!")], ""),
        ] {
            assert_eq!(left(&allowed(bounds.clone())), expected, "{bounds:?}");
        }
    }

    #[test]
    fn of_two_only_what_both_leave_is_left() {
        let (work, some) = (allowed(vec![bound("rule 1", "work")]), allowed(vec![bound("key `ci`", "b, c")]));
        let all = Allowed::default();
        for (one, other, expected) in
            [(&work, &some, "b"), (&some, &work, "b"), (&all, &some, "bc"), (&some, &all, "bc"), (&all, &all, "abcd")]
        {
            assert_eq!(left(&one.and(other)), expected);
        }
        for (both, name) in [
            (work.and(&some), "work & b, c"),
            (all.and(&some), "b, c"),
            (work.and(&allowed(vec![bound("x", "d")])), "none"),
        ] {
            assert_eq!(both.name(), Some(name));
        }
        let both = work.and(&some);
        let by = |id: &str| both.refused_by(&AccountId::new(id.to_owned())).map(str::to_owned);
        assert_eq!([by("a"), by("b"), by("d")], [Some("key `ci`".to_owned()), None, Some("rule 1".to_owned())]);
        let nothing = Allowed::nothing("key `ci`", "it is gone");
        assert_eq!((left(&nothing), left(&work.and(&nothing))), (String::new(), String::new()));
        assert_eq!(work.and(&nothing).and(&nothing).faults().collect::<Vec<_>>(), ["key `ci`: it is gone"]);
    }

    #[test]
    fn a_client_reads_nothing_that_names_accounts_or_places() {
        let title = "key `ci` (config.toml:1)";
        let key = |text| bound(title, text);
        let broken = Bound { name: "`projects`".to_owned(), accounts: Err("/home/me/config.toml:3: x".to_owned()) };
        for (bounds, name, sentences) in [
            (vec![key("work, !a")], "ci", format!(" What may be used here is narrowed by {title}.")),
            (
                vec![bound("`--accounts`", "!a"), key("work")],
                "ci",
                format!(" What may be used here is narrowed by {title} and the proxy's own settings."),
            ),
            (vec![bound("`--accounts`", "!a")], "ci", " What may be used here is narrowed by the proxy's own settings.".to_owned()),
            (
                vec![key("wrok")],
                "none",
                format!(
                    " What may be used here is narrowed by {title}. No account may be used until this is mended: \
                     {title}: no account has the group, id or label `wrok`."
                ),
            ),
            (
                vec![broken],
                "none",
                " What may be used here is narrowed by the proxy's own settings. No account may be used until this is mended: \
                 the proxy's own settings: the log and `codex-account-manager doctor` of the proxy's owner say what is wrong."
                    .to_owned(),
            ),
        ] {
            let whole = allowed(bounds);
            let seen = whole.clone().for_client("ci", title);
            assert_eq!(left(&seen), left(&whole));
            assert_eq!((seen.name(), seen.sentences()), (Some(name), sentences));
            assert_eq!(seen.and(&seen.clone()).name(), Some(name));
        }
        assert_eq!(Allowed::default().for_client("ci", title), Allowed::default());
    }

    #[test]
    fn it_says_what_keeps_an_account_out_and_what_cannot_be_read() {
        let allowed = allowed(vec![bound("rule 1", "work"), bound("rule 2", "a"), bound("rule 3", "wrok")]);
        let by = |id: &str| allowed.refused_by(&AccountId::new(id.to_owned())).unwrap().to_owned();
        assert_eq!(["a", "b", "c"].map(by), ["rule 3", "rule 2", "rule 1"]);
        let faults: Vec<String> = allowed.faults().collect();
        assert_eq!(faults, ["rule 3: no account has the group, id or label `wrok`"]);
        assert!(allowed.is_empty() && !allowed.is_all());
        assert!(Allowed::default().is_all() && !Allowed::default().is_empty());
    }

    #[test]
    fn it_is_called_by_what_narrows_it() {
        for (bounds, expected) in [
            (vec![], None),
            (vec![bound("rule 1", "work")], Some("work")),
            (vec![bound("rule 1", "work,!b")], Some("work, !b")),
            (vec![bound("rule 1", "work"), bound("rule 2", "work"), bound("`--accounts`", "a")], Some("work & a")),
            (vec![bound("rule 1", "")], Some("none")),
            (vec![bound("rule 1", "work"), bound("rule 2", "c")], Some("none")),
            (vec![bound("rule 1", "work"), bound("rule 2", "wrok")], Some("none")),
        ] {
            assert_eq!(allowed(bounds.clone()).name(), expected, "{bounds:?}");
        }
        let broken = allowed(vec![bound("rule 1", "work"), bound("rule 2", "wrok"), bound("rule 3", "!")]);
        let seen = broken.narrowings().iter().map(|it| (&*it.name, it.words.as_deref(), it.fault.is_some()));
        let expected = [("rule 1", Some("work"), false), ("rule 2", Some("wrok"), true), ("rule 3", None, true)];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
    }

    proptest! {
        /// One more bound never brings an account in.
        #[test]
        fn every_further_bound_only_narrows(texts in prop::collection::vec("(!?(work|a|b|c|d|x))(,!?(work|a|b|c|d))?", 0..5)) {
            let bounds: Vec<Bound> = texts.iter().map(|text| bound(text, text)).collect();
            let mut before = "abcd".to_owned();
            for count in 0..=bounds.len() {
                let now = left(&allowed(bounds[..count].to_vec()));
                prop_assert!(now.chars().all(|id| before.contains(id)), "{before} {now} {texts:?}");
                before = now;
            }
        }
    }
}
