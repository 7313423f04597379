//! What a request is paid from beside its account: the projects that it is made for, and the key of the proxy that it came with.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use super::{Spent, Usd};

/// A project or a key whose spending is counted together, whatever account it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purse {
    /// Which of the two it is.
    pub kind: PurseKind,
    /// The project as its rule names it, or the name of the key.
    pub name: Arc<str>,
}

/// What a purse is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurseKind {
    /// A rule of `[[projects]]`.
    Project,
    /// An entry of `[[proxy.keys]]`.
    Key,
}

impl PurseKind {
    /// Each of them.
    pub const ALL: [PurseKind; 2] = [PurseKind::Project, PurseKind::Key];

    /// The word in the ledger and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            PurseKind::Project => "project",
            PurseKind::Key => "key",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<PurseKind> {
        PurseKind::ALL.into_iter().find(|kind| kind.name() == word)
    }
}

impl Purse {
    /// That of a project.
    pub fn project(name: &str) -> Purse {
        Purse { kind: PurseKind::Project, name: name.into() }
    }

    /// That of a key of the proxy.
    pub fn key(name: &str) -> Purse {
        Purse { kind: PurseKind::Key, name: name.into() }
    }
}

/// All that one request is paid from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purses {
    all: Vec<Purse>,
    text: Option<String>,
}

impl Purses {
    /// These, each once.
    pub fn of(all: impl IntoIterator<Item = Purse>) -> Purses {
        let mut all: Vec<Purse> = all.into_iter().collect();
        all.sort();
        all.dedup();
        let text = (!all.is_empty())
            .then(|| all.iter().map(|purse| json!([purse.kind.name(), &*purse.name])).collect::<serde_json::Value>());
        Purses { all, text: text.map(|text| text.to_string()) }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Purse> {
        self.all.iter()
    }

    /// Whether there is any of this kind.
    pub fn has(&self, kind: PurseKind) -> bool {
        self.all.iter().any(|purse| purse.kind == kind)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that such a text names; ones of a kind that a later build may have written are left out.
    pub fn parse(text: &str) -> Vec<Purse> {
        let pairs: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
        let purse = |(kind, name): (String, String)| Some(Purse { kind: PurseKind::parse(&kind)?, name: name.into() });
        pairs.into_iter().filter_map(purse).collect()
    }

    /// As JSON, a list of kinds with names; `None` for none.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// What may be spent from a purse, and how a message calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The purse.
    pub purse: Purse,
    /// The rule or the key with its place.
    pub title: String,
    /// What may be spent in a day.
    pub daily: Option<Usd>,
    /// What may be spent in a month.
    pub monthly: Option<Usd>,
}

/// How long a limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Until the local day ends.
    Day,
    /// Until the local month ends.
    Month,
}

/// A budget that is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overspent {
    /// Which.
    pub budget: Budget,
    /// Its limit that is reached; the month's where both are.
    pub period: Period,
    /// That limit.
    pub limit: Usd,
    /// What was spent in that time.
    pub spent: Usd,
}

impl Budget {
    /// Whether it limits anything.
    pub fn has_limit(&self) -> bool {
        self.daily.is_some() || self.monthly.is_some()
    }

    /// What is reached by having spent so much; nothing while more may be spent.
    pub fn overspent(&self, spent: Spent) -> Option<Overspent> {
        let reached = |limit: Option<Usd>, spent: Usd, period| {
            let limit = limit.filter(|limit| spent >= *limit)?;
            Some(Overspent { budget: self.clone(), period, limit, spent })
        };
        let month = reached(self.monthly, spent.month, Period::Month);
        month.or_else(|| reached(self.daily, spent.today, Period::Day))
    }
}

/// Such as `rule 2 (…) has spent its $5.00 of today ($5.02)`.
impl fmt::Display for Overspent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Overspent { budget, period, limit, spent } = self;
        let period = match period {
            Period::Day => "today",
            Period::Month => "this month",
        };
        if *limit == Usd::default() {
            return write!(formatter, "{} may spend nothing {period}", budget.title);
        }
        write!(formatter, "{} has spent its {limit} of {period} ({spent})", budget.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(daily: Option<i64>, monthly: Option<i64>) -> Budget {
        Budget {
            purse: Purse::key("ci"),
            title: "key `ci`".to_owned(),
            daily: daily.map(|usd| Usd(usd * 1_000_000_000_000)),
            monthly: monthly.map(|usd| Usd(usd * 1_000_000_000_000)),
        }
    }

    #[test]
    fn a_budget_is_spent_when_its_limit_is_reached() {
        for (daily, monthly, today, month, expected) in [
            (None, None, 9, 9, None),
            (Some(5), None, 4, 9, None),
            (Some(5), None, 5, 9, Some("key `ci` has spent its $5.00 of today ($5.00)")),
            (Some(5), Some(9), 6, 9, Some("key `ci` has spent its $9.00 of this month ($9.00)")),
            (None, Some(9), 6, 8, None),
            (Some(0), None, 0, 0, Some("key `ci` may spend nothing today")),
            (Some(0), Some(0), 0, 0, Some("key `ci` may spend nothing this month")),
        ] {
            let usd = |usd: i64| Usd(usd * 1_000_000_000_000);
            let overspent = budget(daily, monthly).overspent(Spent { today: usd(today), month: usd(month) });
            let told = overspent.map(|overspent| overspent.to_string());
            assert_eq!(told.as_deref(), expected, "{daily:?} {monthly:?} {today} {month}");
        }
    }

    #[test]
    fn the_purses_of_a_request_are_each_there_once_and_as_text() {
        let purses = Purses::of([Purse::key("ci"), Purse::project("~/a\"b"), Purse::key("ci")]);
        assert_eq!(purses.iter().count(), 2);
        assert_eq!(purses.text(), Some(r#"[["project","~/a\"b"],["key","ci"]]"#));
        assert_eq!(Purses::parse(purses.text().unwrap()), purses.iter().cloned().collect::<Vec<_>>());
        assert_eq!(Purses::parse(r#"[["later","x"],["key","ci"]]"#), [Purse::key("ci")]);
        assert_eq!(Purses::parse("no JSON"), []);
        assert!(purses.has(PurseKind::Key) && !Purses::default().has(PurseKind::Key));
        assert_eq!((Purses::default().text(), Purses::of([]).is_empty()), (None, true));
        for kind in PurseKind::ALL {
            assert_eq!(PurseKind::parse(kind.name()), Some(kind));
        }
    }
}
