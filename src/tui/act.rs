//! Does what the screen asks for: the product's verbs, by the manager or by a session's `/rpc`; the clipboard and the
//! browser. Every job is a task of its own, and reports its end once.

mod clipboard;
mod login;
mod refresh;
mod session;
mod verbs;

use std::sync::Arc;

use tokio::sync::RwLock;
use tokio::sync::mpsc::UnboundedSender;

use super::effect::{Effect, Job, JobId};
use super::event::{Event, JobEvent, Outcome, Progress};
use super::fact::{Fact, Problem};
use crate::background;
use crate::desktop;
use crate::env::Environment;
use crate::manager::Manager;
pub use clipboard::Clipboard;
pub use session::Sessions;

/// Who does it.
#[derive(Clone)]
pub struct Actor {
    manager: Arc<Manager>,
    events: UnboundedSender<Event>,
    sessions: Arc<dyn Sessions>,
    clipboard: Clipboard,
    environment: Environment,
    /// Held for reading by each job that writes, so that the end of the screen can wait for them.
    writing: Arc<RwLock<()>>,
}

/// One job on its way.
#[derive(Clone)]
struct Report {
    id: JobId,
    events: UnboundedSender<Event>,
}

impl Report {
    /// It goes on.
    fn progress(&self, progress: Progress) {
        self.send(JobEvent::Progress(progress));
    }

    fn send(&self, event: JobEvent) {
        // A screen that is gone needs no report.
        let _ = self.events.send(Event::Job(self.id, event));
    }
}

impl Actor {
    /// Acts by `manager`, and for one session by `sessions`; what becomes of it goes to `events`.
    pub fn new(
        manager: Arc<Manager>,
        events: UnboundedSender<Event>,
        sessions: Arc<dyn Sessions>,
        environment: &Environment,
    ) -> Actor {
        Actor {
            manager,
            events,
            sessions,
            clipboard: Clipboard::of(environment),
            environment: environment.clone(),
            writing: Arc::default(),
        }
    }

    /// Does what `effect` asks for, or begins it. What the loop and the feed do themselves is no matter of this.
    pub fn run(&self, effect: Effect) {
        match effect {
            Effect::Begin(id, job) => self.begin(id, job),
            Effect::CancelLogin(login) => {
                let manager = Arc::clone(&self.manager);
                background::spawn(async move {
                    // One that the person has agreed to by now is seen through, and its end is reported all the same.
                    if let Err(error) = manager.tokens().cancel_login(&login).await {
                        tracing::debug!("{error}");
                    }
                });
            }
            Effect::PasteAddress(login, address) => {
                if let Err(error) = self.manager.tokens().paste_address(&login, address.expose()) {
                    self.warn(error.with_hint());
                }
            }
            Effect::Open(url) => match desktop::open(&url, &self.environment) {
                Ok(mut opening) => {
                    let actor = self.clone();
                    background::spawn(async move { actor.not_opened(&opening.failure().await) });
                }
                Err(why) => self.not_opened(&why),
            },
            Effect::Copy(_)
            | Effect::Explain(_)
            | Effect::ReadEarlier(_)
            | Effect::Suspend
            | Effect::Repaint
            | Effect::Quit => {}
        }
    }

    fn not_opened(&self, why: &str) {
        self.warn(format!("The page was not opened: {why}; open the address by hand"));
    }

    fn warn(&self, text: String) {
        // A screen that is gone needs no warning.
        let _ = self.events.send(Event::Fact(Fact::Warning(text)));
    }

    /// Puts `text` into the clipboard; returned is what the terminal is to receive for that.
    pub fn copy(&self, text: &str) -> String {
        self.clipboard.copy(text)
    }

    /// Until no write is on its way any more. A login that waits for a person, and questions to a provider, are not
    /// waited for.
    pub async fn settled(&self) {
        drop(self.writing.write().await);
        self.manager.settled().await;
    }

    fn begin(&self, id: JobId, job: Job) {
        let (actor, report) = (self.clone(), Report { id, events: self.events.clone() });
        // Taken before the task runs, so that an end of the screen that comes next waits for it.
        let writes = match job {
            Job::LogIn { .. } | Job::Refresh(_) => None,
            _ => Arc::clone(&self.writing).try_read_owned().ok(),
        };
        background::spawn(async move {
            // A job that panics has an end too.
            let job = background::spawn({
                let report = report.clone();
                async move { actor.perform(job, &report).await }
            });
            let result = job.await.unwrap_or_else(|error| {
                Err(Problem { text: format!("the screen failed to do this: {error}"), hint: None })
            });
            drop(writes);
            report.send(JobEvent::Ended(result));
        });
    }

    async fn perform(&self, job: Job, report: &Report) -> Result<Outcome, Problem> {
        match job {
            Job::Refresh(account) => refresh::run(&self.manager, account, report).await,
            Job::LogIn { is_device, label } => login::run(&self.manager, is_device, label, report).await,
            // What the manager notices meanwhile is the feed's to report.
            job => verbs::run(&self.manager, &*self.sessions, self.environment.get(crate::sys::files::HOME), job).await,
        }
    }
}

#[cfg(test)]
mod tests;
