//! The story: N agents start at once, ask, hit a limit, fail over, are switched, and hit the end of every account.
//! Each step looks at what came back; one that did not happen ends the story with an error.
#![expect(clippy::disallowed_methods, reason = "the story has a folder of its own, made and removed here")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::sidecar::Sidecar;
use super::simulated_openai::{Answer, LimitKind, SimulatedOpenAi, Wait};
use crate::cli::printer::Printer;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::manager::{random_id, random_key};

/// What the agents ask for.
const MODEL: &str = "gpt-5.2-codex";

/// A pause that lets a person see that text streams.
const EVENT_PAUSE: Duration = Duration::from_millis(25);

/// How long the limits of the story last.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Its accounts' labels; more agents get numbered ones.
const LABELS: [&str; 4] = ["work", "personal", "side-project", "spare"];

/// Tells it.
pub async fn tell(sessions: usize) -> Result<(), Error> {
    let began = clock::instant();
    let folder = Folder::new().map_err(failed)?;
    let result = steps(sessions, folder.path()).await.map_err(failed);
    drop(folder);
    result?;
    Printer::stdout(&format!(
        "\nEvery step happened, in {:.1} s. The upstream was simulated: nothing left this machine.",
        clock::instant().duration_since(began).as_secs_f64()
    ));
    Ok(())
}

fn failed(why: String) -> Error {
    Error::new(ErrorKind::Internal, format!("the demo stopped: {why}"))
        .hint("`CAM_LOG=debug codex-account-manager demo` shows more")
}

async fn steps(sessions: usize, folder: &Path) -> Result<(), String> {
    Printer::stdout("This is the whole main job on a simulated OpenAI on this machine: no account, no network.");
    let upstream =
        SimulatedOpenAi::start().await.map_err(|error| format!("the simulated OpenAI cannot start: {error}"))?;
    upstream.set_stream_pause(EVENT_PAUSE);
    let stage = Stage { upstream, folder: folder.to_owned(), keys: keys(sessions + 1) };

    heading(&format!("1. {} accounts are added, {sessions} agents start at the same instant", stage.keys.len()));
    for (label, key) in &stage.keys {
        stage.upstream.add_key(key);
        add_account(&stage, label, key).await?;
    }
    let began = clock::instant();
    let mut sidecars = try_join_all((0..sessions).map(|_| Sidecar::start(command(&stage)))).await?;
    let took = clock::instant().duration_since(began).as_secs_f64() * 1000.0;
    for sidecar in &sidecars {
        let info = &sidecar.info;
        Printer::stdout(&format!(
            "   pid {:<7} {} starts on account {} ({})",
            info["session"]["pid"],
            text(&info["proxy"]["baseUrl"]),
            info["session"]["startAccount"]["index"],
            text(&info["session"]["startAccount"]["label"]),
        ));
    }
    let starts: BTreeSet<&str> =
        sidecars.iter().map(|sidecar| text(&sidecar.info["session"]["startAccount"]["id"])).collect();
    ensure(starts.len() == sessions && !starts.contains(""), "the agents did not start on different accounts")?;
    Printer::stdout(&format!("   all ready after {took:.0} ms, on {} different accounts", starts.len()));

    heading("2. each asks, and the answers stream in parallel");
    let answers = join_all(sidecars.iter().map(|sidecar| ask(&sidecar.info))).await;
    for answer in &answers {
        let answer = answer.as_ref().map_err(Clone::clone)?;
        ensure(answer.status == 200 && answer.pieces > 1, "an answer did not stream")?;
        Printer::stdout(&format!(
            "   {:<14} {} pieces, the first after {} ms: {}",
            answer.label, answer.pieces, answer.first_ms, answer.text
        ));
    }
    let served: BTreeSet<String> = answers.into_iter().flatten().map(|answer| answer.label).collect();
    ensure(served.len() == sessions, "the agents did not use different accounts")?;

    heading("3. the first agent's account hits its rate limit");
    let first = text(&sidecars[0].info["session"]["startAccount"]["label"]).to_owned();
    stage.limit(&first, true);
    let answer = ask(&sidecars[0].info).await?;
    ensure(answer.status == 200 && answer.label != first && answer.retries >= 1, "the request did not fail over")?;
    Printer::stdout(&format!(
        "   {first} answered 429; the same request was answered by {} ({} retry): {}",
        answer.label, answer.retries, answer.text
    ));
    let notice = sidecars[0].notified("window/showMessage").await?;
    let mut message = text(&notice["message"]).to_owned();
    while !message.contains("rate limited") {
        message = text(&sidecars[0].notified("window/showMessage").await?["message"]).to_owned();
    }
    Printer::stdout(&format!("   the agent was told: {message}"));

    heading("4. the last agent is switched by hand, over JSON-RPC");
    let last = sidecars.len() - 1;
    let target = stage
        .keys
        .iter()
        .map(|(label, _)| label.clone())
        .find(|label| *label != first && !served_by(&sidecars[last].info, label))
        .ok_or("there is no other account")?;
    let switched = sidecars[last].request("accounts/switch", &json!({"account": target})).await?;
    ensure(switched["account"]["label"] == json!(target), "the switch did not lead to that account")?;
    let answer = ask(&sidecars[last].info).await?;
    ensure(answer.label == target, "the switched agent did not use its account")?;
    Printer::stdout(&format!(
        "   accounts/switch {{\"account\":\"{target}\"}} -> its next request went to {}",
        answer.label
    ));

    heading("5. every account is limited");
    for (label, _) in &stage.keys {
        stage.limit(label, true);
    }
    let answer = ask(&sidecars[0].info).await?;
    ensure(
        answer.status == 429 && answer.body["error"]["code"] == "all_accounts_rate_limited",
        "there was no one answer for all",
    )?;
    let accounts = answer.body["error"]["accounts"].as_array().map_or(0, Vec::len);
    ensure(accounts == stage.keys.len(), "the answer did not name every account")?;
    Printer::stdout(&format!(
        "   one 429 for all {accounts} accounts, `all_accounts_rate_limited`, free again in {} s",
        answer.body["error"]["resets_in_seconds"]
    ));

    heading("6. what every agent sees now");
    let table = sidecars[0].request("workspace/executeCommand", &json!({"command": "openai-accounts"})).await?;
    ensure(text(&table).matches("rate-limited").count() == accounts, "the siblings did not learn of the limits")?;
    Printer::stdout(
        &text(&table)
            .lines()
            .filter(|line| !line.starts_with("Storage:"))
            .map(|line| format!("   {line}\n"))
            .collect::<String>(),
    );
    let status = sidecars[0].request("status/read", &json!({})).await?;
    ensure(status["sessions"].as_array().map_or(0, Vec::len) == sessions, "not every session is listed")?;
    for sidecar in sidecars {
        ensure(sidecar.end().await? == Some(0), "a sidecar did not end cleanly")?;
    }
    Printer::stdout("   all sidecars ended with code 0");
    Ok(())
}

