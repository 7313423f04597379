//! Verbs on a manager over a folder of its own.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::clock::Clock;
use crate::config::Sources;
use crate::domain::account::AccountId;
use crate::domain::report::SessionKind;
use crate::domain::routing::Strategy;
use crate::domain::time::Timestamp;
use crate::manager::ManagerOptions;
use crate::manager::accounts::{AccountChange, Change};
use crate::paths::Paths;
use crate::secrets::Secret;
use crate::tui::effect::Scope;

/// Answers each call with the next of what was prepared.
#[derive(Default)]
struct Prepared {
    calls: Mutex<Vec<(String, &'static str, Value)>>,
    answers: Mutex<VecDeque<Result<Value, Problem>>>,
}

impl Sessions for Prepared {
    fn call(&self, session: &str, method: &'static str, params: Value) -> BoxFuture<'static, Result<Value, Problem>> {
        self.calls.lock().unwrap().push((session.to_owned(), method, params));
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        async move { answer }.boxed()
    }
}

struct Stage {
    actor: Actor,
    manager: Arc<Manager>,
    events: UnboundedReceiver<Event>,
    sessions: Arc<Prepared>,
    begun: u64,
    _folder: tempfile::TempDir,
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let variable = |name: &str, value: String| (name.to_owned(), value);
    let place = |name: &str| folder.path().join(name).display().to_string();
    let environment: Environment = [
        variable("HOME", place("home")),
        variable("CAM_ACCOUNTS_FILE", place("accounts.json")),
        variable("CAM_CONFIG_FILE", place("config.toml")),
        variable("CAM_DATA_DIR", place("data")),
    ]
    .into_iter()
    .collect();
    let options = ManagerOptions {
        paths: Paths::resolve(&environment).unwrap(),
        environment: environment.clone(),
        sources: Sources::default(),
        master_key: None,
        clock: Clock::from_fn(|| Timestamp(1_800_000_000_000)).in_zone("UTC"),
        kind: SessionKind::Run,
        pid: std::process::id(),
        port: 0,
        program: None,
        folder: None,
        host: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let manager = Manager::open(options).unwrap();
    let (sender, events) = unbounded_channel();
    let sessions = Arc::new(Prepared::default());
    let actor = Actor::new(Arc::clone(&manager), sender, Arc::clone(&sessions) as Arc<dyn Sessions>, &environment);
    Stage { actor, manager, events, sessions, begun: 0, _folder: folder }
}

impl Stage {
    /// Runs a job to its end; what it reported before.
    async fn job(&mut self, job: Job) -> (Vec<Progress>, Result<Outcome, Problem>) {
        self.begun += 1;
        let id = JobId(self.begun);
        self.actor.run(Effect::Begin(id, job));
        let mut progress = Vec::new();
        loop {
            match self.events.recv().await.unwrap() {
                Event::Job(of, JobEvent::Progress(step)) if of == id => progress.push(step),
                Event::Job(of, JobEvent::Ended(result)) if of == id => return (progress, result),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn add(&mut self, label: &str, key: &str) -> Result<AccountId, Problem> {
        match self.job(Job::Add(Box::new(addition(label, key)))).await.1? {
            Outcome::Account(account) => Ok(AccountId::new(account.id)),
            other => panic!("{other:?}"),
        }
    }
}

fn addition(label: &str, key: &str) -> AccountChange {
    AccountChange {
        label: Some(label.to_owned()),
        api_key: Some(Secret::new(key.to_owned())),
        ..AccountChange::default()
    }
}

#[tokio::test]
async fn accounts_are_added_changed_and_removed() {
    let mut stage = stage();
    let id = stage.add("work", "sk-one").await.unwrap();
    let change = AccountChange { priority: Change::Set(7), enabled: Some(false), ..AccountChange::default() };
    let (_, changed) = stage.job(Job::Update(id.clone(), Box::new(change))).await;
    let Ok(Outcome::Account(account)) = changed else { panic!("{changed:?}") };
    assert_eq!((account.priority, account.enabled), (7, false));
    stage.job(Job::Remove(id)).await.1.unwrap();
    assert!(stage.manager.list().unwrap().accounts.is_empty());
}

#[tokio::test]
async fn an_error_has_the_words_and_the_hint_of_the_command_line() {
    let mut stage = stage();
    let problem = stage.job(Job::Switch { account: None, family: None, scope: Scope::Everywhere }).await.1.unwrap_err();
    assert_eq!(problem.text, "there is no account yet");
    stage.add("work", "sk-one").await.unwrap();
    let problem = stage.add("Work", "sk-two").await.unwrap_err();
    assert_eq!(problem.text, "an account is called `Work` already");
    assert!(problem.hint.unwrap().contains("choose another label"));
}

#[tokio::test]
async fn a_switch_everywhere_is_the_files_and_a_switch_of_one_session_is_asked_of_it() {
    let mut stage = stage();
    stage.add("work", "sk-one").await.unwrap();
    let home = stage.add("home", "sk-two").await.unwrap();
    let everywhere = Job::Switch { account: Some(home.clone()), family: None, scope: Scope::Everywhere };
    let (_, switched) = stage.job(everywhere).await;
    let Ok(Outcome::Account(account)) = switched else { panic!("{switched:?}") };
    assert_eq!((account.label.as_str(), account.active), ("home", true));

    let refused = Problem { text: "the session is gone".into(), hint: None };
    stage.sessions.answers.lock().unwrap().extend([
        Ok(json!({ "account": *account, "previous": null })),
        Err(refused.clone()),
        Ok(json!(7)),
    ]);
    let of_one = |family: Option<&str>| Job::Switch {
        account: Some(home.clone()),
        family: family.map(str::to_owned),
        scope: Scope::Session("s-1".into()),
    };
    assert_eq!(stage.job(of_one(Some("codex"))).await.1, Ok(Outcome::Account(account)));
    assert_eq!(stage.job(of_one(None)).await.1, Err(refused));
    let problem = stage.job(of_one(None)).await.1.unwrap_err();
    assert!(problem.text.starts_with("the session speaks another version of `accounts/switch`"), "{}", problem.text);
    let params = json!({ "account": home.to_string(), "family": "codex", "scope": "session" });
    assert_eq!(stage.sessions.calls.lock().unwrap()[0], ("s-1".to_owned(), "accounts/switch", params));
}

#[tokio::test]
async fn a_strategy_is_set_for_every_session_or_asked_of_one() {
    let mut stage = stage();
    let set = |scope| Job::SetStrategy { strategy: Strategy::Hybrid, scope };
    stage.job(set(Scope::Everywhere)).await.1.unwrap();
    assert_eq!(stage.manager.strategy(), Strategy::Hybrid);
    stage.sessions.answers.lock().unwrap().push_back(Ok(json!({ "strategy": "hybrid" })));
    stage.job(set(Scope::Session("s-1".into()))).await.1.unwrap();
    let params = json!({ "strategy": "hybrid", "scope": "session" });
    assert_eq!(stage.sessions.calls.lock().unwrap()[0], ("s-1".to_owned(), "routing/setStrategy", params));
}

#[tokio::test]
async fn a_refresh_without_logins_ends_and_of_a_key_says_why_it_cannot() {
    let mut stage = stage();
    let key = stage.add("work", "sk-one").await.unwrap();
    assert_eq!(stage.job(Job::Refresh(None)).await, (Vec::new(), Ok(Outcome::Refreshed { asked: 0 })));
    let problem = stage.job(Job::Refresh(Some(key))).await.1.unwrap_err();
    assert_eq!(problem.text, "`work` is an API key, which has no quota");
}

#[tokio::test]
async fn the_end_of_the_screen_waits_for_what_is_being_written() {
    let mut stage = stage();
    stage.actor.run(Effect::Begin(JobId(1), Job::Add(Box::new(addition("work", "sk-one")))));
    stage.actor.settled().await;
    assert_eq!(stage.manager.list().unwrap().accounts.len(), 1);
    assert!(matches!(stage.events.recv().await, Some(Event::Job(JobId(1), JobEvent::Ended(Ok(_))))));
}
