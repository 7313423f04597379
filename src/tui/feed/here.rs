//! The folder that the screen was opened in. A session there may be narrowed by rules, which the screen's own manager is not: what a
//! person does at the screen is about every account. So another one answers for the folder; it is opened beside the screen, since rules
//! may ask `git`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::aside;
use crate::background;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::tui::fact::{Fact, Problem};

/// How often it is looked whether something else holds there.
const LOOK: Duration = Duration::from_secs(1);

/// A manager that is narrowed as a session in the folder is, once somebody asks for it.
pub(super) type Here = Shared<BoxFuture<'static, Result<Arc<Manager>, Problem>>>;

/// Has it opened by `open`, which may wait for the disk and for `git`.
pub(super) fn opened(open: impl FnOnce() -> Result<Arc<Manager>, Error> + Send + 'static) -> Here {
    let opening = async move {
        let fault = |error| Error::new(ErrorKind::Internal, "this folder's rules cannot be looked at").caused_by(error);
        let here = background::spawn_blocking(open).await.map_err(fault)??;
        here.books().ledger().look_on();
        Ok(here)
    };
    opening.boxed().shared()
}

/// Follows the rules until nobody wants facts any more, and reports when something else holds.
pub(super) async fn follow(here: Here, facts: mpsc::Sender<Fact>) {
    let mut tick = interval_at(Instant::now() + LOOK, LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await;
    // Whoever asks which account a request gets is told why it cannot be opened.
    let Ok(here) = here.await else { return };
    let mut known = (here.session().standing(), here.session().strategy());
    loop {
        tokio::select! {
            () = facts.closed() => return,
            _ = tick.tick() => {}
        }
        aside(&here, |here| here.session().follow_config()).await;
        here.follow_project().await;
        let now = (here.session().standing(), here.session().strategy());
        if now != known {
            known = now;
            if facts.send(Fact::Rules).await.is_err() {
                return;
            }
        }
    }
}
