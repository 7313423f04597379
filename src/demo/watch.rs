//! `demo --watch`: the terminal screen beside agents that go on for as long as somebody looks. Agents, upstreams and what
//! was used before are simulated, and the screen says so; the sidecars and the screen itself are the real ones.

mod agent;
mod cast;
mod course;
mod dice;
mod past;
mod screen;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::stage::{Folder, Stage};
use crate::cli::printer::Printer;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::sys::Signal;
use crate::sys::signals::Signals;
use course::Course;
use screen::Screen;

/// How fast an answer is streamed.
const EVENT_PAUSE: Duration = Duration::from_millis(70);

/// Plays until the screen is closed; the exit code.
pub async fn run(sessions: usize, environment: &Environment) -> Result<u8, Error> {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !is_terminal || environment.get("TERM") == Some("dumb") {
        return Err(Error::new(
            ErrorKind::InvalidParams,
            "`demo --watch` shows a screen, and there is no terminal here that can show one",
        )
        .hint("run it in a terminal, or run `codex-account-manager demo`, which prints what happens"));
    }
    let mut signals = Signals::watch_possible(&[Signal::Hangup, Signal::Interrupt, Signal::Quit, Signal::Terminate]);
    let folder = Folder::new().map_err(|why| failed(&why))?;
    Printer::stdout(&format!("Starting {sessions} simulated agents on a simulated OpenAI: no account, no network …"));
    let ended = play(sessions, folder.path(), environment, &mut signals).await;
    drop(folder);
    let code = ended.map_err(|why| failed(&why))?;
    Printer::stdout("The agents, the upstreams and the past were simulated: nothing left this machine.");
    Ok(code)
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the demo stopped: {why}"))
        .hint("`codex-account-manager demo` runs the same things without a screen")
}

async fn play(sessions: usize, folder: &Path, environment: &Environment, signals: &mut Signals) -> Result<u8, String> {
    let stage = tokio::select! {
        set = set(sessions, folder) => Arc::new(set?),
        signal = signals.next() => return Ok(signal.exit_code()),
    };
    let mut course = Course::begin(&stage, sessions)?;
    let mut screen = Screen::open(&stage, environment)?;
    // A task that panics ends the course, not this one: the screen is closed in every case, and the terminal is as it was.
    let ended = tokio::select! {
        code = screen.ended() => code,
        signal = signals.next() => {
            screen.close().await;
            Ok(signal.exit_code())
        }
        why = course.failed() => {
            screen.close().await;
            Err(why)
        }
    };
    course.end().await;
    ended
}

/// Builds the stage: its accounts, what they used before, and its agents' folders.
async fn set(sessions: usize, folder: &Path) -> Result<Stage, String> {
    let cast = cast::Cast::new(sessions);
    let stage = Stage::new(&cast.labels(), &cast::LOGINS, folder)?;
    stage.pause_between_events(EVENT_PAUSE);
    let accounts = cast.enter(&stage).await?;
    past::write(&stage, &accounts).await;
    Ok(stage)
}
