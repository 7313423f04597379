//! The story: N agents start at once, ask, hit a limit, fail over, are switched, and hit the end of every account.
//! Each step looks at what came back; one that did not happen ends the story with an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::ask::{Heard, ask};
use super::sidecar::Sidecar;
use super::simulated_chatgpt::{self as chatgpt, Account, Login, SimulatedChatGpt};
use super::simulated_openai::{Answer, LimitKind, SimulatedOpenAi, Wait};
use crate::cli::printer::Printer;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::manager::{random_id, random_key};

/// A pause that lets a person see that text streams.
const EVENT_PAUSE: Duration = Duration::from_millis(25);

/// How long the limits of the story last.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The person who logs in to ChatGPT, and so the label of that account.
const LOGIN: &str = "you@example.com";

/// Its keys' labels; more agents get numbered ones.
const LABELS: [&str; 4] = ["work", "personal", "side-project", "spare"];

/// Tells it.
pub async fn tell(sessions: usize) -> Result<(), Error> {
    let began = clock::instant();
    let folder = Folder::new().map_err(|why| failed(&why))?;
    let result = steps(sessions, folder.path()).await.map_err(|why| failed(&why));
    drop(folder);
    result?;
    Printer::stdout(&format!(
        "\nEvery step happened, in {:.1} s. The upstream was simulated: nothing left this machine.",
        clock::instant().duration_since(began).as_secs_f64()
    ));
    Ok(())
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the demo stopped: {why}"))
        .hint("`CAM_LOG=debug codex-account-manager demo` shows more")
}

async fn steps(sessions: usize, folder: &Path) -> Result<(), String> {
    Printer::stdout("This is the whole main job on a simulated OpenAI on this machine: no account, no network.");
    let stage = Stage::new(sessions, folder)?;
    let mut sidecars = start(&stage, sessions).await?;
    stream(&sidecars).await?;
    // The login is needed later.
    let first = sidecars.iter().position(|sidecar| sidecar.start_label() != LOGIN).ok_or("no agent has a key")?;
    fail_over(&stage, &mut sidecars[first]).await?;
    // Another one than the first, and none that is on the login already.
    let is_other = |(at, sidecar): &(usize, &Sidecar)| *at != first && sidecar.start_label() != LOGIN;
    let other = sidecars.iter().enumerate().find(is_other).map_or(first, |(at, _)| at);
    switch(&mut sidecars[other]).await?;
    refresh(&stage, &sidecars[other]).await?;
    exhaust(&stage, &sidecars[0]).await?;
    look(&stage, sidecars).await
}

async fn start(stage: &Stage, sessions: usize) -> Result<Vec<Sidecar>, String> {
    let accounts = stage.keys.len() + 1;
    heading(&format!(
        "1. {accounts} accounts are added, one of them a ChatGPT login; {sessions} agents start at the same instant"
    ));
    for (label, key) in &stage.keys {
        stage.upstream.add_key(key);
        add_account(stage, label, key).await?;
    }
    log_in(stage).await?;
    let began = clock::instant();
    let sidecars = try_join_all((0..sessions).map(|_| Sidecar::start(command(stage)))).await?;
    let took = clock::instant().duration_since(began).as_millis();
    for Sidecar { info, .. } in &sidecars {
        let start = &info["session"]["startAccount"];
        Printer::stdout(&format!(
            "   pid {:<7} {} starts on account {} ({})",
            info["session"]["pid"],
            text(&info["proxy"]["baseUrl"]),
            start["index"],
            text(&start["label"]),
        ));
    }
    let starts: BTreeSet<&str> = sidecars.iter().map(Sidecar::start_label).collect();
    ensure(starts.len() == sessions && !starts.contains(""), "the agents did not start on different accounts")?;
    Printer::stdout(&format!("   all ready after {took} ms, on {} different accounts", starts.len()));
    Ok(sidecars)
}

