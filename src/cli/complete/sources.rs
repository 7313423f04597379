//! Candidates from the files of this machine: read from files, without a lock or a key, for as long as a person waits.

use std::sync::mpsc;
use std::time::Duration;

use crate::cli::context::Context;
use crate::env::Environment;
use crate::files::is_program;
use crate::manager::Manager;
use crate::protocol::accounts::Account;
use crate::wording::accounts::{kind, state};
use crate::wording::session_kind;

/// A value, and what it is.
pub type Candidate = (String, String);

/// A person who waits longer thinks that the shell hangs.
const PATIENCE: Duration = Duration::from_millis(800);

/// How far back models are looked for, in days.
const DAYS: u32 = 30;

/// Where candidates come from.
#[derive(Clone, Copy)]
pub enum Source {
    Accounts,
    Sessions,
    Models,
    Families,
    /// Files in `PATH` that may be executed.
    Programs,
}

impl Source {
    /// What is known; nothing when it cannot be read in time.
    pub fn candidates(self, environment: &Environment) -> Vec<Candidate> {
        let (sender, receiver) = mpsc::channel();
        let environment = environment.clone();
        let reading = std::thread::Builder::new().spawn(move || {
            // Nobody waits any more when it fails.
            let _ = sender.send(self.read(environment).unwrap_or_default());
        });
        reading.ok().and_then(|_| receiver.recv_timeout(PATIENCE).ok()).unwrap_or_default()
    }

    fn read(self, environment: Environment) -> Option<Vec<Candidate>> {
        if matches!(self, Source::Programs) {
            return Some(programs(environment.get("PATH").unwrap_or_default()));
        }
        let manager = Context::new(environment).ok()?.manager().ok()?;
        match self {
            Source::Accounts => accounts(&manager),
            Source::Sessions => Some(sessions(&manager)),
            Source::Models => models(&manager),
            Source::Families => {
                let families = manager.session().families();
                Some(families.names().map(|name| (name.to_owned(), String::new())).collect())
            }
            Source::Programs => None,
        }
    }
}

/// Labels; the number of an account whose label is no name of it alone.
fn accounts(manager: &Manager) -> Option<Vec<Candidate>> {
    let accounts = manager.list().ok()?.accounts;
    let candidates = accounts.into_iter().map(|report| {
        let account = Account::from(report);
        let is_name = manager.read_account(&account.label).is_ok_and(|found| found.id.as_str() == account.id);
        let is_typed = is_name && !account.label.contains(char::is_control);
        let name = if is_typed { account.label.clone() } else { account.index.to_string() };
        let email = account.email.as_ref().filter(|email| **email != name);
        let email = email.map(|email| format!(", {email}")).unwrap_or_default();
        (name, format!("{}, {}{email}", kind(account.kind), state(account.state)))
    });
    Some(candidates.collect())
}

fn sessions(manager: &Manager) -> Vec<Candidate> {
    let candidates = manager.live_sessions().into_iter().map(|session| {
        let program = session.program.map(|program| format!(" {program}")).unwrap_or_default();
        (session.id, format!("{}{program}, pid {}", session_kind(session.kind.into()), session.pid))
    });
    candidates.collect()
}

/// The models of the ledger, the most used first.
fn models(manager: &Manager) -> Option<Vec<Candidate>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    let today = manager.session().clock().day(manager.session().now());
    let used = runtime.block_on(manager.books().ledger().usage_of_days(today.days_before(DAYS), today)).ok()??;
    let mut models: Vec<(String, u64)> = Vec::new();
    for (_, usage) in used {
        let (Some(model), more) = (usage.model, usage.totals.requests) else { continue };
        match models.iter_mut().find(|(name, _)| *name == model) {
            Some((_, requests)) => *requests += more,
            None => models.push((model, more)),
        }
    }
    models.sort_by(|(one, _), (other, _)| one.cmp(other));
    models.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
    Some(models.into_iter().map(|(name, requests)| (name, format!("{requests} requests"))).collect())
}

fn programs(path: &str) -> Vec<Candidate> {
    let mut names: Vec<String> = Vec::new();
    for folder in std::env::split_paths(path) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let programs =
            entries.filter(|entry| is_program(&entry.path())).filter_map(|entry| entry.file_name().into_string().ok());
        names.extend(programs);
    }
    names.sort();
    names.dedup();
    names.into_iter().map(|name| (name, String::new())).collect()
}
