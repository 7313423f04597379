//! The command line: one variant per verb. Results go to stdout, everything else to stderr.

// The commands, a file each.
mod add;
mod completions;
mod config;
mod connect;
mod doctor;
mod edit;
mod explain;
mod export;
mod import;
mod list;
mod login;
mod merge;
mod proxy;
mod refresh;
mod rekey;
mod remove;
mod reset;
mod rpc;
mod run;
mod schema;
mod service;
mod sidecar;
mod status;
mod switch;
mod tui;
mod usage;
mod version;

// What they share: reading words, asking, printing, completing.
mod accounts;
mod complete;
mod context;
mod help;
pub mod printer;
mod program;
mod question;
mod rules;
mod secret_line;
pub mod table;
pub mod text;
mod values;
pub mod watch;

#[cfg(test)]
mod tests;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use futures_util::future::LocalBoxFuture;
use tracing::Level;

use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::theme::{self, When};
use crate::{demo, hardening, logging, sys};
use context::Context;
use help::Group;
use printer::Printer;

/// Use several OpenAI accounts from any agent or editor as if they were one.
#[derive(Debug, Parser)]
#[command(name = program::NAME, version, about, max_term_width = 100, arg_required_else_help = false)]
#[command(styles = theme::of_help())]
pub struct Cli {
    /// Whether to use colours: `auto`, `always` or `never`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 902)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    color: When,
    #[command(flatten)]
    volume: Volume,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// How much is said beside the result.
#[derive(Clone, Copy, Debug, Default, Args)]
struct Volume {
    /// Print only results and errors, without notes and warnings
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 900)]
    quiet: bool,
    /// Log more to stderr: `-v` what happens, `-vv` for debugging, `-vvv` everything
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 901)]
    verbose: u8,
}

