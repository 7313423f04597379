//! The terminal screen. `app` is its state and the one pure function that changes it, `view` draws it, `keys` says what
//! each key does, `feed` reports what is, `act` does what is asked for, `terminal` is the terminal; this file is the loop
//! that joins them. The values that pass between them are `event`, `effect` and `fact`.

pub mod act;
pub mod app;
pub mod effect;
pub mod event;
pub mod fact;
pub mod feed;
pub mod keys;
pub mod regions;
pub mod tab;
pub mod terminal;
#[cfg(test)]
pub mod testing;
pub mod view;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::clock::Clock;
use crate::desktop;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use act::Actor;
use app::App;
use effect::Effect;
use event::{Event, Input, JobEvent};
use feed::Feed;
pub use terminal::{Ended, is_possible};
use terminal::{Report, Terminal};
use view::look::Look;

/// The shortest time between two frames. What happens meanwhile is in the next one.
const FRAME: Duration = Duration::from_millis(40);

/// How often the times on the screen are brought up to date.
const TICK: Duration = Duration::from_secs(1);

/// Shows the screen until the person leaves it, or the process is asked to end; `None` in the first case. `here` opens a manager that
/// is narrowed as a session in this folder is.
///
/// # Errors
///
/// `Internal` when the terminal cannot be used.
pub async fn run(
    manager: &Arc<Manager>,
    here: impl FnOnce() -> Result<Arc<Manager>, Error> + Send + 'static,
    folder: &Path,
    environment: &Environment,
) -> Result<Option<Ended>, Error> {
    let mut screen = Screen::enter(Look::of(environment, Clock::system())).map_err(|error| unusable(&error))?;
    screen.app.is_away = desktop::away(environment).is_some();
    screen.app.folder = Some(folder.to_string_lossy().into_owned()).filter(|folder| !folder.is_empty());
    let (feed, mut facts) = Feed::start(Arc::clone(manager), here);
    let (reports, mut reported) = mpsc::unbounded_channel();
    let actor = Actor::new(Arc::clone(manager), reports, Arc::new(feed.clone()), environment);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = loop {
        let event = tokio::select! {
            biased;
            report = screen.terminal.next() => match report {
                Report::Input(input) => Event::Input(input),
                Report::Ready => {
                    screen.is_stale = true;
                    screen.draw_if_due(manager.session().now()).map_err(|error| unusable(&error))?;
                    continue;
                }
                Report::Ended(ended) => break Some(ended),
            },
            () = tokio::time::sleep_until(screen.next_frame), if screen.is_stale => {
                screen.draw(manager.session().now()).map_err(|error| unusable(&error))?;
                continue;
            }
            Some(event) = reported.recv() => event,
            Some(fact) = facts.recv() => Event::Fact(fact),
            _ = ticks.tick() => Event::Tick,
        };
        if matches!(event, Event::Input(Input::Resumed) | Event::Job(_, JobEvent::Ended(_))) {
            feed.look();
        }
        let now = manager.session().now();
        let mut is_over = false;
        for effect in screen.update(event, now) {
            match effect {
                Effect::Quit => is_over = true,
                Effect::Suspend => screen.terminal.suspend().map_err(|error| unusable(&error))?,
                Effect::Repaint => screen.terminal.repaint(),
                Effect::Copy(text) => screen.terminal.send(&actor.copy(&text)),
                Effect::Explain(question) => feed.explain(question),
                Effect::ReadEarlier(row) => feed.read_earlier(row),
                effect => actor.run(effect),
            }
        }
        if is_over {
            break None;
        }
        screen.draw_if_due(now).map_err(|error| unusable(&error))?;
    };
    screen.terminal.leave();
    actor.settled().await;
    Ok(ended)
}

fn unusable(error: &io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("the terminal cannot be used: {error}"))
        .hint("other commands work without a terminal: `codex-account-manager list`, `status`, `usage`")
}

/// The state, and the terminal it is drawn on.
struct Screen {
    terminal: Terminal,
    app: App,
    look: Look,
    /// Something changed since the last frame.
    is_stale: bool,
    /// No frame before this.
    next_frame: Instant,
}

impl Screen {
    fn enter(look: Look) -> io::Result<Screen> {
        let terminal = Terminal::enter("codex-account-manager")?;
        let size = terminal.size()?;
        let app = App::new((size.width, size.height));
        Ok(Screen { terminal, app, look, is_stale: true, next_frame: Instant::now() })
    }

    fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.is_stale = true;
        self.app.update(event, now)
    }

    /// Draws what changed, unless the frame before is too recent; the loop then draws it a moment later.
    fn draw_if_due(&mut self, now: Timestamp) -> io::Result<()> {
        if self.is_stale && self.next_frame <= Instant::now() { self.draw(now) } else { Ok(()) }
    }

    fn draw(&mut self, now: Timestamp) -> io::Result<()> {
        let mut regions = None;
        self.terminal.draw(|frame| regions = Some(view::draw(frame, &self.app, &self.look, now)))?;
        // A frame that was left out leaves all where it was.
        if let Some(regions) = regions {
            self.app.regions = regions;
        }
        self.is_stale = false;
        // The first accounts are not kept waiting behind an empty frame.
        let is_empty = self.app.known.accounts.is_none() && self.app.known.accounts_problem.is_none();
        self.next_frame = Instant::now() + if is_empty { Duration::ZERO } else { FRAME };
        Ok(())
    }
}
