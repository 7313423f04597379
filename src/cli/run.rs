//! `run`: a command whose OpenAI requests go through a proxy of its own.

pub(super) mod agents;
mod child;
pub(super) mod codex;
mod launchers;
pub(super) mod shims;
pub mod stand_in;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::RoutingFlags;
use super::context::{Context, check_accounts, flag_sources, started_in};
use super::help::Example;
use super::printer::Printer;
use super::sidecar::listen;
use crate::clock;
use crate::config::projects::narrowing_variables;
use crate::domain::report::SessionKind;
use crate::error::Error;
use crate::manager::{Manager, random_key};
use crate::server::lifecycle::{self, Ended};
use crate::server::message_keys::MessageKeys;
use crate::server::{Doors, Session, Turn};
use shims::Shims;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("run -- opencode", "OpenCode on your accounts"),
    ("run --strategy round_robin -- python agent.py", "a new account for each request"),
];

/// How long requests of programs that the command left behind may take to end.
const DRAIN: Duration = Duration::from_millis(500);

/// A command that ends earlier and is no agent may have had nothing to ask.
const A_MOMENT: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    routing: RoutingFlags,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    command: Vec<String>,
}

/// The command by its name alone: its folder says little, and its arguments may hold secrets.
fn name(command: &str) -> Option<String> {
    Some(Path::new(command).file_name()?.to_string_lossy().into_owned())
}

/// What helps where a program did not find the proxy.
const DIRECTLY: &str = "start the agent itself, as in `codex-account-manager run -- codex`, or see `docs/run.md`";

/// The stand-ins for what is behind a shell or a script. Without them `run` does all else that it can.
fn shims(context: &Context) -> Option<Shims> {
    let path = context.environment.get("PATH")?;
    match Shims::install(&context.paths.data.path, path) {
        Ok(shims) => Some(shims),
        Err(error) if error.kind() != std::io::ErrorKind::Unsupported => {
            Printer::warning(&format!(
                "`run` does not cover a Codex that a shell or a script starts: `{}` cannot be made: {error}",
                context.paths.data.path.join("run").display()
            ));
            None
        }
        Err(_) => None,
    }
}

/// Whether it is worth a word that a command that `lasted` so long asked for nothing.
fn is_surprising(words: &[String], lasted: Duration) -> bool {
    lasted >= A_MOMENT || agents::is_expected_to_ask(words)
}

/// Runs the command and exits as it does.
pub async fn run(context: &Context, args: RunArgs) -> Result<i32, Error> {
    let sources = flag_sources(&args.routing)?;
    let narrowing = narrowing_variables(&sources, &context.environment);
    let listener = listen().await?;
    let address = listener.local_addr().map_err(|error| {
        Error::because(crate::error::ErrorKind::Internal, "the proxy's address cannot be read", error)
    })?;
    let mut options = context.options(SessionKind::Run, address.port(), sources);
    options.folders = Some(vec![started_in(&context.environment)]);
    options.program = args.command.first().and_then(|command| name(command));
    let manager = Manager::open(options)?;
    check_accounts(&manager, &args.routing)?;
    Context::warn(&manager);
    let notices = manager.session().events();
    manager.join().await;
    // Reported before the command has the terminal; later it belongs to the command.
    Context::warn_of_start(notices);
    Context::warn_unless_served(&manager);
    manager.watch();
    manager.poll();
    let api_key = random_key();
    let session = Session {
        manager: Arc::clone(&manager),
        address,
        api_key: api_key.clone(),
        keys: MessageKeys::default(),
        turn: Turn::default(),
    };
    let doors = Doors::open(session, Vec::new(), listener);
    let shims = shims(context);
    if launchers::hides_codex(&args.command) {
        Printer::warning(&format!(
            "`run` does not cover a Codex that `{}` starts through a shell; {DIRECTLY}",
            args.command[0]
        ));
    }
    let given = agents::Given {
        port: address.port(),
        api_key: &api_key,
        serves_openai_alone: manager.accounts().view().serves_openai_alone(),
        shims: shims.as_ref(),
        narrowing,
    };
    manager.open_first_connection();
    let started = clock::instant();
    let code = child::run(agents::command(&args.command, &given, &context.environment)).await;
    let lasted = clock::instant().saturating_duration_since(started);
    let again = lifecycle::asked_to_end_again(Ended::Otherwise);
    doors.drain(DRAIN, again.clone()).await;
    let ran = !matches!(code, Err(_) | Ok(child::NOT_FOUND | child::NOT_EXECUTABLE));
    if ran && !manager.session().config().quiet() && !doors.were_used() && is_surprising(&args.command, lasted) {
        Printer::warning(&format!("nothing came to the proxy, so no account was used; {DIRECTLY}"));
    }
    manager.leave_within(Duration::from_secs(1)).await;
    manager.tokens().see_tokens_through(again, Printer::warning).await;
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_surprising_of_an_agent_and_after_a_moment() {
        for (words, seconds, expected) in [
            (["codex", "exec"], 0, true),
            (["codex", "--version"], 0, false),
            (["codex", "--version"], 2, true),
            (["sh", "agent.sh"], 1, false),
            (["sh", "agent.sh"], 2, true),
        ] {
            let lasted = Duration::from_secs(seconds);
            assert_eq!(is_surprising(&words.map(str::to_owned), lasted), expected, "{words:?} {seconds}");
        }
    }
}
