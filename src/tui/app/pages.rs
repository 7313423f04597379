//! The state of the five views: what is selected, filtered, sorted and open, and how keys move it.

pub mod arrangement;
pub mod filter;
pub mod listing;
pub mod rows;
#[cfg(test)]
mod tests;

use super::{App, Paused, Tab, layout};
use crate::protocol::accounts::Account;
use crate::protocol::routing::RoutingExplainResult;
use crate::protocol::status::Session;
use crate::tui::app::known::decision::Decision;
use crate::tui::effect::Effect;
use crate::tui::fact::{Fact, Problem, Question};
use crate::tui::keys::Action;
use arrangement::Arrangement;
use rows::{Rows, Step, Window};

/// The state of the five views.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    lists: [Rows; 5],
    /// What is open over the list of its view.
    pub open: Option<Page>,
    /// How many lines of the open page are above the screen.
    pub scroll: u16,
    /// How use is shown.
    pub usage: Arrangement,
    /// Which account a request would get, as it was last answered.
    pub explained: Option<(Question, Result<RoutingExplainResult, Problem>)>,
    /// The budget that is spent, as it was known then.
    pub spent: Option<String>,
    /// Earlier attempts were requested and have not arrived.
    is_reading: bool,
}

/// A page about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The account with this id.
    Account(String),
    /// The session with this id.
    Session(String),
    /// The request with this id.
    Decision(String),
}

/// A page that is longer than this has nothing to say.
const LONGEST_PAGE: u16 = 2_000;

impl App {
    /// The list of the open view.
    pub fn rows(&self) -> &Rows {
        &self.pages.lists[self.tab as usize]
    }

    fn rows_mut(&mut self) -> &mut Rows {
        &mut self.pages.lists[self.tab as usize]
    }

    /// The filter of the open view; empty for none.
    pub fn filter(&self) -> &str {
        self.filters.text(self.tab).trim()
    }

    /// What is seen of the open view's list, of which these are the rows.
    pub fn window(&self, listed: &[usize], height: usize) -> Window {
        self.rows().window(listed.len(), self.found(listed), height)
    }

    /// Where the selected row is.
    fn found(&self, listed: &[usize]) -> Option<usize> {
        let id = self.rows().selected.as_deref()?;
        let row = self.row_of(id)?;
        listed.iter().position(|other| *other == row)
    }

    /// The id of the selected row.
    pub fn selected_id(&self) -> Option<String> {
        let listed = self.listed();
        let window = self.window(&listed, 1);
        self.id_of(*listed.get(window.selected)?)
    }

    /// The account that verbs are about: the one whose page is open, else the one of the selected row.
    pub fn account(&self) -> Option<&Account> {
        let id = match (&self.pages.open, self.tab) {
            (Some(Page::Account(id)), _) => return self.shown().account(id),
            (None, Tab::Accounts | Tab::Upcoming) => self.selected_id()?,
            _ => return None,
        };
        self.shown().account(listing::account_of(&id).unwrap_or(&id))
    }

    /// The session that keys act on.
    pub fn selected_session(&self) -> Option<&Session> {
        match (&self.pages.open, self.tab) {
            (Some(Page::Session(id)), _) => self.shown().session(id),
            (None, Tab::Sessions) => self.shown().session(&self.selected_id()?),
            _ => None,
        }
    }

    /// The request that keys act on.
    pub fn selected_decision(&self) -> Option<&Decision> {
        match (&self.pages.open, self.tab) {
            (Some(Page::Decision(id)), _) => self.shown().decisions.find(id),
            (None, Tab::Decisions) => self.shown().decisions.find(&self.selected_id()?),
            _ => None,
        }
    }