/// What the story plays with.
struct Stage {
    upstream: SimulatedOpenAi,
    folder: PathBuf,
    /// Label and key.
    keys: Vec<(String, String)>,
}

impl Stage {
    fn limit(&self, label: &str, limited: bool) {
        for (_, key) in self.keys.iter().filter(|(known, _)| known == label) {
            let answer = Answer::RateLimit { retry_after: Wait::Usual(LIMIT), kind: LimitKind::Tokens };
            self.upstream.always(key, limited.then_some(answer));
        }
    }
}

fn keys(count: usize) -> Vec<(String, String)> {
    let label =
        |index: usize| LABELS.get(index).map_or_else(|| format!("extra-{}", index + 1), |label| (*label).to_owned());
    (0..count.max(2)).map(|index| (label(index), format!("sk-simulated-{}", random_key().expose()))).collect()
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
        .env("CAM_OPENAI_BASE_URL", stage.upstream.base_url());
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

/// What an agent got.
struct Heard {
    status: u16,
    label: String,
    retries: u64,
    text: String,
    pieces: usize,
    first_ms: u128,
    body: Value,
}

/// Asks through the agent's own proxy and listens to the stream.
async fn ask(info: &Value) -> Result<Heard, String> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::upstream::tls_config())
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())?;
    let began = clock::instant();
    let response = client
        .post(format!("{}/responses", text(&info["proxy"]["baseUrl"])))
        .bearer_auth(text(&info["proxy"]["apiKey"]))
        .json(&json!({"model": MODEL, "input": "Say hello.", "stream": true}))
        .send()
        .await
        .map_err(|error| error.to_string())?;
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut heard = Heard {
        status: response.status().as_u16(),
        label: header("x-account-label"),
        retries: header("x-retry-count").parse().unwrap_or_default(),
        text: String::new(),
        pieces: 0,
        first_ms: 0,
        body: Value::Null,
    };
    let mut stream = response.bytes_stream();
    let mut received = Vec::new();
    while let Some(bytes) = stream.next().await {
        received.extend_from_slice(&bytes.map_err(|error| error.to_string())?);
        while let Some(end) = received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = received.drain(..=end).collect();
            let Some(event) = line.strip_prefix(b"data: ").and_then(|data| serde_json::from_slice::<Value>(data).ok())
            else {
                continue;
            };
            if event["type"] == "response.output_text.delta" {
                if heard.pieces == 0 {
                    heard.first_ms = clock::instant().duration_since(began).as_millis();
                }
                heard.pieces += 1;
                heard.text.push_str(text(&event["delta"]));
            }
        }
    }
    heard.body = serde_json::from_slice(&received).unwrap_or_default();
    Ok(heard)
}

fn served_by(info: &Value, label: &str) -> bool {
    info["session"]["startAccount"]["label"] == json!(label)
}

fn ensure(happened: bool, otherwise: &str) -> Result<(), String> {
    if happened { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn text(value: &Value) -> &str {
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
