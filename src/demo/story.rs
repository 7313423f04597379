//! The story: N agents start at once, ask, hit a limit, fail over, are switched, and hit the end of every account.
//! Each step looks at what came back; one that did not happen ends the story with an error.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;

use super::ask::{Answer, Question, ask, ask_and_show, client};
use super::show::{Answers, Show};
use super::sidecar::Sidecar;
use super::stage::{Folder, LOGIN, Stage, labels, text};
use crate::cli::printer::Printer;
use crate::clock;
use crate::error::{Error, ErrorKind};

/// A pause that lets a person see that text streams.
const EVENT_PAUSE: Duration = Duration::from_millis(25);

/// What the agents ask for.
const MODEL: &str = "gpt-5.2-codex";

/// How long the limits of the story last.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Tells it.
pub async fn tell(sessions: usize, show: Show) -> Result<(), Error> {
    let began = clock::instant();
    let folder = Folder::new().map_err(|why| failed(&why))?;
    let result = steps(sessions, folder.path(), show).await.map_err(|why| failed(&why));
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

async fn steps(sessions: usize, folder: &Path, show: Show) -> Result<(), String> {
    Printer::stdout("This is the whole job on a simulated OpenAI on this machine: no account, no network.");
    let stage = Stage::new(&labels(sessions), &[(LOGIN, "plus")], folder)?;
    stage.pause_between_events(EVENT_PAUSE);
    let mut sidecars = start(&stage, sessions, show).await?;
    stream(&sidecars, show).await?;
    // The login is needed later.
    let first = sidecars.iter().position(|sidecar| sidecar.start_label() != LOGIN).ok_or("no agent has a key")?;
    fail_over(&stage, &mut sidecars[first], show).await?;
    // Another one than the first, and none that is on the login already.
    let is_other = |(at, sidecar): &(usize, &Sidecar)| *at != first && sidecar.start_label() != LOGIN;
    let other = sidecars.iter().enumerate().find(is_other).map_or(first, |(at, _)| at);
    switch(&mut sidecars[other], show).await?;
    refresh(&stage, &sidecars[other], show).await?;
    exhaust(&stage, &sidecars[0], show).await?;
    look(&stage, sidecars, show).await
}

async fn start(stage: &Stage, sessions: usize, show: Show) -> Result<Vec<Sidecar>, String> {
    let accounts = stage.keys.len() + 1;
    show.heading(&format!(
        "1. {accounts} accounts are added, one of them a ChatGPT login; {sessions} agents start at the same instant"
    ));
    for (label, key) in &stage.keys {
        stage.add_account(label, key, &[]).await?;
    }
    stage.log_in(LOGIN).await?;
    let began = clock::instant();
    let sidecars = try_join_all((0..sessions).map(|_| Sidecar::start(stage.command(), json!({})))).await?;
    let took = clock::instant().duration_since(began).as_millis();
    for Sidecar { info, .. } in &sidecars {
        let start = &info["session"]["startAccount"];
        show.happened(&format!(
            "pid {:<7} {} starts on account {} ({})",
            info["session"]["pid"],
            text(&info["proxy"]["baseUrl"]),
            start["index"],
            text(&start["label"]),
        ));
    }
    let starts: BTreeSet<&str> = sidecars.iter().map(Sidecar::start_label).collect();
    ensure(starts.len() == sessions && !starts.contains(""), "the agents did not start on different accounts")?;
    show.happened(&format!("all ready after {took} ms, on {} different accounts", starts.len()));
    Ok(sidecars)
}

async fn stream(sidecars: &[Sidecar], show: Show) -> Result<(), String> {
    show.heading("2. each asks, and the answers stream in parallel");
    let live = show.answers(sidecars.iter().map(Sidecar::start_label));
    let asked = sidecars.iter().enumerate().map(|(agent, sidecar)| asked(sidecar, agent, live.as_ref()));
    let answers = try_join_all(asked).await?;
    for Answer { status, label, pieces, first_ms, text, .. } in &answers {
        ensure(*status == 200 && *pieces > 1, "an answer did not stream")?;
        if live.is_none() {
            show.happened(&format!("{label:<14} {pieces} pieces, the first after {first_ms} ms: {text}"));
        }
    }
    let served: BTreeSet<&str> = answers.iter().map(|answer| answer.label.as_str()).collect();
    ensure(served.len() == sidecars.len(), "the agents did not use different accounts")
}

async fn fail_over(stage: &Stage, sidecar: &mut Sidecar, show: Show) -> Result<(), String> {
    show.heading("3. the first agent's account hits its rate limit");
    let first = sidecar.start_label().to_owned();
    stage.limit(&first, LIMIT);
    let answer = ask_once(sidecar).await?;
    let moved = answer.status == 200 && answer.label != first && answer.retries >= 1;
    ensure(moved, "the request did not fail over")?;
    show.happened(&format!(
        "{first} answered 429; the same request was answered by {} ({} retry): {}",
        answer.label, answer.retries, answer.text
    ));
    loop {
        let message = sidecar.notified("window/showMessage").await?;
        if text(&message["message"]).contains("rate limited") {
            show.happened(&format!("the message that the agent got: {}", text(&message["message"])));
            return Ok(());
        }
    }
}

async fn switch(sidecar: &mut Sidecar, show: Show) -> Result<(), String> {
    show.heading("4. another agent is switched to the ChatGPT account by hand, over JSON-RPC");
    let switched = sidecar.request("accounts/switch", &json!({ "account": LOGIN })).await?;
    ensure(switched["account"]["label"] == json!(LOGIN), "the switch did not lead to that account")?;
    let answer = ask_once(sidecar).await?;
    ensure(answer.label == LOGIN && answer.pieces > 1, "the switched agent did not use its account")?;
    show.happened(&format!(
        "accounts/switch {{\"account\":\"{LOGIN}\"}}: its next request went there, translated both ways: {}",
        answer.text
    ));
    Ok(())
}

async fn refresh(stage: &Stage, sidecar: &Sidecar, show: Show) -> Result<(), String> {
    show.heading("5. the token of the ChatGPT account ends while five requests come at once");
    let calls = stage.chatgpt.refreshes();
    stage.chatgpt.expire_access(stage.login(LOGIN));
    let answers = try_join_all((0..5).map(|_| ask_once(sidecar))).await?;
    let served = answers.iter().all(|answer| answer.status == 200 && answer.label == LOGIN);
    ensure(served, "a request was not served")?;
    let refreshes = stage.chatgpt.refreshes() - calls;
    ensure(refreshes == 1, "the token was not refreshed once")?;
    show.happened("one refresh for all of them, its new tokens on the disk before they were used; all served");
    Ok(())
}

async fn exhaust(stage: &Stage, sidecar: &Sidecar, show: Show) -> Result<(), String> {
    show.heading("6. every account is limited");
    for (label, _) in &stage.keys {
        stage.limit(label, LIMIT);
    }
    stage.limit(LOGIN, LIMIT);
    let answer = ask_once(sidecar).await?;
    let error = &answer.body["error"];
    let aggregate = answer.status == 429 && error["code"] == "all_accounts_rate_limited";
    ensure(aggregate, "there was no one answer for all")?;
    let accounts = error["accounts"].as_array().map_or(0, Vec::len);
    ensure(accounts == stage.keys.len() + 1, "the answer did not name every account")?;
    show.happened(&format!(
        "one 429 for all {accounts} accounts, `all_accounts_rate_limited`, free again in {} s",
        error["resets_in_seconds"]
    ));
    Ok(())
}

async fn look(stage: &Stage, mut sidecars: Vec<Sidecar>, show: Show) -> Result<(), String> {
    show.heading("7. what every agent sees now");
    let table = sidecars[0].request("workspace/executeCommand", &json!({"command": "openai-accounts"})).await?;
    let limited = text(&table).matches("rate-limited").count();
    ensure(limited == stage.keys.len() + 1, "the siblings did not learn of the limits")?;
    let listed = sidecars[0].request("accounts/list", &json!({})).await?;
    show.accounts(&listed, text(&table));
    let status = sidecars[0].request("status/read", &json!({})).await?;
    ensure(status["sessions"].as_array().map_or(0, Vec::len) == sidecars.len(), "not every session is listed")?;
    for sidecar in sidecars {
        ensure(sidecar.end().await? == Some(0), "a sidecar did not end cleanly")?;
    }
    show.happened("all sidecars ended with code 0");
    Ok(())
}

/// The same, with its answer shown as it comes.
async fn asked(sidecar: &Sidecar, agent: usize, live: Option<&Answers>) -> Result<Answer, String> {
    let question = Question { model: MODEL, input: "Say hello." };
    let show = |answer: &Answer, is_over| live.into_iter().for_each(|live| live.update(agent, answer, is_over));
    let answer = ask_and_show(&client()?, &sidecar.info, &question, |so_far| show(so_far, false)).await?;
    show(&answer, true);
    Ok(answer)
}

/// Asks for a greeting through the agent's own proxy.
async fn ask_once(sidecar: &Sidecar) -> Result<Answer, String> {
    ask(&client()?, &sidecar.info, &Question { model: MODEL, input: "Say hello." }).await
}

fn ensure(happened: bool, otherwise: &str) -> Result<(), String> {
    if happened { Ok(()) } else { Err(otherwise.to_owned()) }
}