    /// Does what `action` asks of the views; `None` when it asks nothing of them.
    pub fn turn(&mut self, action: Action) -> Option<Vec<Effect>> {
        let page = isize::try_from(self.height()).unwrap_or(1).max(1);
        match action {
            Action::Up => return Some(self.go(Step::By(-1))),
            Action::Down => return Some(self.go(Step::By(1))),
            Action::PageUp => return Some(self.go(Step::By(-page))),
            Action::PageDown => return Some(self.go(Step::By(page))),
            Action::First => return Some(self.go(Step::First)),
            Action::Last => return Some(self.go(Step::Last)),
            Action::View(number) => {
                let tab = usize::from(number).checked_sub(1).and_then(|place| Tab::ALL.get(place));
                self.show(tab.copied().unwrap_or(self.tab));
            }
            Action::NextView => self.show(Tab::ALL[(self.tab as usize + 1) % Tab::ALL.len()]),
            Action::PreviousView => self.show(Tab::ALL[(self.tab as usize + Tab::ALL.len() - 1) % Tab::ALL.len()]),
            Action::Open => return Some(self.open()),
            Action::Back => self.back(),
            Action::Hold => {
                let now = || Box::new(Paused { known: self.known.clone(), since: self.now });
                self.paused = if self.paused.is_some() { None } else { Some(now()) };
            }
            Action::Arrange if self.tab == Tab::Usage => self.pages.usage = self.pages.usage.next(),
            Action::Arrange => {
                let orders = listing::orders(self.tab).len().max(1);
                let rows = self.rows_mut();
                rows.order = (rows.order + 1) % orders;
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Shows a view.
    pub fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.close();
    }

    fn close(&mut self) {
        self.pages.open = None;
        self.pages.scroll = 0;
    }

    /// Back from a page to its list; from a filtered list to the whole; else to the row that is followed.
    pub(super) fn back(&mut self) {
        if self.pages.open.is_some() {
            self.close();
        } else if self.filter().is_empty() {
            self.rows_mut().follow();
        } else {
            self.filters.clear(self.tab);
        }
    }

    fn open(&mut self) -> Vec<Effect> {
        if self.pages.open.is_some() {
            return Vec::new();
        }
        let Some(id) = self.selected_id() else { return Vec::new() };
        self.open_page(match self.tab {
            Tab::Accounts => Page::Account(id),
            Tab::Sessions => Page::Session(id),
            Tab::Decisions => Page::Decision(id),
            Tab::Usage if self.shown().account(&id).is_some() => Page::Account(id),
            Tab::Usage => return Vec::new(),
            Tab::Upcoming => match listing::account_of(&id) {
                Some(account) => Page::Account(account.to_owned()),
                None => return Vec::new(),
            },
        })
    }

    /// Opens `page` over the view.
    pub fn open_page(&mut self, page: Page) -> Vec<Effect> {
        let is_account = matches!(page, Page::Account(_));
        self.pages.open = Some(page);
        self.pages.scroll = 0;
        if is_account { vec![Effect::Explain(Question::default())] } else { Vec::new() }
    }

    /// Selects a row of the list, counted from the first there is.
    pub fn select_row(&mut self, target: usize) {
        let listed = self.listed();
        let height = self.height();
        let window = self.window(&listed, height);
        if let Some(id) = listed.get(target).and_then(|row| self.id_of(*row)) {
            self.rows_mut().select(target, window.top, height, |_| Some(id.clone()));
        }
    }

    fn go(&mut self, step: Step) -> Vec<Effect> {
        if self.pages.open.is_some() {
            let scroll = self.pages.scroll;
            self.pages.scroll = match step {
                Step::By(lines) => scroll.saturating_add_signed(i16::try_from(lines).unwrap_or(0)).min(LONGEST_PAGE),
                Step::First => 0,
                Step::Last => LONGEST_PAGE,
            };
            return Vec::new();
        }
        let listed = self.listed();
        let found = self.found(&listed);
        let height = self.height();
        let window = self.rows().window(listed.len(), found, height);
        let target = match step {
            Step::By(rows) => window.selected.saturating_add_signed(rows),
            Step::First => 0,
            Step::Last => usize::MAX,
        }
        .min(listed.len().saturating_sub(1));
        if target == 0 {
            self.rows_mut().follow();
            if self.tab != Tab::Decisions && !listed.is_empty() {
                let id = self.id_of(listed[0]);
                self.rows_mut().select(0, 0, height, |_| id.clone());
            }
        } else {
            let id = listed.get(target).and_then(|row| self.id_of(*row));
            self.rows_mut().select(target, window.top, height, |_| id.clone());
        }
        self.read_earlier(target + height >= listed.len())
    }

    /// Asks for what the ledger has before the list's end, when the end is near.
    fn read_earlier(&mut self, is_near: bool) -> Vec<Effect> {
        if self.tab != Tab::Decisions || !is_near || self.pages.is_reading || self.paused.is_some() {
            return Vec::new();
        }
        let Some(row) = self.known.decisions.earlier_than() else { return Vec::new() };
        self.pages.is_reading = true;
        vec![Effect::ReadEarlier(row)]
    }

    /// What a fact changes in the views, beside what is known.
    pub fn notice(&mut self, fact: &Fact) -> Vec<Effect> {
        match fact {
            Fact::Explained { question, result, spent } => {
                self.pages.explained = Some((question.clone(), result.clone()));
                self.pages.spent.clone_from(spent);
            }
            Fact::Earlier { .. } => self.pages.is_reading = false,
            Fact::Accounts(_) | Fact::Rules if self.shows_an_account() => {
                return vec![Effect::Explain(Question::default())];
            }
            _ => {}
        }
        Vec::new()
    }

    /// Whether everything about an account is on the screen, in a page or below the list.
    fn shows_an_account(&self) -> bool {
        let is_below = self.tab == Tab::Accounts && !layout::of(self).detail.is_empty();
        is_below || matches!(self.pages.open, Some(Page::Account(_)))
    }

    /// How many rows of the list are seen.
    fn height(&self) -> usize {
        usize::from(layout::of(self).rows())
    }
}
