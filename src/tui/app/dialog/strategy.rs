//! The choice of a strategy, and of the sessions that it is for.

use crossterm::event::KeyEvent;

use super::Answer;
use super::menu::{Menu, Row, Side};
use super::switch::titled;
use crate::domain::routing::Strategy;
use crate::tui::app::known::Known;
use crate::tui::effect::{Job, Scope};

/// The dialog.
#[derive(Clone, Debug)]
pub struct StrategyMenu {
    /// The strategies, and for whom.
    pub menu: Menu,
    scopes: Vec<Scope>,
}

impl StrategyMenu {
    /// Asks; `session` is whom it is for at first, everywhere if `None`.
    pub fn of(known: &Known, session: Option<&str>) -> StrategyMenu {
        let current = known.accounts.as_ref().map(|accounts| accounts.strategy.as_str());
        let row =
            |strategy: Strategy| Row { title: strategy.name().to_owned(), note: strategy.rule().brief.to_owned() };
        let rows = Strategy::ALL.into_iter().map(row).collect();
        let at = Strategy::ALL.iter().position(|strategy| Some(strategy.name()) == current).unwrap_or(0);
        let everywhere = (Scope::Everywhere, "everywhere".to_owned());
        let sessions = known.sessions().iter().map(|each| (Scope::Session(each.id.clone()), titled(each)));
        let (scopes, values): (Vec<Scope>, Vec<String>) = std::iter::once(everywhere).chain(sessions).unzip();
        let wanted = session.map(|id| Scope::Session(id.to_owned()));
        let chosen = scopes.iter().position(|scope| Some(scope) == wanted.as_ref()).unwrap_or(0);
        StrategyMenu { menu: Menu { rows, at, side: Some(Side { name: "For", values, at: chosen }) }, scopes }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Answer {
        let job = |(strategy, scope): (Strategy, &Scope)| Job::SetStrategy { strategy, scope: scope.clone() };
        let chosen = self.chosen().map(|chosen| Answer::Do(job(chosen)));
        self.menu.key(key, chosen)
    }

    fn chosen(&self) -> Option<(Strategy, &Scope)> {
        let scope = self.scopes.get(self.menu.side.as_ref()?.at)?;
        Some((*Strategy::ALL.get(self.menu.at)?, scope))
    }

    /// What it will do.
    pub fn sentence(&self) -> String {
        match self.chosen() {
            Some((strategy, Scope::Everywhere)) => {
                format!("Running and new sessions use `{}`; it is saved in config.toml", strategy.name())
            }
            Some((strategy, Scope::Session(_))) => {
                let whom = self.menu.side.as_ref().map(Side::value).unwrap_or_default();
                format!("{whom} uses `{}` until it ends", strategy.name())
            }
            None => String::new(),
        }
    }
}