impl Volume {
    /// What is logged beyond `CAM_LOG`.
    fn level(self) -> Option<Level> {
        match self.verbose {
            0 => None,
            1 => Some(Level::INFO),
            2 => Some(Level::DEBUG),
            _ => Some(Level::TRACE),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Watch and manage accounts on the terminal; the default
    Tui,
    /// Serve one editor or agent by JSON-RPC on stdin and stdout
    Sidecar(sidecar::SidecarArgs),
    /// Run only the proxy, in the foreground
    Proxy(proxy::ProxyArgs),
    /// Run a command whose OpenAI requests go through a proxy of its own
    Run(run::RunArgs),
    /// Keep one proxy running for programs that no shell starts
    Service(service::ServiceArgs),
    /// Point a program that no shell starts at the service, or undo that
    Connect(connect::ConnectArgs),
    /// Add an API-key account
    Add(add::AddArgs),
    /// Add a ChatGPT account by logging in
    Login(login::LoginArgs),
    /// Show every account and its state
    #[command(visible_alias = "ls")]
    List(watch::WatchArgs),
    /// Show one account
    Show(list::ShowArgs),
    /// Change an account
    Edit(edit::EditArgs),
    /// Remove an account
    #[command(visible_alias = "rm")]
    Remove(remove::RemoveArgs),
    /// Merge two accounts that are the same login
    Merge(merge::MergeArgs),
    /// Switch every session to an account, or undo that
    #[command(visible_alias = "use")]
    Switch(switch::SwitchArgs),
    /// Refresh expiring tokens and the quota of ChatGPT accounts
    Refresh(refresh::RefreshArgs),
    /// Show the sessions that are alive and the accounts' state
    Status(watch::WatchArgs),
    /// Show what was used and what it cost
    Usage(usage::UsageArgs),
    /// Explain which account a request would get, and why
    Explain(explain::ExplainArgs),
    /// Call a JSON-RPC method of a running session
    Rpc(rpc::RpcArgs),
    /// Show the configuration and where it comes from, or change it
    Config(config::ConfigArgs),
    /// Check files, keys, upstreams and siblings, and say what to run
    Doctor(Json),
    /// Add the accounts of Codex, OpenCode or another accounts file
    Import(import::ImportArgs),
    /// Write the accounts to stdout, or to a file of your own
    Export(export::ExportArgs),
    /// Seal every secret under a new master key
    Rekey(rekey::RekeyArgs),
    /// Start fresh: move the accounts file away
    Reset(reset::ResetArgs),
    /// Write the generated files under `schemas/`, or check them
    Schema(schema::SchemaArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
    /// Print the version, the commit and the platform
    Version(Json),
    /// Show everything at work on a simulated OpenAI; needs no account
    Demo(demo::DemoArgs),
}

/// The commands by purpose, in the order in which a person needs them, each with the examples of its help.
pub const GROUPS: &[Group] = &[
    (
        "Accounts",
        &[
            ("list", list::EXAMPLES),
            ("show", list::SHOW_EXAMPLES),
            ("add", add::EXAMPLES),
            ("login", login::EXAMPLES),
            ("import", import::EXAMPLES),
            ("edit", edit::EXAMPLES),
            ("remove", remove::EXAMPLES),
            ("merge", merge::EXAMPLES),
            ("switch", switch::EXAMPLES),
            ("refresh", refresh::EXAMPLES),
        ],
    ),
    (
        "Serving",
        &[
            ("run", run::EXAMPLES),
            ("service", &[]),
            ("service install", service::INSTALL_EXAMPLES),
            ("service status", service::STATUS_EXAMPLES),
            ("connect", connect::EXAMPLES),
            ("proxy", proxy::EXAMPLES),
            ("sidecar", sidecar::EXAMPLES),
            ("tui", &[]),
            ("demo", &[("demo", "tell the story in this terminal"), ("demo --watch", "show the screen meanwhile")]),
        ],
    ),
    (
        "Watching",
        &[
            ("status", status::EXAMPLES),
            ("usage", usage::EXAMPLES),
            ("explain", explain::EXAMPLES),
            ("doctor", doctor::EXAMPLES),
        ],
    ),
    (
        "Configuration and files",
        &[
            ("config", &[]),
            ("config set", config::set::EXAMPLES),
            ("config get", config::get::EXAMPLES),
            ("export", export::EXAMPLES),
            ("rekey", &[]),
            ("reset", &[]),
        ],
    ),
    (
        "Scripts and shells",
        &[("rpc", rpc::EXAMPLES), ("completions", completions::EXAMPLES), ("schema", &[]), ("version", &[])],
    ),
];

/// `--json`
#[derive(Clone, Copy, Debug, Args)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Flags of the commands that route requests.
#[derive(Clone, Debug, Default, Args)]
pub struct RoutingFlags {
    /// How the account for a request is chosen
    #[arg(long, value_name = "STRATEGY", value_parser = values::Strategies)]
    strategy: Option<String>,
    /// Set a configuration key for this process
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Use these accounts alone: groups, ids and labels between commas, `!` before what is left out
    #[arg(long, value_name = "LIST")]
    accounts: Vec<String>,
}

/// The whole process; returns its exit code. It has more than eight bits where a command under `run` may have.
pub fn main() -> i32 {
    let environment = Environment::capture();
    // First of all: what this process is about to become keeps its own limits.
    if let Some(code) = run::stand_in::run(std::env::args_os(), &environment) {
        return code;
    }
    hardening::apply();
    sys::memory::share();
    if complete::answer(&environment) {
        return 0;
    }
    let cli = match program::parse(&program::name()) {
        Ok(cli) => cli,
        Err(error) => {
            Printer::begin(&environment, named_colour());
            if error.use_stderr() {
                Printer::misuse(&error.render());
                return 2;
            }
            Printer::help(&error.render());
            return i32::from(Printer::stdout_failed());
        }
    };
    Printer::begin(&environment, cli.color);
    let environment = match &cli.verb {
        Some(Verb::Proxy(args)) => args.environment(environment),
        _ => Ok(environment),
    };
    let environment = match environment {
        Ok(environment) => environment,
        Err(error) => {
            Printer::error(&error);
            return error.kind.exit_code().into();
        }
    };
    logging::start(environment.get("CAM_LOG"), cli.volume.level());
    if cli.volume.quiet {
        Printer::be_quiet();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Printer::error(&Error::because(ErrorKind::Internal, "the runtime cannot start", error));
            return 1;
        }
    };
    let code = runtime.block_on(verb(cli.verb, environment)).unwrap_or_else(|error| {
        Printer::error(&error);
        error.kind.exit_code().into()
    });
    // A read of stdin may be pending for ever.
    runtime.shutdown_background();
    if code == 0 && Printer::stdout_failed() { 1 } else { code }
}

/// What `--color` says on a command line that clap does not take, or that asks for help.
fn named_colour() -> When {
    let words: Vec<String> =
        std::env::args_os().filter_map(|word| word.into_string().ok()).take_while(|word| word != "--").collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    let apart = pairs.filter(|(word, _)| *word == "--color").map(|(_, when)| when.as_str());
    let named = words.iter().filter_map(|word| word.strip_prefix("--color=")).chain(apart).last();
    named.and_then(|when| When::from_str(when, false).ok()).unwrap_or_default()
}

async fn verb(verb: Option<Verb>, environment: Environment) -> Result<i32, Error> {
    let has_screen = crate::tui::is_possible(&environment);
    let verb = match verb {
        None if !has_screen => {
            Printer::misuse(&program::command(&program::name()).render_help());
            return Ok(2);
        }
        Some(Verb::Tui) if !has_screen => return Err(tui::impossible()),
        verb => verb.unwrap_or(Verb::Tui),
    };
    let context = &Context::new(environment)?;
    // Each in a box of its own: one stack frame for all of them would be as large as the largest.
    let running: LocalBoxFuture<'_, Result<u8, Error>> = match verb {
        Verb::Tui => Box::pin(tui::run(context)),
        Verb::Sidecar(args) => Box::pin(async move { sidecar::run(context, &args).await }),
        Verb::Proxy(args) => Box::pin(proxy::run(context, args)),
        Verb::Run(args) => return Box::pin(run::run(context, args)).await,
        Verb::Service(args) => Box::pin(async move { service::run(context, &args).await }),
        Verb::Connect(args) => Box::pin(async move { connect::run(context, &args).await }),
        Verb::Add(args) => Box::pin(add::run(context, args)),
        Verb::Login(args) => Box::pin(login::run(context, args)),
        Verb::List(args) => Box::pin(list::list(context, args)),
        Verb::Show(args) => Box::pin(async move { list::show(context, &args).await }),
        Verb::Merge(args) => Box::pin(merge::run(context, args)),
        Verb::Edit(args) => Box::pin(edit::run(context, args)),
        Verb::Remove(args) => Box::pin(remove::run(context, args)),
        Verb::Switch(args) => Box::pin(switch::run(context, args)),
        Verb::Refresh(args) => Box::pin(refresh::run(context, args)),
        Verb::Status(args) => Box::pin(status::run(context, args)),
        Verb::Usage(args) => Box::pin(usage::run(context, args)),
        Verb::Explain(args) => Box::pin(explain::run(context, args)),
        Verb::Rpc(args) => Box::pin(rpc::run(context, args)),
        Verb::Config(args) => Box::pin(async move { config::run(context, &args).await }),
        Verb::Doctor(json) => Box::pin(doctor::run(context, json)),
        Verb::Import(args) => Box::pin(async move { import::run(context, &args).await }),
        Verb::Export(args) => Box::pin(async move { export::run(context, &args) }),
        Verb::Rekey(args) => Box::pin(async move { rekey::run(context, &args).await }),
        Verb::Reset(args) => Box::pin(async move { reset::run(context, &args).await }),
        Verb::Schema(args) => Box::pin(async move { schema::run(&args) }),
        Verb::Completions(args) => Box::pin(async move { completions::run(&args) }),
        Verb::Version(output) => Box::pin(async move { Ok(version::run(output)) }),
        Verb::Demo(args) => Box::pin(async move { demo::run(&args, &context.environment).await }),
    };
    running.await.map(i32::from)
}
