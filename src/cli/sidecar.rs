//! `sidecar`

use std::io::IsTerminal;
use std::net::Ipv4Addr;

use clap::Args;
use tokio::net::TcpListener;

use super::RoutingFlags;
use super::context::{Context, flag_sources, started_in};
use super::help::Example;
use super::printer::Printer;
use crate::domain::report::SessionKind;
use crate::error::{Error, ErrorKind};
use crate::server::stdio;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("sidecar --strategy priority", "as an editor starts it")];

#[derive(Debug, Args)]
pub struct SidecarArgs {
    /// Accepted because editors pass it; stdin and stdout are always used
    #[arg(long)]
    stdio: bool,
    #[command(flatten)]
    routing: RoutingFlags,
}

/// Serves until the client is done.
pub async fn run(context: &Context, args: &SidecarArgs) -> Result<u8, Error> {
    let sources = flag_sources(&args.routing)?;
    if std::io::stdin().is_terminal() {
        Printer::note(
            "This speaks JSON-RPC with an editor or agent on stdin and stdout. For a command, use `codex-account-manager run -- COMMAND`.",
        );
    }
    let listener = listen().await?;
    let mut options = context.options(SessionKind::Sidecar, 0, sources);
    // An editor starts what belongs to a project in its folder; it may name others.
    options.folders = Some(vec![started_in(&context.environment)]);
    Ok(stdio::serve(options, listener).await)
}

/// A listener on a loopback port that the system chooses.
pub async fn listen() -> Result<TcpListener, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| {
        Error::because(ErrorKind::Internal, "no loopback port can be opened", error)
            .hint("check the limits of open files and the loopback interface")
    })
}
