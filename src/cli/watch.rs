//! `--watch`: a listing that follows the files, the ledger, the sessions and the time. On a terminal it is redrawn in place;
//! elsewhere it is written again when something changed, as a block of text or as one line of JSON.

pub mod frame;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::context::Context;
use super::printer::Printer;
use super::table::Room;
use super::text::Text;
use crate::domain::report::SessionReport;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::error::Error;
use crate::manager::books::history::Look;
use crate::manager::{Manager, View};
use crate::server::lifecycle;
use crate::theme::{Role, shows_more_than_text};
use frame::Frame;
use keys::Keys;

/// How often it is looked whether the accounts file moved.
const TICK: Duration = Duration::from_millis(500);

/// How often the ledger and the sessions are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A rate goes down by itself.
const RATES: Duration = Duration::from_secs(5);

/// What changes without a sign, such as the day.
const ANYWAY: Duration = Duration::from_secs(30);

/// `--watch` and `--json`
#[derive(Clone, Copy, Debug, Args)]
pub struct WatchArgs {
    /// Show it again whenever something changes, until `q` or Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Print JSON; with `--watch` one line for each change
    #[arg(long)]
    json: bool,
}

/// What a listing found.
pub trait Listing {
    /// For other programs.
    fn json(&self) -> Value;
    /// For people.
    fn text(&self, now: Timestamp, room: Room) -> Text;
    /// When the first thing in it changes by itself.
    fn changes_at(&self, now: Timestamp) -> Option<Timestamp>;
    /// Whether it has rates that go down.
    fn has_rates(&self) -> bool;
}

/// Shows what `look` finds: once, or until the person leaves.
pub async fn show<L: Listing>(
    manager: &Arc<Manager>,
    environment: &Environment,
    args: WatchArgs,
    look: impl AsyncFn(&Manager) -> Result<L, Error>,
) -> Result<u8, Error> {
    manager.survey().await;
    if args.watch {
        return Watch::new(manager, environment, args.json).run(look).await;
    }
    Context::warn_of_reports(manager);
    let listing = look(manager).await?;
    if args.json {
        Printer::json(&listing.json());
    } else {
        Printer::show(&listing.text(manager.session().now(), Printer::room()));
    }
    Ok(0)
}

struct Watch<'a> {
    manager: &'a Arc<Manager>,
    out: Out,
    known: Known,
    /// What went wrong, as it was said last.
    said: Vec<String>,
}

/// Where it is shown.
enum Out {
    Terminal(Frame),
    Blocks { is_first: bool },
    Lines,
}

/// What was looked at.
#[derive(Default)]
struct Known {
    view: Option<View>,
    ledger: Option<Look>,
    sessions: Vec<SessionReport>,
    /// When the ledger and the sessions were looked at.
    looked: Option<Instant>,
    /// When all of it was read.
    read: Option<Instant>,
}

