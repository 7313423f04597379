//! The accounts file and the configuration: one `stat` each four times a second, and all of it again when one changed, when a
//! limit ends, and when it is known better what accounts used.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use super::{Signals, aside};
use crate::domain::time::Timestamp;
use crate::error::Error;
use crate::manager::session::event::{Event, Level};
use crate::manager::{Manager, View};
use crate::protocol::accounts::Account;
use crate::tui::fact::{AccountsNow, Fact, FilePin, Problem};
use crate::wording::accounts::next_change;

/// How often it is looked whether something moved.
const LOOK: Duration = Duration::from_millis(250);

/// What was found, and reported.
#[derive(Default)]
struct Known {
    view: Option<View>,
    /// When something that is reported ends by itself.
    changes_at: Option<Timestamp>,
    reported: Option<Result<AccountsNow, Problem>>,
}

/// What a look found.
enum Found {
    Same,
    Now(View, Box<AccountsNow>),
    Failed(Error),
}

/// Follows the file until nobody wants facts any more.
pub(super) async fn follow(manager: Arc<Manager>, facts: mpsc::Sender<Fact>, signals: Arc<Signals>) {
    let mut events = manager.session().events();
    for warning in manager.session().config().warnings.clone() {
        if facts.send(Fact::Warning(warning)).await.is_err() {
            return;
        }
    }
    let mut known = Known::default();
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_reset = tokio::select! {
            () = facts.closed() => return,
            _ = tick.tick() => known.changes_at.is_some_and(|at| at <= manager.session().now()),
            () = signals.accounts.notified() => true,
            event = events.recv() => match event {
                Ok(Event::Notice(notice)) if notice.level != Level::Info => {
                    if facts.send(Fact::Warning(notice.text)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Ok(Event::AccountsChanged { .. }) | Err(broadcast::error::RecvError::Lagged(_)) => false,
                Ok(_) => continue,
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
        let before = if is_reset { None } else { known.view.clone() };
        let found = aside(&manager, move |manager| look(manager, before.as_ref())).await.unwrap_or(Found::Same);
        if let Some(fact) = known.take(found, manager.session().now())
            && facts.send(fact).await.is_err()
        {
            return;
        }
    }
}

impl Known {
    /// What is to be reported of what was found.
    fn take(&mut self, found: Found, now: Timestamp) -> Option<Fact> {
        let (report, fact) = match found {
            Found::Same => return None,
            Found::Now(view, accounts) => {
                self.view = Some(view);
                self.changes_at = next_change(&accounts.accounts, now);
                (Ok((*accounts).clone()), Fact::Accounts(*accounts))
            }
            Found::Failed(error) => {
                let problem = Problem::from(error);
                // What can be read again is reported, whether it moved or not.
                *self = Known { reported: self.reported.take(), ..Known::default() };
                (Err(problem.clone()), Fact::AccountsFailed(problem))
            }
        };
        let is_known = self.reported.as_ref() == Some(&report);
        self.reported = Some(report);
        (!is_known).then_some(fact)
    }
}

fn look(manager: &Manager, before: Option<&View>) -> Found {
    manager.session().follow_config();
    let view = match manager.accounts().fresh_view() {
        Ok(view) => view,
        Err(error) => return Found::Failed(error),
    };
    if before.is_some_and(|before| before.is_same(&view)) {
        return Found::Same;
    }
    let report = match manager.list() {
        Ok(report) => report,
        Err(error) => return Found::Failed(error),
    };
    let pins = report
        .pins
        .into_iter()
        .map(|pin| FilePin { account: pin.account.to_string(), family: pin.family.map(|family| family.to_string()) });
    let accounts = AccountsNow {
        is_there: !view.state.store_id.is_empty(),
        path: manager.accounts().store().path().display().to_string(),
        revision: report.revision,
        accounts: report.accounts.into_iter().map(Account::from).collect(),
        pins: pins.collect(),
        strategy: manager.session().strategy().name().to_owned(),
        locked: manager.accounts().locked(&view).map(Problem::from),
    };
    Found::Now(view, Box::new(accounts))
}
