//! What `demo` shows: the whole product at work against an OpenAI that is simulated on this machine.

mod ask;
mod show;
mod sidecar;
mod stage;
mod story;
mod watch;

use clap::Args;

use crate::env::Environment;
use crate::error::Error;

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many agents, each with a sidecar of its own
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    sessions: u8,
    /// Show the terminal screen beside agents that go on until it is closed
    #[arg(long)]
    watch: bool,
}

/// Tells the story, or plays for as long as somebody looks; an error when any step of it did not happen.
pub async fn run(args: &DemoArgs, environment: &Environment) -> Result<u8, Error> {
    let sessions = usize::from(args.sessions);
    if args.watch {
        return watch::run(sessions, environment).await;
    }
    story::tell(sessions, show::Show::of(environment)).await.map(|()| 0)
}