impl<'a> Watch<'a> {
    fn new(manager: &'a Arc<Manager>, environment: &Environment, json: bool) -> Watch<'a> {
        let out = match Printer::room().columns {
            _ if json => Out::Lines,
            Some(_) if shows_more_than_text(environment) => Out::Terminal(Frame::default()),
            Some(_) | None => Out::Blocks { is_first: true },
        };
        manager.books().ledger().look_on();
        Watch { manager, out, known: Known::default(), said: Vec::new() }
    }

    async fn run<L: Listing>(mut self, look: impl AsyncFn(&Manager) -> Result<L, Error>) -> Result<u8, Error> {
        let mut keys = Keys::begin(matches!(self.out, Out::Terminal(_)));
        let mut ended = std::pin::pin!(lifecycle::asked_to_end());
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A file that cannot be read from the beginning is an error, as it is without `--watch`.
        let mut listing = look(self.manager).await?;
        let mut written = None;
        loop {
            let is_open = self.write(&listing, &mut written);
            if !is_open || Printer::stdout_is_closed() {
                return Ok(0);
            }
            tokio::select! {
                () = &mut ended => return Ok(0),
                key = keys.next() => match key {
                    keys::Key::End => return Ok(0),
                    // What is shown is drawn from nothing.
                    keys::Key::Redraw => if let Out::Terminal(frame) = &mut self.out { frame.forget() },
                    keys::Key::Resized => {}
                },
                _ = tick.tick() => if self.is_due(&listing).await {
                    self.manager.survey().await;
                    self.known.read = Some(Instant::now());
                    match look(self.manager).await {
                        Ok(found) => {
                            self.said = Vec::new();
                            listing = found;
                        }
                        Err(error) => self.say(vec![error.to_string()]),
                    }
                    let warnings = self.manager.session().take_warnings();
                    if !warnings.is_empty() {
                        self.say(warnings);
                    }
                },
            }
        }
    }

    /// Whether something may have changed.
    async fn is_due(&mut self, listing: &impl Listing) -> bool {
        let (manager, now) = (self.manager, Instant::now());
        let is_over = |since: Option<Instant>, time: Duration| since.is_none_or(|since| now >= since + time);
        manager.session().follow_config();
        let view = manager.accounts().fresh_view().ok();
        let is_same = match (&self.known.view, &view) {
            (Some(known), Some(view)) => known.is_same(view),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.known.view = view;
        let mut is_due = !is_same || is_over(self.known.read, if listing.has_rates() { RATES } else { ANYWAY });
        if is_over(self.known.looked, LOOK) {
            self.known.looked = Some(now);
            let (ledger, sessions) = (manager.books().ledger().look().await.ok().flatten(), manager.live_sessions());
            is_due |= ledger != self.known.ledger || sessions != self.known.sessions;
            (self.known.ledger, self.known.sessions) = (ledger, sessions);
        }
        // The time at which a limit ends is a change of its own.
        let read = self.known.read.map_or(Duration::ZERO, |read| now.duration_since(read));
        let then =
            Timestamp(manager.session().now().as_millis().saturating_sub(i64::try_from(read.as_millis()).unwrap_or(0)));
        is_due || listing.changes_at(then).is_some_and(|at| at <= manager.session().now())
    }

    /// What went wrong is shown with the rest where that is redrawn.
    fn say(&mut self, what: Vec<String>) {
        if what == self.said {
            return;
        }
        if !matches!(self.out, Out::Terminal(_)) {
            Printer::warnings(&what);
        }
        self.said = what;
    }

    /// Writes what is new; whether anybody reads on.
    fn write(&mut self, listing: &impl Listing, written: &mut Option<Value>) -> bool {
        let (manager, room) = (self.manager, Printer::room());
        if let Out::Terminal(frame) = &mut self.out {
            let mut text = listing.text(manager.session().now(), room);
            for warning in &self.said {
                text.push(Role::Warning, "\n\nwarning:");
                text.push(Role::Text, format!(" {warning}"));
            }
            text.push(Role::Faint, format!("\n\n{}  q ends", manager.session().spelled_now()));
            return Printer::draw(&frame.next(&text, Printer::size(), room, Printer::has_colours()));
        }
        let value = listing.json();
        let mut seen = value.clone();
        if let (Out::Blocks { .. }, Some(fields)) = (&self.out, seen.as_object_mut()) {
            // Which nobody sees.
            fields.shift_remove("revision");
        }
        if written.as_ref() == Some(&seen) {
            return true;
        }
        match &mut self.out {
            Out::Lines => Printer::json_line(&value),
            Out::Blocks { is_first } => {
                let between = if std::mem::take(is_first) { "" } else { "\n" };
                let mut text = Text::of(Role::Faint, format!("{between}{}\n\n", manager.session().spelled_now()));
                text.append(listing.text(manager.session().now(), room));
                Printer::show(&text);
            }
            Out::Terminal(_) => {}
        }
        *written = Some(seen);
        !Printer::stdout_failed()
    }
}
