//! `service`: one proxy of this person that runs by itself, for programs that no shell starts.

mod asked;
mod install;
mod managers;
pub(super) mod places;
mod program;
mod status;
mod uninstall;
mod unit;
pub(super) mod variables;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::context::Context;
use super::help::Example;
use crate::error::{Error, ErrorKind};
use crate::sys::{SERVICE_MANAGER, files};
pub(super) use asked::{Listener, listener};
use managers::{Installed, Services};
use places::Places;

/// The port where none is named. `proxy` has another, so that both can run.
pub const PORT: u16 = 8459;

/// Examples in the help of `service install`.
pub const INSTALL_EXAMPLES: &[Example] = &[
    ("service install", "start it now and at each log-on"),
    ("service install --dry-run", "show what would be written"),
];

/// Examples in the help of `service status`.
pub const STATUS_EXAMPLES: &[Example] = &[("service status --show-key", "the key too, to paste it somewhere")];

#[derive(Debug, Args)]
pub struct ServiceArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Start a proxy now and at each log-on, with a port and a key of its own
    Install(install::InstallArgs),
    /// Say whether it is installed, runs and answers
    Status(status::StatusArgs),
    /// Stop it and remove what was installed
    Uninstall,
}

/// Installs, shows or removes it.
pub async fn run(context: &Context, args: &ServiceArgs) -> Result<u8, Error> {
    match &args.what {
        What::Install(args) => install::run(context, args).await,
        What::Status(args) => status::run(context, args).await,
        What::Uninstall => uninstall::run(context).await,
    }
}

/// The files of the service of this person.
pub(super) fn places(context: &Context) -> Places {
    Places::below(&context.paths.data.path)
}

/// The service manager of this system.
fn services() -> Services<'static, Installed> {
    Services { manager: SERVICE_MANAGER, user: files::user().unwrap_or_default(), tools: &Installed }
}

/// The home, which other programs keep their configurations below.
///
/// # Errors
///
/// `Configuration` when there is none.
pub(super) fn home(context: &Context) -> Result<PathBuf, Error> {
    let named = context.environment.get(files::HOME).map(PathBuf::from);
    named.or_else(|| Some(directories::BaseDirs::new()?.home_dir().to_owned())).ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "there is no home directory").hint(format!("set `{}`", files::HOME))
    })
}
