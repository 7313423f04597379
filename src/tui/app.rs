//! The state of the screen, and the one pure function that changes it.

pub mod known;

use super::effect::Effect;
use super::event::{Event, Input};
use super::keys::{self, Action};
use crate::domain::time::Timestamp;
use known::Known;

/// All that the screen is drawn from.
#[derive(Debug, Default)]
pub struct App {
    /// What the feed has reported.
    pub known: Known,
    /// What is shown while the screen is held still.
    pub held: Option<Box<Known>>,
    /// Which view.
    pub tab: Tab,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// The views, in the order of their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The accounts.
    #[default]
    Accounts,
    /// The sessions that are alive.
    Sessions,
    /// What was decided for each request.
    Decisions,
    /// What was used over time.
    Usage,
    /// What comes next.
    Next,
}

impl Tab {
    /// In the order of their keys.
    pub const ALL: [Tab; 5] = [Tab::Accounts, Tab::Sessions, Tab::Decisions, Tab::Usage, Tab::Next];
}

impl App {
    /// A screen of this size that knows nothing yet.
    pub fn new(size: (u16, u16)) -> App {
        App { size, ..App::default() }
    }

    /// What is shown: what is known, or what was when the screen was held still.
    pub fn shown(&self) -> &Known {
        self.held.as_deref().unwrap_or(&self.known)
    }

    /// Reacts to `event`.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Input(input) => self.input(input),
            Event::Fact(fact) => {
                self.known.learn(fact, now);
                Vec::new()
            }
            Event::Job(..) | Event::Tick => Vec::new(),
        }
    }

    fn input(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) => keys::action(key).map(|action| self.act(action)).unwrap_or_default(),
            Input::Resized(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Input::Resumed => vec![Effect::Repaint],
            Input::Mouse(_) | Input::Paste(_) => Vec::new(),
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => vec![Effect::Quit],
            Action::View(number) => {
                self.tab = Tab::ALL.get(usize::from(number).saturating_sub(1)).copied().unwrap_or(self.tab);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
