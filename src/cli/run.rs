//! `run`: a command whose OpenAI requests go through a proxy of its own.

mod agents;
mod child;
mod codex;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::RoutingFlags;
use super::context::{Context, flag_sources};
use super::printer::Printer;
use super::sidecar::listen;
use crate::domain::report::SessionKind;
use crate::error::Error;
use crate::manager::{Manager, random_key};
use crate::server::lifecycle::{self, Ended};
use crate::server::{Doors, Session};

/// How long requests of programs that the command left behind may take to end.
const DRAIN: Duration = Duration::from_millis(500);

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

/// Runs the command and exits as it does.
pub async fn run(context: &Context, args: RunArgs) -> Result<u8, Error> {
    let sources = flag_sources(&args.routing)?;
    let listener = listen().await?;
    let address = listener.local_addr().map_err(|error| {
        Error::new(crate::error::ErrorKind::Internal, format!("the proxy's address cannot be read: {error}"))
    })?;
    let mut options = context.options(SessionKind::Run, address.port(), sources);
    options.program = args.command.first().and_then(|command| name(command));
    let manager = Manager::open(options)?;
    Context::warn(&manager);
    let notices = manager.events();
    manager.join().await;
    // Told before the command has the terminal; later it belongs to the command.
    Context::warn_of_start(notices);
    Context::warn_unless_served(&manager);
    manager.watch();
    manager.poll();
    let api_key = random_key();
    let session = Session { manager: Arc::clone(&manager), address, api_key: api_key.clone() };
    let doors = Doors::open(session, Vec::new(), listener);
    let command =
        agents::command(&args.command, address.port(), &api_key, manager.serves_openai_alone(), &context.environment);
    let code = child::run(command).await;
    let again = lifecycle::asked_to_end_again(Ended::Otherwise);
    doors.drain(DRAIN, again.clone()).await;
    manager.leave_within(Duration::from_secs(1)).await;
    manager.see_tokens_through(again, Printer::warning).await;
    code
}
