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
use crate::manager::ManagerOptions;
use crate::manager::accounts::verbs::{AccountChange, Change};
use crate::paths::Paths;
use crate::secrets::Secret;
use crate::tui::effect::Scope;
use simulated_openai::chatgpt::{Login, SimulatedChatGpt};

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
    stage_with(&[])
}

fn stage_with(more: &[(&str, String)]) -> Stage {
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
    .chain(more.iter().map(|(name, value)| variable(name, value.clone())))
    .collect();
    let options = ManagerOptions {
        paths: Paths::resolve(&environment).unwrap(),
        environment: environment.clone(),
        sources: Sources::default(),
        master_key: None,
        // Tokens of the simulated issuer end by the real one.
        clock: Clock::system(),
        kind: SessionKind::Run,
        pid: std::process::id(),
        port: 0,
        program: None,
        folder: None,
        folders: None,
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
    stage.job(Job::Remove(id.clone())).await.1.unwrap();
    let change = || Box::new(AccountChange::default());
    let problem = stage.job(Job::Update(id, change())).await.1.unwrap_err();
    assert_eq!(problem.text, "the account has been removed");
    assert!(stage.manager.list().unwrap().accounts.is_empty());
}

#[tokio::test]
async fn an_error_has_the_words_and_the_hint_of_the_command_line() {
    let mut stage = stage();
    let problem = stage.job(Job::Switch { account: None, family: None, scope: Scope::Everywhere }).await.1.unwrap_err();
    assert_eq!(problem.text, "there is no account yet");
    stage.add("work", "sk-one").await.unwrap();
    let problem = stage.add("Work", "sk-two").await.unwrap_err();
    assert_eq!(problem.text, "the label `Work` is already in use");
    assert!(problem.hint.unwrap().contains("choose another label"));
}

#[tokio::test]
async fn a_switch_everywhere_is_the_files_and_a_switch_of_one_session_is_asked_of_it() {
    let mut stage = stage();
    stage.add("work", "sk-one").await.unwrap();
    let home = stage.add("home", "sk-two").await.unwrap();
    let everywhere = Job::Switch { account: Some(home.clone()), family: None, scope: Scope::Everywhere };
    let (_, switched) = stage.job(everywhere).await;
    let Ok(Outcome::Switched(account, _)) = switched else { panic!("{switched:?}") };
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
    assert_eq!(stage.job(of_one(Some("codex"))).await.1, Ok(Outcome::Switched(account, Vec::new())));
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
    assert_eq!(stage.manager.session().strategy(), Strategy::Hybrid);
    stage.sessions.answers.lock().unwrap().push_back(Ok(json!({ "strategy": "hybrid" })));
    stage.job(set(Scope::Session("s-1".into()))).await.1.unwrap();
    let params = json!({ "strategy": "hybrid", "scope": "session" });
    assert_eq!(stage.sessions.calls.lock().unwrap()[0], ("s-1".to_owned(), "routing/setStrategy", params));
}

#[tokio::test]
async fn a_refresh_without_logins_ends_and_of_a_key_says_why_it_cannot() {
    let mut stage = stage();
    let key = stage.add("work", "sk-one").await.unwrap();
    assert_eq!(stage.job(Job::Refresh(None)).await, (Vec::new(), Ok(Outcome::Refreshed { asked: 0, failed: 0 })));
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

/// A stage beside a simulated ChatGPT at which one person has a login.
fn beside(upstream: &SimulatedChatGpt) -> Stage {
    let place = |name: &'static str| (name, upstream.base_url());
    stage_with(&[place("CAM_AUTH_ISSUER"), place("CAM_CHATGPT_BASE_URL")])
}

impl Stage {
    /// Begins a login by code: the job, the login's id and the code.
    async fn begin_login(&mut self, label: Option<&str>) -> (JobId, String, String) {
        self.begun += 1;
        let id = JobId(self.begun);
        let job = Job::LogIn { is_device: true, label: label.map(str::to_owned) };
        self.actor.run(Effect::Begin(id, job));
        match self.events.recv().await.unwrap() {
            Event::Job(of, JobEvent::Progress(Progress::LoginBegun { login, code: Some(code), .. })) if of == id => {
                (id, login, code)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn ended(&mut self, id: JobId) -> Result<Outcome, Problem> {
        loop {
            if let Event::Job(of, JobEvent::Ended(result)) = self.events.recv().await.unwrap() {
                assert_eq!(of, id);
                return result;
            }
        }
    }
}

#[tokio::test]
async fn a_login_by_code_shows_the_code_and_ends_with_the_account_that_is_refreshed_then() {
    let upstream = SimulatedChatGpt::start().unwrap();
    let person = upstream.add_login(Login::new("you@example.com", "ws-1", "pro")).account;
    let mut stage = beside(&upstream);
    let (id, _, code) = stage.begin_login(Some("home")).await;
    assert!(upstream.approve_device(&code, person));
    let Ok(Outcome::Account(account)) = stage.ended(id).await else { panic!() };
    assert_eq!((account.label.as_str(), account.plan.as_deref()), ("home", Some("pro")));

    let one = Progress::Refreshing { done: 0, of: 1, label: "home".into() };
    let (progress, result) = stage.job(Job::Refresh(None)).await;
    assert_eq!((progress, result), (vec![one.clone()], Ok(Outcome::Refreshed { asked: 1, failed: 0 })));

    drop(upstream);
    let (progress, result) = stage.job(Job::Refresh(Some(AccountId::new(account.id)))).await;
    assert_eq!(result, Ok(Outcome::Refreshed { asked: 1, failed: 1 }));
    assert!(matches!(&progress[..], [first, Progress::Failed { label, .. }] if *first == one && label == "home"));
}

#[tokio::test]
async fn a_login_that_is_cancelled_ends_and_says_so() {
    let upstream = SimulatedChatGpt::start().unwrap();
    let mut stage = beside(&upstream);
    let (id, login, _) = stage.begin_login(None).await;
    stage.actor.run(Effect::CancelLogin(login));
    assert_eq!(stage.ended(id).await.unwrap_err().text, "the login was cancelled");
}

#[tokio::test]
async fn a_login_under_a_label_that_a_key_has_does_not_begin() {
    let upstream = SimulatedChatGpt::start().unwrap();
    let mut stage = beside(&upstream);
    stage.add("home", "sk-one").await.unwrap();
    let (progress, result) = stage.job(Job::LogIn { is_device: true, label: Some("home".into()) }).await;
    assert!(progress.is_empty());
    assert!(result.unwrap_err().text.contains("`home`"));
}