async fn stream(sidecars: &[Sidecar]) -> Result<(), String> {
    heading("2. each asks, and the answers stream in parallel");
    let answers = try_join_all(sidecars.iter().map(|sidecar| ask(&sidecar.info))).await?;
    for Heard { status, label, pieces, first_ms, text, .. } in &answers {
        ensure(*status == 200 && *pieces > 1, "an answer did not stream")?;
        Printer::stdout(&format!("   {label:<14} {pieces} pieces, the first after {first_ms} ms: {text}"));
    }
    let served: BTreeSet<&str> = answers.iter().map(|answer| answer.label.as_str()).collect();
    ensure(served.len() == sidecars.len(), "the agents did not use different accounts")
}

async fn fail_over(stage: &Stage, sidecar: &mut Sidecar) -> Result<(), String> {
    heading("3. the first agent's account hits its rate limit");
    let first = sidecar.start_label().to_owned();
    stage.limit(&first);
    let answer = ask(&sidecar.info).await?;
    let moved = answer.status == 200 && answer.label != first && answer.retries >= 1;
    ensure(moved, "the request did not fail over")?;
    Printer::stdout(&format!(
        "   {first} answered 429; the same request was answered by {} ({} retry): {}",
        answer.label, answer.retries, answer.text
    ));
    loop {
        let message = sidecar.notified("window/showMessage").await?;
        if text(&message["message"]).contains("rate limited") {
            Printer::stdout(&format!("   the agent was told: {}", text(&message["message"])));
            return Ok(());
        }
    }
}

async fn switch(sidecar: &mut Sidecar) -> Result<(), String> {
    heading("4. another agent is switched to the ChatGPT account by hand, over JSON-RPC");
    let switched = sidecar.request("accounts/switch", &json!({ "account": LOGIN })).await?;
    ensure(switched["account"]["label"] == json!(LOGIN), "the switch did not lead to that account")?;
    let answer = ask(&sidecar.info).await?;
    ensure(answer.label == LOGIN && answer.pieces > 1, "the switched agent did not use its account")?;
    Printer::stdout(&format!(
        "   accounts/switch {{\"account\":\"{LOGIN}\"}}: its next request went there, translated both ways: {}",
        answer.text
    ));
    Ok(())
}

async fn refresh(stage: &Stage, sidecar: &Sidecar) -> Result<(), String> {
    heading("5. the token of the ChatGPT account ends while five requests come at once");
    let calls = stage.chatgpt.token_calls().len();
    stage.chatgpt.expire_access(stage.login);
    let answers = try_join_all((0..5).map(|_| ask(&sidecar.info))).await?;
    let served = answers.iter().all(|answer| answer.status == 200 && answer.label == LOGIN);
    ensure(served, "a request was not served")?;
    let refreshes = stage.chatgpt.token_calls().len() - calls;
    ensure(refreshes == 1, "the token was not refreshed once")?;
    Printer::stdout("   one refresh for all of them, its new tokens on the disk before they were used; all served");
    Ok(())
}

async fn exhaust(stage: &Stage, sidecar: &Sidecar) -> Result<(), String> {
    heading("6. every account is limited");
    for (label, _) in &stage.keys {
        stage.limit(label);
    }
    stage.limit(LOGIN);
    let answer = ask(&sidecar.info).await?;
    let error = &answer.body["error"];
    let aggregate = answer.status == 429 && error["code"] == "all_accounts_rate_limited";
    ensure(aggregate, "there was no one answer for all")?;
    let accounts = error["accounts"].as_array().map_or(0, Vec::len);
    ensure(accounts == stage.keys.len() + 1, "the answer did not name every account")?;
    Printer::stdout(&format!(
        "   one 429 for all {accounts} accounts, `all_accounts_rate_limited`, free again in {} s",
        error["resets_in_seconds"]
    ));
    Ok(())
}

async fn look(stage: &Stage, mut sidecars: Vec<Sidecar>) -> Result<(), String> {
    heading("7. what every agent sees now");
    let table = sidecars[0].request("workspace/executeCommand", &json!({"command": "openai-accounts"})).await?;
    let limited = text(&table).matches("rate-limited").count();
    ensure(limited == stage.keys.len() + 1, "the siblings did not learn of the limits")?;
    for line in text(&table).lines().filter(|line| !line.starts_with("Storage:")) {
        Printer::stdout(&format!("   {line}"));
    }
    let status = sidecars[0].request("status/read", &json!({})).await?;
    ensure(status["sessions"].as_array().map_or(0, Vec::len) == sidecars.len(), "not every session is listed")?;
    for sidecar in sidecars {
        ensure(sidecar.end().await? == Some(0), "a sidecar did not end cleanly")?;
    }
    Printer::stdout("   all sidecars ended with code 0");
    Ok(())
}

