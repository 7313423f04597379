//! A ChatGPT login: how and under which label, then the address and the code until the person is done.

use crossterm::event::{KeyCode, KeyEvent};

use super::Answer;
use crate::domain::account::check_label;
use crate::domain::time::Timestamp;
use crate::secrets::Secret;
use crate::tui::app::line::Line;
use crate::tui::effect::{Effect, Job};
use crate::tui::event::Progress;
use crate::tui::keys;

/// The parts, in their order: two ways and the label.
const LABEL: usize = 2;

/// The dialog.
#[derive(Clone, Debug, Default)]
pub struct LogIn {
    /// Which part keys act on.
    pub at: usize,
    /// Whether it is by a code that is typed on any device.
    pub is_device: bool,
    /// How the account is to be called.
    pub label: Line,
    /// The login, once it has begun.
    pub waiting: Option<Waiting>,
}

/// A login that waits for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The page to open.
    pub url: String,
    /// The code to enter there.
    pub code: Option<String>,
    /// Until when it waits.
    pub until: Timestamp,
}

impl LogIn {
    /// The dialog; for somebody who would not see a browser here it begins at the code.
    pub fn new(is_away: bool) -> LogIn {
        LogIn { at: usize::from(is_away), is_device: is_away, ..LogIn::default() }
    }

    /// Whether it waits for a browser, so that the address which that ends at can be pasted.
    pub fn waits_for_browser(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.code.is_none())
    }

    /// What is wrong with the label.
    pub fn error(&self) -> Option<&'static str> {
        let label = self.label.text().trim();
        if label.is_empty() { None } else { check_label(label).err() }
    }

    /// To the part with this number: the two ways, then the label.
    pub fn go_to(&mut self, part: usize) {
        if self.waiting.is_none() {
            self.at = part.min(LABEL);
            self.choose();
        }
    }

    fn choose(&mut self) {
        if self.at < LABEL {
            self.is_device = self.at == 1;
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        if let Some(waiting) = &self.waiting {
            return waiting.key(key);
        }
        match key.code {
            KeyCode::Enter => return self.begin(),
            KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % (LABEL + 1),
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + LABEL) % (LABEL + 1),
            _ if self.at == LABEL => drop(self.label.key(key)),
            _ => match keys::letter(key) {
                Some('j') => self.at = (self.at + 1) % (LABEL + 1),
                Some('k') => self.at = (self.at + LABEL) % (LABEL + 1),
                Some('b') => self.at = 0,
                Some('d') => self.at = 1,
                Some('q') => return Answer::Close,
                _ => {}
            },
        }
        self.choose();
        Answer::Stay
    }

    pub(super) fn paste(&mut self, text: &Secret<String>) {
        if self.waiting.is_none() {
            self.at = LABEL;
            self.label.paste(text.expose());
        }
    }

    fn begin(&mut self) -> Answer {
        if self.error().is_some() {
            self.at = LABEL;
            return Answer::Stay;
        }
        let label = Some(self.label.text().trim()).filter(|label| !label.is_empty()).map(str::to_owned);
        Answer::Do(Job::LogIn { is_device: self.is_device, label })
    }

    /// How the login goes on. A page on this machine is opened at once, as the command does.
    pub(super) fn progress(&mut self, progress: &Progress) -> Vec<Effect> {
        let Progress::LoginBegun { url, code, expires_at, .. } = progress else { return Vec::new() };
        self.waiting = Some(Waiting { url: url.clone(), code: code.clone(), until: Timestamp(*expires_at) });
        if self.is_device { Vec::new() } else { vec![Effect::Open(url.clone())] }
    }
}

impl Waiting {
    fn key(&self, key: KeyEvent) -> Answer {
        match (key.code, keys::letter(key), &self.code) {
            (_, Some('y'), _) => Answer::Ask(Effect::Copy(self.url.clone())),
            (_, Some('c'), Some(code)) => Answer::Ask(Effect::Copy(code.clone())),
            (KeyCode::Enter, ..) | (_, Some('o'), _) => Answer::Ask(Effect::Open(self.url.clone())),
            _ => Answer::Stay,
        }
    }
}
