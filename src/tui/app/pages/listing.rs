//! The rows of each view's list: which pass the filter, and in which order. A row is a number: a place in what is known.

use super::filter::Filter;
use crate::protocol::accounts::{Account, AccountState};
use crate::protocol::status::Session;
use crate::tui::app::App;
use crate::tui::app::known::Known;
use crate::tui::app::known::decision::{Decision, End};
use crate::tui::app::known::upcoming;
use crate::tui::app::known::used;
use crate::tui::tab::Tab;
use crate::wording;

/// By what the list of a view can be sorted; the first is how it begins.
pub fn orders(tab: Tab) -> &'static [&'static str] {
    match tab {
        Tab::Accounts => &["in the file's order", "by state", "by use today", "by label"],
        Tab::Sessions => &["oldest first", "newest first"],
        Tab::Decisions | Tab::Usage | Tab::Upcoming => &[],
    }
}

/// The account that a row of what comes next is about.
pub fn account_of(upcoming: &str) -> Option<&str> {
    upcoming.split_once('\n').map(|(account, _)| account)
}

impl App {
    /// The rows of the open view, in order.
    pub fn listed(&self) -> Vec<usize> {
        let known = self.shown();
        let rows = self.rows();
        let filter = self.filters.of(self.tab);
        match self.tab {
            Tab::Accounts => {
                let mut listed: Vec<usize> = places(known.accounts(), |account| admits_account(&filter, account));
                sort_accounts(&mut listed, known.accounts(), rows.order);
                listed
            }
            Tab::Sessions => {
                let mut listed = places(known.sessions(), |session| admits_session(&filter, session, known));
                listed.sort_by_key(|place| known.sessions()[*place].started_at);
                if rows.order == 1 {
                    listed.reverse();
                }
                listed
            }
            Tab::Decisions if filter.is_empty() => (0..known.decisions.len()).collect(),
            Tab::Decisions => {
                let newest = known.decisions.newest_first().enumerate();
                newest.filter(|(_, decision)| admits(&filter, decision, known)).map(|(place, _)| place).collect()
            }
            Tab::Usage => {
                let sums = used::sums(known, self.pages.usage);
                places(&sums, |sum| filter.admits([sum.name.as_str()]))
            }
            Tab::Upcoming => {
                let all = upcoming::upcoming(known.accounts(), self.now);
                places(&all, |one| filter.admits([one.label.as_str(), one.what.as_str()]))
            }
        }
    }

    /// The id of a row.
    pub fn id_of(&self, row: usize) -> Option<String> {
        let known = self.shown();
        match self.tab {
            Tab::Accounts => known.accounts().get(row).map(|account| account.id.clone()),
            Tab::Sessions => known.sessions().get(row).map(|session| session.id.clone()),
            Tab::Decisions => known.decisions.newest(row).map(|decision| decision.request.to_string()),
            Tab::Usage => used::sums(known, self.pages.usage).get(row).map(|sum| sum.id.clone()),
            Tab::Upcoming => upcoming::upcoming(known.accounts(), self.now).get(row).map(|one| one.id.clone()),
        }
    }

    /// The row with this id.
    pub fn row_of(&self, id: &str) -> Option<usize> {
        let known = self.shown();
        match self.tab {
            Tab::Accounts => known.accounts().iter().position(|account| account.id == id),
            Tab::Sessions => known.sessions().iter().position(|session| session.id == id),
            Tab::Decisions => known.decisions.newest_place(id),
            Tab::Usage => used::sums(known, self.pages.usage).iter().position(|sum| sum.id == id),
            Tab::Upcoming => upcoming::upcoming(known.accounts(), self.now).iter().position(|one| one.id == id),
        }
    }
}

fn places<T>(all: &[T], admits: impl Fn(&T) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, one)| admits(one)).map(|(place, _)| place).collect()
}

fn sort_accounts(listed: &mut [usize], accounts: &[Account], order: usize) {
    match order {
        1 => listed.sort_by_key(|place| urgency(accounts[*place].state)),
        2 => listed.sort_by(|one, other| {
            let cost = |place: &usize| accounts[*place].usage.today.cost_usd;
            cost(other).total_cmp(&cost(one))
        }),
        3 => listed.sort_by_cached_key(|place| accounts[*place].label.to_lowercase()),
        _ => {}
    }
}

/// What somebody has to act on comes first, then what ends by itself.
fn urgency(state: AccountState) -> u8 {
    match state {
        AccountState::NeedsLogin | AccountState::Locked => 0,
        AccountState::OverLimit => 1,
        AccountState::RateLimited | AccountState::CoolingDown | AccountState::CircuitOpen => 2,
        AccountState::Ready => 3,
        AccountState::NotAllowed | AccountState::Disabled => 4,
    }
}

fn admits_account(filter: &Filter, account: &Account) -> bool {
    let words = [
        account.label.as_str(),
        account.id.as_str(),
        wording::accounts::kind(account.kind),
        wording::accounts::state(account.state),
    ];
    let known = [&account.email, &account.plan, &account.reason].into_iter().flatten().map(String::as_str);
    filter.admits(words.into_iter().chain(known).chain(account.models.iter().map(String::as_str)))
}

fn admits_session(filter: &Filter, session: &Session, known: &Known) -> bool {
    if filter.is_empty() {
        return true;
    }
    let numbers = [session.pid.to_string(), session.port.to_string()];
    let labels: Vec<_> = session.accounts.values().map(|id| known.label(id)).collect();
    let words = [session.id.as_str(), wording::session_kind(session.kind)];
    let labels = labels.iter().map(AsRef::as_ref);
    let known = [&session.program, &session.folder].into_iter().flatten().map(String::as_str);
    filter.admits(words.into_iter().chain(numbers.iter().map(String::as_str)).chain(labels).chain(known))
}

/// Whether `filter` lets a request through: by its model, accounts, session, reasons, path or end.
pub fn admits(filter: &Filter, decision: &Decision, known: &Known) -> bool {
    let label = |id| known.account(id).map_or(id, |account| account.label.as_str());
    let accounts = decision.attempts.iter().flat_map(|attempt| [label(&attempt.account), &*attempt.why]);
    let mut digits = [0; 3];
    let end = match decision.end() {
        End::Running => "running",
        End::Waiting(_) => "waiting",
        End::Lost => "lost",
        End::Finished(status) | End::Refused(status) => three(status, &mut digits),
    };
    let words = [&*decision.request, &*decision.session, &*decision.family, end];
    let known = [&decision.model, &decision.endpoint].into_iter().flatten().map(AsRef::as_ref);
    filter.admits(words.into_iter().chain(known).chain(accounts))
}

/// A status as text, without an allocation for each row.
fn three(status: u16, digits: &mut [u8; 3]) -> &str {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        let part = status / 10_u16.pow(u32::try_from(place).unwrap_or(0)) % 10;
        *digit = b'0' + u8::try_from(part).unwrap_or(0);
    }
    std::str::from_utf8(digits).unwrap_or_default()
}
