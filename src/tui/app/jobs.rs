//! The verbs that are on their way, and what is said when each is over.

use std::collections::BTreeMap;

use super::App;
use crate::domain::time::Timestamp;
use crate::protocol::accounts::Account;
use crate::tui::effect::{Effect, Job, JobId, Scope};
use crate::tui::event::{JobEvent, Outcome, Progress};
use crate::tui::fact::Problem;
use crate::wording::pins::switched;

/// The verbs that are on their way.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    begun: u64,
    running: BTreeMap<JobId, Running>,
}

/// A verb on its way.
#[derive(Clone, Debug)]
pub struct Running {
    /// What is said when it is over.
    said: Said,
    /// How far it is.
    pub progress: Option<Progress>,
    /// The person gave up a login before it could be cancelled, or has cancelled it.
    is_given_up: bool,
}

/// What a verb that went well is said to have done.
#[derive(Clone, Debug)]
enum Said {
    Switched { whom: String, family: Option<String> },
    Released { whom: String, family: Option<String> },
    Strategy { whom: String, name: &'static str },
    Account(&'static str),
    Refreshed,
    LoggedIn,
}

impl Jobs {
    /// Those that run, oldest first.
    pub fn running(&self) -> impl Iterator<Item = (JobId, &Running)> {
        self.running.iter().map(|(id, running)| (*id, running))
    }

    /// How far a refresh is that runs: how many of how many were asked about, and whom it asks about now.
    pub fn refreshing(&self) -> Option<(usize, usize, &str)> {
        self.running.values().find_map(|running| match &running.progress {
            Some(Progress::Refreshing { done, of, label }) => Some((*done, *of, label.as_str())),
            _ => None,
        })
    }

    /// Whether a refresh runs.
    pub fn is_refreshing(&self) -> bool {
        self.running.values().any(|running| matches!(running.said, Said::Refreshed))
    }
}

impl App {
    /// Begins a verb.
    pub(super) fn begin(&mut self, job: Job) -> (JobId, Effect) {
        self.jobs.begun += 1;
        let id = JobId(self.jobs.begun);
        let said = self.will_say(&job);
        self.jobs.running.insert(id, Running { said, progress: None, is_given_up: false });
        (id, Effect::Begin(id, job))
    }

    fn will_say(&self, job: &Job) -> Said {
        match job {
            Job::Switch { account: Some(_), family, scope } => {
                Said::Switched { whom: self.whom(scope), family: family.clone() }
            }
            Job::Switch { account: None, family, scope } => {
                Said::Released { whom: self.whom(scope), family: family.clone() }
            }
            Job::SetStrategy { strategy, scope } => Said::Strategy { whom: self.whom(scope), name: strategy.name() },
            Job::Add(_) => Said::Account("Added"),
            Job::Update(_, change) => Said::Account(match change.enabled {
                Some(true) => "Enabled",
                Some(false) => "Disabled",
                None => "Changed",
            }),
            Job::Remove(_) => Said::Account("Removed"),
            Job::Refresh(_) => Said::Refreshed,
            Job::LogIn { .. } => Said::LoggedIn,
        }
    }

    /// Whom a verb reaches.
    fn whom(&self, scope: &Scope) -> String {
        match scope {
            Scope::Everywhere => "every session".to_owned(),
            Scope::Session(id) => self
                .shown()
                .sessions()
                .iter()
                .find(|session| session.id == *id)
                .map_or_else(|| format!("session {id}"), |session| format!("session {}", session.pid)),
        }
    }

    /// Takes in how a verb goes on.
    pub(super) fn job(&mut self, id: JobId, event: JobEvent, now: Timestamp) -> Vec<Effect> {
        match event {
            JobEvent::Progress(progress) => self.progress(id, progress, now),
            JobEvent::Ended(result) => {
                let Some(running) = self.jobs.running.remove(&id) else { return Vec::new() };
                let is_shown = self.dialog_ended(id, result.as_ref().err());
                match result {
                    Ok(outcome) => self.done(&running.said, outcome, now),
                    // The end that the person asked for.
                    Err(_) if running.is_given_up => self.messages.done("The login was cancelled", now),
                    Err(problem) if is_shown => self.messages.note(problem, now),
                    Err(problem) => self.messages.fail(problem, now),
                }
                Vec::new()
            }
        }
    }

    fn progress(&mut self, id: JobId, progress: Progress, now: Timestamp) -> Vec<Effect> {
        match progress {
            Progress::Failed { label, problem } => {
                let text = format!("{label}: {}", problem.text);
                self.messages.fail(Problem { text, ..problem }, now);
            }
            Progress::Notice(text) => self.messages.warn(text, now),
            progress @ (Progress::Refreshing { .. } | Progress::LoginBegun { .. }) => {
                let Some(running) = self.jobs.running.get_mut(&id) else { return Vec::new() };
                let given_up = match &progress {
                    Progress::LoginBegun { login, .. } if running.is_given_up => Some(login.clone()),
                    _ => None,
                };
                if let Some(login) = given_up {
                    running.progress = Some(progress);
                    return vec![Effect::CancelLogin(login)];
                }
                running.progress = Some(progress.clone());
                return self.dialog_progress(id, &progress);
            }
        }
        Vec::new()
    }

    /// The id of the login that this job has begun.
    pub(super) fn login_of(&self, id: JobId) -> Option<String> {
        match self.jobs.running.get(&id)?.progress.as_ref()? {
            Progress::LoginBegun { login, .. } => Some(login.clone()),
            _ => None,
        }
    }

    /// Gives up a login, at once or as soon as it has begun.
    pub(super) fn give_up(&mut self, id: JobId) -> Vec<Effect> {
        let Some(running) = self.jobs.running.get_mut(&id) else { return Vec::new() };
        running.is_given_up = true;
        match &running.progress {
            Some(Progress::LoginBegun { login, .. }) => vec![Effect::CancelLogin(login.clone())],
            _ => Vec::new(),
        }
    }

    fn done(&mut self, said: &Said, outcome: Outcome, now: Timestamp) {
        match (said, outcome) {
            (Said::Switched { whom, family }, Outcome::Switched(account, left_out)) => {
                self.messages.done(switched(whom, &account, &scoped(family.as_ref()), &left_out), now);
                if let Some(reason) = &account.reason {
                    self.messages.warn(format!("{}: it is used as soon as it can serve: {reason}", account.label), now);
                }
            }
            (Said::Account(done), Outcome::Account(account)) => {
                self.messages.done(format!("{done} {}", named(&account)), now);
            }
            (Said::LoggedIn, Outcome::Account(account)) => {
                let plan = account.plan.as_ref().map(|plan| format!(", {plan}")).unwrap_or_default();
                let text = format!("Logged in: account {} ({}{plan})", account.index, account.label);
                self.messages.done(text, now);
            }
            (said, outcome) => self.messages.done(said.sentence(&outcome), now),
        }
    }
}

impl Said {
    /// What is said where no account is to be named.
    fn sentence(&self, outcome: &Outcome) -> String {
        match self {
            Said::Switched { whom, family } => format!("Switched {whom}{}", scoped(family.as_ref())),
            Said::Released { whom, family } => {
                let chooses = format!("The strategy chooses again in {whom}{}", scoped(family.as_ref()));
                chooses[..1].to_uppercase() + &chooses[1..]
            }
            Said::Strategy { whom, name } => format!("The strategy of {whom} is now `{name}`"),
            Said::Account(done) => format!("{done} the account"),
            Said::LoggedIn => "Logged in".to_owned(),
            Said::Refreshed => match outcome {
                Outcome::Refreshed { asked: 0, .. } => "There is no ChatGPT login to refresh".to_owned(),
                Outcome::Refreshed { asked, failed: 0 } => format!("Refreshed {}", logins(*asked)),
                Outcome::Refreshed { asked, failed } => {
                    format!("Refreshed {} of {}", asked - failed.min(asked), logins(*asked))
                }
                Outcome::Account(_) | Outcome::Switched(..) | Outcome::Done => "Refreshed".to_owned(),
            },
        }
    }
}

fn logins(count: usize) -> String {
    if count == 1 { "one login".to_owned() } else { format!("{count} logins") }
}

/// An account in a sentence.
fn named(account: &Account) -> String {
    format!("account {} ({})", account.index, account.label)
}

fn scoped(family: Option<&String>) -> String {
    family.map(|family| format!(" for `{family}`")).unwrap_or_default()
}
