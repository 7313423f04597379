//! `proxy`

mod log;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::RoutingFlags;
use super::context::{Context, flag_sources};
use super::help::Example;
use super::printer::Printer;
use super::rules::{self, Flaw};
use super::service::{places, variables};
use crate::config::DEFAULT_PROXY_KEY;
use crate::domain::report::SessionKind;
use crate::domain::routing::Strategy;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::secrets::Secret;
use crate::server::lifecycle::{self, Ended};
use crate::server::message_keys::MessageKeys;
use crate::server::{Doors, Session, Turn};
use log::Log;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("proxy", "listen on 127.0.0.1:8080"),
    ("proxy --bind 127.0.0.1:9000 --api-key sk-mine", "another port and a key of your own"),
    ("proxy --api-key-file key.txt", "a key that no list of processes shows"),
];

/// How long requests under way may take to end.
const DRAIN: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// Where to listen [default: `proxy.bind_addr`, 127.0.0.1:8080]
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<String>,
    /// The key that clients must send [default: `proxy.api_key`]
    #[arg(long, value_name = "KEY", conflicts_with = "api_key_file")]
    api_key: Option<String>,
    /// A file with that key, so that no list of processes shows it
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// A file with variables of this process, a line `NAME=VALUE` for each
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    #[command(flatten)]
    routing: RoutingFlags,
}

impl ProxyArgs {
    /// The environment that this proxy runs in.
    ///
    /// # Errors
    ///
    /// `Configuration` when the file with variables cannot be read.
    pub fn environment(&self, given: Environment) -> Result<Environment, Error> {
        match &self.env_file {
            Some(file) => Ok(given.with(variables::read(file)?)),
            None => Ok(given),
        }
    }

    /// The key that a flag names, and the flag.
    fn key(&self) -> Result<Option<(&'static str, Secret<String>)>, Error> {
        if let Some(file) = &self.api_key_file {
            let key = places::read_key(file)?;
            warn_if_open(file);
            return Ok(Some(("--api-key-file", key)));
        }
        let Some(key) = &self.api_key else { return Ok(None) };
        if key.trim().is_empty() {
            // Passed over, it would leave the well-known key in force.
            return Err(Error::new(ErrorKind::InvalidParams, "`--api-key` is empty")
                .hint("give a key of your own, or leave the flag out for `proxy.api_key`"));
        }
        Ok(Some(("--api-key", Secret::new(key.clone()))))
    }
}

/// Serves until it is asked to end.
pub async fn run(context: &Context, args: ProxyArgs) -> Result<u8, Error> {
    let mut sources = flag_sources(&args.routing)?;
    sources.reads_proxy_keys = true;
    // Many programs share one proxy: none of them has an account of its own to keep.
    sources.defaults.push(("routing.strategy", json!(Strategy::LeastUtilized.name())));
    if let Some(bind) = &args.bind {
        sources.flags.push(("--bind".to_owned(), "proxy.bind_addr".to_owned(), json!(bind)));
    }
    if let Some((flag, key)) = args.key()? {
        sources.flags.push((flag.to_owned(), "proxy.api_key".to_owned(), json!(key.expose())));
    }
    let mut options = context.options(SessionKind::Proxy, 0, sources);
    let probe = Manager::open(options.clone())?;
    let address = address(&probe, args.bind.as_deref())?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Error::because(ErrorKind::Configuration, format!("cannot listen on `{address}`"), error)
            .hint("choose another address with `--bind`")
    })?;
    let address = listener.local_addr().unwrap_or(address);
    (options.host, options.port) = (address.ip(), address.port());
    let manager = Manager::open(options)?;
    Context::warn(&manager);
    let api_key = manager.session().config().proxy_api_key();
    let is_built_in = api_key.expose() == DEFAULT_PROXY_KEY;
    let has_keys = manager.session().config().proxy_keys.are_there();
    warn_of_keys(&manager, is_built_in && has_keys);
    if is_built_in && !has_keys {
        if !address.ip().is_loopback() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the well-known default key is refused on an address that others can reach",
            )
            .hint("give a key of your own with `--api-key` or `proxy.api_key`"));
        }
        Printer::warning(
            "with the well-known default key every user of this machine can spend your money; set `proxy.api_key` to a key of your own",
        );
    }
    let mut log = Log::new(Arc::clone(&manager));
    manager.join().await;
    Context::warn_unless_served(&manager);
    manager.watch();
    manager.poll();
    let session = Session {
        manager: Arc::clone(&manager),
        address,
        api_key,
        keys: MessageKeys::default(),
        turn: Turn::default(),
    };
    let doors = Doors::open(session, manager.session().config().allowed_hosts(), listener);
    // Before anything is said: whoever reads it may end the process at once.
    let asked_to_end = lifecycle::asked_to_end();
    Printer::stderr(&format!("listening on http://{address}/v1"));
    manager.open_first_connection();
    let serve = async {
        asked_to_end.await;
        let again = lifecycle::asked_to_end_again(Ended::BySignal);
        doors.drain(DRAIN, again.clone()).await;
        manager.leave_within(Duration::from_secs(1)).await;
        manager.tokens().see_tokens_through(again, Printer::warning).await;
    };
    tokio::select! {
        () = log.follow() => {}
        () = serve => {}
    }
    log.write();
    Ok(0)
}

/// What to know of rules and of the keys of several clients at the start; what is wrong with an entry was said with the configuration.
fn warn_of_keys(manager: &Manager, is_built_in_key_off: bool) {
    let config = manager.session().config();
    if is_built_in_key_off {
        Printer::warning(
            "the built-in key is off, because there are keys in `[[proxy.keys]]`; set `proxy.api_key` for one that may use every account",
        );
    }
    if !config.projects.rules.is_empty() {
        Printer::warning(
            "no rule of `[[projects]]` holds for `proxy`, which serves programs of any folder; give each client a key in `[[proxy.keys]]`",
        );
    }
    Printer::warnings(rules::of_keys(&config.proxy_keys, manager).iter().map(Flaw::message));
    for file in config.proxy_keys.keys.iter().filter_map(|key| key.file.as_deref()) {
        warn_if_open(file);
    }
}

/// A key that other users can read is theirs.
fn warn_if_open(file: &Path) {
    if places::is_open_to_others(file) {
        Printer::warning(&format!("other users can read `{}`; run `{}`", file.display(), places::closing(file)));
    }
}

/// A flag that cannot be used is an error, where a file's value is a warning.
fn address(manager: &Manager, flag: Option<&str>) -> Result<SocketAddr, Error> {
    let config = manager.session().config();
    let effective = config.bind_addr();
    let refused = || {
        Error::new(ErrorKind::InvalidParams, format!("`{}` is not an address", flag.unwrap_or(&effective)))
            .hint("use an IP and a port, such as `127.0.0.1:8080`")
    };
    let taken = flag.is_none_or(|flag| flag == effective || flag.replace("localhost:", "127.0.0.1:") == effective);
    if taken { effective.parse().map_err(|_| refused()) } else { Err(refused()) }
}
