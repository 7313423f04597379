//! The state of the screen, and the one pure function that changes it.

pub mod dialog;
pub mod filter;
pub mod hidden;
pub mod jobs;
pub mod known;
pub mod layout;
pub mod line;
pub mod messages;
mod mouse;
pub mod pages;
mod verbs;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::effect::{Effect, JobId};
use super::event::{Event, Input};
use super::fact::Fact;
use super::keys::{self, Action, Place};
use super::regions::{Regions, Target};
use super::tab::Tab;
use crate::domain::time::Timestamp;
use crate::secrets::Secret;
use filter::Filters;
use jobs::Jobs;
use known::Known;
use messages::Messages;
use pages::{Page, Pages};

/// All that the screen is drawn from.
#[derive(Debug, Default)]
pub struct App {
    /// What the feed has reported.
    pub known: Known,
    /// What is shown while the screen is paused.
    pub paused: Option<Box<Paused>>,
    /// Which view.
    pub tab: Tab,
    /// Columns and rows.
    pub size: (u16, u16),
    /// What each view is filtered by.
    pub filters: Filters,
    /// The dialog that is open.
    pub dialog: Option<dialog::Open>,
    /// What is said at the bottom.
    pub messages: Messages,
    /// The verbs that are on their way.
    pub jobs: Jobs,
    /// Where what was drawn last.
    pub regions: Regions,
    /// What was clicked last, and when.
    clicked: Option<(Target, Timestamp)>,
    /// What is selected, filtered and open in the views.
    pub pages: Pages,
    /// When the last event was.
    pub now: Timestamp,
    /// A browser that is opened here would not be seen: a code is the way to log in that is offered first.
    pub is_away: bool,
    /// Where it was opened: what is said of a new session is of one there.
    pub folder: Option<String>,
}

/// What is shown while the screen is paused.
#[derive(Debug)]
pub struct Paused {
    /// What was known then.
    pub known: Known,
    /// When that was.
    pub since: Timestamp,
}

impl App {
    /// A screen of this size that knows nothing yet.
    pub fn new(size: (u16, u16)) -> App {
        App { size, ..App::default() }
    }

    /// What is shown: what is known, or what was when it was paused.
    pub fn shown(&self) -> &Known {
        self.paused.as_ref().map_or(&self.known, |paused| &paused.known)
    }

    /// Where keys are pressed, while no dialog is open.
    pub fn place(&self) -> Place {
        match self.pages.open {
            Some(Page::Account(_)) => Place::Page(Tab::Accounts),
            Some(Page::Session(_)) => Place::Page(Tab::Sessions),
            Some(Page::Decision(_)) => Place::Page(Tab::Decisions),
            None => Place::View(self.tab),
        }
    }

    /// Reacts to `event`.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        self.messages.fade(now);
        match event {
            Event::Input(input) => self.input(input, now),
            Event::Fact(Fact::Warning(text)) => {
                self.messages.warn(text, now);
                Vec::new()
            }
            Event::Fact(fact) => {
                let effects = self.notice(&fact);
                self.known.learn(fact);
                effects
            }
            Event::Job(id, event) => self.job(id, event, now),
            Event::Tick => Vec::new(),
        }
    }

    fn input(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match input {
            Input::Key(key) => self.key(key, now),
            Input::Resized(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Input::Resumed => vec![Effect::Repaint],
            Input::Paste(text) => self.paste(&text),
            Input::Mouse(mouse) => self.mouse(mouse, now),
        }
    }

    fn key(&mut self, key: KeyEvent, now: Timestamp) -> Vec<Effect> {
        let action = keys::action(key, self.place());
        // These do the same wherever one is.
        match action {
            Some(Action::Quit) if key.modifiers.contains(KeyModifiers::CONTROL) => return self.act(Action::Quit, now),
            Some(Action::Suspend) => return vec![Effect::Suspend],
            Some(Action::Repaint) => return vec![Effect::Repaint],
            _ => {}
        }
        if self.dialog.is_some() {
            return self.dialog_key(key, now);
        }
        if self.filters.typing.is_some() {
            return self.type_filter(key, now);
        }
        action.map(|action| self.act(action, now)).unwrap_or_default()
    }

    fn paste(&mut self, text: &Secret<String>) -> Vec<Effect> {
        if self.dialog.is_some() {
            return self.dialog_paste(text);
        }
        if let Some(line) = &mut self.filters.typing {
            line.paste(text.expose());
            self.filters.follow(self.tab);
        }
        Vec::new()
    }

    /// A key while the filter is typed: rows are shown and hidden at once, and can be gone through meanwhile.
    fn type_filter(&mut self, key: KeyEvent, now: Timestamp) -> Vec<Effect> {
        let Some(key) = keys::pressed(key) else { return Vec::new() };
        match key.code {
            KeyCode::Enter => self.filters.typing = None,
            KeyCode::Esc => self.filters.clear(self.tab),
            KeyCode::Up => return self.act(Action::Up, now),
            KeyCode::Down => return self.act(Action::Down, now),
            KeyCode::PageUp => return self.act(Action::PageUp, now),
            KeyCode::PageDown => return self.act(Action::PageDown, now),
            _ => {
                if self.filters.typing.as_mut().is_some_and(|line| line.key(key)) {
                    self.filters.follow(self.tab);
                }
            }
        }
        Vec::new()
    }

    /// Ends, and gives up the logins that wait for a person.
    fn quit(&mut self) -> Vec<Effect> {
        let running: Vec<JobId> = self.jobs.running().map(|(id, _)| id).collect();
        let given_up = running.into_iter().flat_map(|id| self.give_up(id)).collect::<Vec<_>>();
        given_up.into_iter().chain([Effect::Quit]).collect()
    }

    fn act(&mut self, action: Action, now: Timestamp) -> Vec<Effect> {
        match action {
            Action::Quit => self.quit(),
            Action::Filter => {
                self.filters.open(self.tab);
                Vec::new()
            }
            Action::Back => {
                if !self.messages.dismiss(now) {
                    self.back();
                }
                Vec::new()
            }
            action => self.turn(action).unwrap_or_else(|| self.verb(action, now)),
        }
    }
}
