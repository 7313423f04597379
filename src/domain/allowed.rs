//! What a session may use: all that holds for it, and which accounts that leaves.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::account::AccountId;
use crate::domain::account_set::{Named, Selection};
use crate::domain::sentence::{capitalised, ended};

/// Everything that narrows what a session may use. An account must be in all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds(Vec<Bound>);

/// One thing that narrows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How it is called: a rule with its place, a flag, a variable.
    pub name: String,
    /// The same without the place.
    pub brief: String,
    /// The accounts that it leaves, or why nobody can tell.
    pub accounts: Result<Selection, String>,
}

impl Bound {
    /// One that has no place beside its name.
    pub fn new(name: impl Into<String>, accounts: Result<Selection, String>) -> Bound {
        let name = name.into();
        Bound { brief: name.clone(), name, accounts }
    }
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
            let named = match &bound.accounts {
                Ok(selection) => selection.of_accounts(accounts).map_err(|why| why.to_string()),
                Err(why) => Err(why.clone()),
            };
            let (left, fault) = match named {
                Ok(left) => (left, None),
                Err(why) => (BTreeSet::new(), Some(why)),
            };
            let words = bound.accounts.as_ref().ok().map(ToString::to_string);
            let narrowing = Narrowing { name: bound.name.clone(), brief: bound.brief.clone(), words, fault };
            let narrowing = Arc::new(narrowing);
            narrowings.push(Arc::clone(&narrowing));
            for account in accounts.iter().map(|account| AccountId::new(account.id.to_owned())) {
                if !left.contains(&account) {
                    refused.entry(account).or_insert_with(|| Arc::clone(&narrowing));
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
fn joined(narrowings: &[Arc<Narrowing>]) -> String {
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
    pub name: String,
    /// The same without the place.
    pub brief: String,
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
    refused: HashMap<AccountId, Arc<Narrowing>>,
    /// All that narrows it.
    narrowings: Vec<Arc<Narrowing>>,
}

impl Allowed {
    /// None, because of the fault of what is called `name`.
    pub fn nothing(name: &str, fault: &str) -> Allowed {
        let (name, fault) = (name.to_owned(), Some(fault.to_owned()));
        let narrowing = Narrowing { brief: name.clone(), name, words: None, fault };
        let narrowings = vec![Arc::new(narrowing)];
        Allowed { set: Some(BTreeSet::new()), name: NONE.to_owned(), refused: HashMap::new(), narrowings }
    }

    /// What both leave, which are mostly the same.
    pub fn both(one: &Arc<Allowed>, other: &Arc<Allowed>) -> Arc<Allowed> {
        if one == other { Arc::clone(one) } else { Arc::new(one.and(other)) }
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
        let shown = |narrowing: &Narrowing| {
            let words = Some(key.to_owned());
            if narrowing.name == title {
                return Arc::new(Narrowing { words, ..narrowing.clone() });
            }
            let outer = "the proxy's own settings".to_owned();
            let hint = "the log and `codex-account-manager doctor` of the proxy's owner say what is wrong";
            let fault = narrowing.fault.as_ref().map(|_| hint.to_owned());
            Arc::new(Narrowing { brief: outer.clone(), name: outer, words, fault })
        };
        self.refused.values_mut().for_each(|by| *by = shown(by));
        let mut narrowings: Vec<Arc<Narrowing>> = Vec::new();
        for narrowing in self.narrowings.iter().map(|narrowing| shown(narrowing)) {
            if !narrowings.contains(&narrowing) {
                narrowings.push(narrowing);
            }
        }
        self.narrowings = narrowings;
        if self.set.as_ref().is_some_and(|set| !set.is_empty()) {
            self.name = joined(&self.narrowings);
        }
        self
    }

    /// Whether `account` may be used.
    pub fn admits(&self, account: &AccountId) -> bool {
        self.set.as_ref().is_none_or(|set| set.contains(account))
    }

    /// The names of what keeps accounts out, in their order, each once: a variable may have several lists.
    pub fn narrowed_by(&self) -> Vec<&str> {
        each_once(self.keeping_out().map(|narrowing| narrowing.name.as_str()))
    }

    /// What allows the accounts that are left, with its verb: `rule 1 (`~/work/**`) allows`. `None` where none are left or nothing
    /// keeps any out.
    pub fn allowing(&self) -> Option<String> {
        let names = each_once(self.keeping_out().map(|narrowing| narrowing.brief.as_str()));
        let verb = if names.len() == 1 { "allows" } else { "allow" };
        (!names.is_empty() && !self.is_empty()).then(|| format!("{} {verb}", names.join(" and ")))
    }

    fn keeping_out(&self) -> impl Iterator<Item = &Narrowing> {
        let keeps_out = |narrowing: &&Arc<Narrowing>| self.refused.values().any(|by| by == *narrowing);
        self.narrowings.iter().filter(keeps_out).map(Arc::as_ref)
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
    pub fn narrowings(&self) -> impl Iterator<Item = &Narrowing> {
        self.narrowings.iter().map(Arc::as_ref)
    }

    /// What keeps accounts out, or what of it cannot be read, in sentences; empty where nothing does. Each is named once.
    pub fn sentences(&self) -> String {
        let mend = |fault: String| format!(" No account may be used until this is mended: {}", ended(&fault));
        let faults: Vec<String> = self.faults().map(mend).collect();
        let names = self.narrowed_by();
        match (names.as_slice(), self.is_empty()) {
            _ if !faults.is_empty() => faults.concat(),
            ([], _) => String::new(),
            (names, true) => format!(" {}.", capitalised(&nothing_left(names))),
            (names, false) => format!(" What may be used here is narrowed by {}.", names.join(" and ")),
        }
    }

    /// Why `account` may not be used, in words: what keeps it out, with its place, and its fault.
    pub fn refusal(&self, account: &AccountId) -> String {
        match self.refused.get(account) {
            Some(by) => by.fault().unwrap_or_else(|| format!("{} does not allow it here", by.name)),
            None => self.faults().next().unwrap_or_else(|| "it is not allowed here".to_owned()),
        }
    }

    /// The same for a row of a list, beside which the place and the fault are said once.
    pub fn brief_refusal(&self, account: &AccountId) -> String {
        match self.refused.get(account) {
            Some(by) if by.fault.is_some() => format!("an error in {} keeps it out", by.brief),
            Some(by) => format!("{} does not allow it here", by.brief),
            None => "it is not allowed here".to_owned(),
        }
    }

    /// What cannot be read, or names what is not there.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.narrowings().filter_map(Narrowing::fault)
    }
}

impl Narrowing {
    /// Its name, and why it leaves none.
    fn fault(&self) -> Option<String> {
        Some(format!("{}: {}", self.name, self.fault.as_ref()?))
    }
}

fn each_once<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// That these, which have no fault, leave no account.
pub fn nothing_left(names: &[&str]) -> String {
    match names {
        [one] => format!("no account is allowed by {one}"),
        names => format!("{} have no account in common", names.join(" and ")),
    }
}

#[cfg(test)]
mod tests;