/// What the story plays with.
struct Stage {
    upstream: SimulatedOpenAi,
    chatgpt: SimulatedChatGpt,
    login: Account,
    folder: PathBuf,
    /// Label and key.
    keys: Vec<(String, String)>,
}

impl Stage {
    fn new(sessions: usize, folder: &Path) -> Result<Stage, String> {
        let failed = |error: std::io::Error| format!("the simulated upstream cannot start: {error}");
        let upstream = SimulatedOpenAi::start().map_err(failed)?;
        let chatgpt = SimulatedChatGpt::start().map_err(failed)?;
        upstream.traffic().set_stream_pause(EVENT_PAUSE);
        chatgpt.traffic().set_stream_pause(EVENT_PAUSE);
        let login = chatgpt.add_login(Login::new(LOGIN, "workspace-1", "plus")).account;
        Ok(Stage { upstream, chatgpt, login, folder: folder.to_owned(), keys: keys(sessions) })
    }

    fn limit(&self, label: &str) {
        if label == LOGIN {
            let answer = chatgpt::Answer::UsageLimit { status: 429, resets_in: LIMIT };
            self.chatgpt.always(self.login, Some(answer));
        }
        for (_, key) in self.keys.iter().filter(|(known, _)| known == label) {
            let answer = Answer::RateLimit { retry_after: Wait::Usual(LIMIT), kind: LimitKind::Tokens };
            self.upstream.always(key, Some(answer));
        }
    }
}

fn keys(count: usize) -> Vec<(String, String)> {
    let label =
        |index: usize| LABELS.get(index).map_or_else(|| format!("extra-{}", index + 1), |label| (*label).to_owned());
    (0..count).map(|index| (label(index), format!("sk-simulated-{}", random_key().expose()))).collect()
}

/// This program over the story's own files, with nothing of the person's.
fn command(stage: &Stage) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "codex-account-manager".into());
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", &stage.folder)
        .env("CAM_ACCOUNTS_FILE", stage.folder.join("accounts.json"))
        .env("CAM_CONFIG_FILE", stage.folder.join("config.toml"))
        .env("CAM_DATA_DIR", stage.folder.join("data"))
        .env("CAM_OPENAI_BASE_URL", stage.upstream.base_url())
        .env("CAM_CHATGPT_BASE_URL", stage.chatgpt.base_url())
        .env("CAM_AUTH_ISSUER", stage.chatgpt.base_url());
    command
}

async fn add_account(stage: &Stage, label: &str, key: &str) -> Result<(), String> {
    let mut command = command(stage);
    command.args(["add", label, "--key-stdin"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(key.as_bytes()).await.map_err(|error| error.to_string())?;
    drop(stdin);
    let status = child.wait().await.map_err(|error| error.to_string())?;
    ensure(status.success(), "an account could not be added")
}

/// A person who types the code into the issuer's page at once.
async fn log_in(stage: &Stage) -> Result<(), String> {
    stage.chatgpt.approve_next_device(stage.login);
    let mut command = command(stage);
    command.args(["login", "--device"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().await.map_err(|error| error.to_string())?;
    ensure(status.success(), "the login did not end well")
}

fn ensure(happened: bool, otherwise: &str) -> Result<(), String> {
    if happened { Ok(()) } else { Err(otherwise.to_owned()) }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn heading(text: &str) {
    Printer::stdout(&format!("\n{text}"));
}

/// A folder that goes with the story.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, String> {
        let path = std::env::temp_dir().join(format!("codex-account-manager-demo-{}", random_id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| format!("`{}` cannot be made: {error}", path.display()))?;
        Ok(Folder(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system clears its temporary folder in the end.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
