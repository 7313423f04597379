//! Takes a pin back; asks which where there are several.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::{Menu, Moved, Row};
use crate::tui::app::known::Known;
use crate::tui::effect::{Job, Scope};

/// The dialog.
#[derive(Clone, Debug)]
pub struct Unpin {
    /// The pins.
    pub menu: Menu,
    jobs: Vec<Job>,
}

impl Unpin {
    /// The pins there are, those of the file first; `None` without any.
    pub fn of(known: &Known) -> Option<Unpin> {
        let of_file = known
            .accounts
            .iter()
            .flat_map(|accounts| &accounts.pins)
            .map(|pin| (&pin.account, &pin.family, Scope::Everywhere, "every session".to_owned()));
        let (rows, jobs): (Vec<Row>, Vec<Job>) = of_file
            .map(|(account, family, scope, whom)| {
                let models = family.as_deref().unwrap_or("all models");
                let row = Row { title: known.label(account).into_owned(), note: format!("{whom}, {models}") };
                (row, Job::Switch { account: None, family: family.clone(), scope })
            })
            .unzip();
        (!rows.is_empty()).then(|| Unpin { menu: Menu::of(rows), jobs })
    }

    /// What to do where there is nothing to choose.
    pub fn only(&self) -> Option<Job> {
        if let [job] = &self.jobs[..] { Some(job.clone()) } else { None }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        match (self.menu.key(key), self.jobs.get(self.menu.at)) {
            (Moved::Left, _) => Answer::Close,
            (Moved::Took, Some(job)) => Answer::Do(job.clone()),
            (Moved::Took | Moved::Chose, _) => Answer::Stay,
        }
    }

    /// What it will do.
    pub fn sentence(&self) -> String {
        match self.jobs.get(self.menu.at) {
            Some(Job::Switch { family: Some(family), .. }) => {
                format!("Sessions choose by themselves again for {family}")
            }
            _ => "Sessions choose by themselves again, for all models".to_owned(),
        }
    }
}
