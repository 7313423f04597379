//! What `demo` shows: the whole product at work against an OpenAI that is simulated on this machine.

mod ask;
mod loopback;
mod sidecar;
pub mod simulated_chatgpt;
pub mod simulated_openai;
mod story;

use clap::Args;

use crate::error::Error;

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many agents, each with a sidecar of its own
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    sessions: u8,
}

/// Tells the story; an error when any step of it did not happen.
pub async fn run(args: &DemoArgs) -> Result<u8, Error> {
    story::tell(usize::from(args.sessions)).await.map(|()| 0)
}
