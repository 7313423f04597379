//! `service install`: writes a key, the variables and a unit, has it started, and waits until the proxy answers. Run again, it
//! brings what is there up to date.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use similar::TextDiff;

use super::places::{Places, Record, base_url, is_open_to_others, read_key, write};
use super::unit::{self, Facts};
use super::{Listener, PORT, home, listener, places, program, services, variables};
use crate::cli::context::Context;
use crate::cli::printer::Printer;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::files;
use crate::manager::random_key;
use crate::secrets::Secret;
use crate::secrets::names::without_logins;
use crate::sys::SERVICE_MANAGER;

/// How often and how long apart the new proxy is asked whether it is there: half a minute together.
const TRIES: (u32, Duration) = (150, Duration::from_millis(200));

/// What is shown in the place of a password.
const MASK: &str = "****";

/// No unit is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Where it listens on 127.0.0.1 [default: the port it had, or 8459]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Installs it.
pub async fn run(context: &Context, args: &InstallArgs) -> Result<u8, Error> {
    let (places, services) = (places(context), services());
    let variables = variables::of(&context.environment, &context.paths.data.path)?;
    let installed = places.installed()?;
    let port = args.port.or(installed.as_ref().map(|record| record.port)).unwrap_or(PORT);
    let program = program::lasting(&context.environment).map_err(|error| {
        Error::because(ErrorKind::Internal, "the path of this program cannot be found", error)
            .hint("call it by its whole path")
    })?;
    let facts = Facts {
        program: program.clone(),
        port,
        key_file: places.key.clone(),
        variables: places.variables.clone(),
        user: windows_user(context),
    };
    let path = unit::path(SERVICE_MANAGER, &home(context)?, &context.environment, &places.task);
    let text = unit::text(SERVICE_MANAGER, &facts);
    let bytes = unit::bytes(SERVICE_MANAGER, &text);
    let before = files::read_if_there(&path, LONGEST).unwrap_or_default().unwrap_or_default();
    if let Some(why) = program::passing(&program) {
        Printer::warning(&format!(
            "`{}` is {why}: the service would not start again then. Install the program and run `service install` with that one",
            program.display()
        ));
    }
    let variables = variables::text(&variables);
    if args.dry_run {
        show(&path, &before, &text);
        Printer::line(&format!("Would write `{}`, for its owner alone:", places.variables.display()));
        Printer::stdout(&without_passwords(&variables));
        Printer::line(&format!("Would {} the key in `{}`", kept(&places), places.key.display()));
        return Ok(0);
    }
    services.check().await?;
    let key = if_there(&places)?;
    let running = listener(port, key.as_ref()).await;
    if matches!(running, Listener::Another | Listener::AnotherKey) {
        return Err(taken(port, &running));
    }
    let key = match key {
        Some(key) => key,
        None => {
            let key = random_key();
            write(&places.key, format!("{}\n", key.expose()).as_bytes())?;
            Printer::note(&format!(
                "Made a key in `{}`; it is shown by `service status --show-key`",
                places.key.display()
            ));
            key
        }
    };
    if is_open_to_others(&places.key) {
        Printer::warning(&format!("other users could read `{}`; now they cannot", places.key.display()));
        write(&places.key, format!("{}\n", key.expose()).as_bytes())?;
    }
    let changed_variables =
        files::read_if_there(&places.variables, LONGEST).ok().flatten() != Some(variables.clone().into());
    if changed_variables {
        write(&places.variables, variables.as_bytes())?;
    }
    let is_new = before != bytes;
    if is_new {
        show(&path, &before, &text);
        write(&path, &bytes)?;
    }
    let record = Record { program, port, unit: path.clone(), key_file: places.key.clone() };
    places.remember(&record)?;
    let is_current = running == Listener::Ours(env!("CARGO_PKG_VERSION").to_owned()) && !is_new && !changed_variables;
    let state = services.state().await;
    if is_current && state.is_some_and(|state| state.succeeded) {
        Printer::line(&format!("It is installed already and answers on {}", record.base_url()));
        return Ok(0);
    }
    services.start(&path).await?;
    wait(port, &key, services.log()).await?;
    Printer::line(&format!("The service answers on {}", record.base_url()));
    Printer::note("`codex-account-manager connect PROGRAM` points a program at it");
    if services.ends_at_logout().await {
        Printer::note(
            "It runs while you are logged in; `loginctl enable-linger` lets it run from the start of the system",
        );
    }
    Context::warn_unless_served(&*context.manager()?);
    Ok(0)
}

/// The key that is there already.
fn if_there(places: &Places) -> Result<Option<Secret<String>>, Error> {
    match files::stat(&places.key) {
        Ok(None) => Ok(None),
        Ok(Some(_)) | Err(_) => read_key(&places.key).map(Some),
    }
}

fn kept(places: &Places) -> &'static str {
    if files::stat(&places.key).is_ok_and(|found| found.is_some()) { "keep" } else { "make" }
}

/// What changes in the unit; a new one as a whole.
fn show(path: &Path, before: &[u8], after: &str) {
    let before = crate::domain::text_encoding::utf8(before);
    let before = String::from_utf8_lossy(&before);
    let name = path.display().to_string();
    Printer::stderr(&TextDiff::from_lines(before.as_ref(), after).unified_diff().header(&name, &name).to_string());
}

/// A proxy's address may have a password in it, also one without a scheme.
fn without_passwords(text: &str) -> String {
    let hidden = |line: &str| match line.split_once('=') {
        Some((name, value)) if name.to_ascii_uppercase().ends_with("_PROXY") && !value.contains("://") => {
            let login = value.rfind('@').map_or("", |_| MASK);
            format!("{name}={login}{}\n", &value[value.rfind('@').unwrap_or_default()..])
        }
        _ => without_logins(line, MASK) + "\n",
    };
    text.lines().map(hidden).collect()
}

fn taken(port: u16, listener: &Listener) -> Error {
    let who = match listener {
        Listener::AnotherKey => "a proxy of this product that wants another key",
        Listener::Another | Listener::Nobody | Listener::Ours(_) => "another program",
    };
    Error::new(ErrorKind::Conflict, format!("{who} listens on port {port} already"))
        .hint("end it, or choose another port with `--port`")
}

/// Until the proxy answers with its key.
async fn wait(port: u16, key: &Secret<String>, log: &str) -> Result<(), Error> {
    let mut found = Listener::Nobody;
    for _ in 0..TRIES.0 {
        found = listener(port, Some(key)).await;
        if found == Listener::Ours(env!("CARGO_PKG_VERSION").to_owned()) {
            return Ok(());
        }
        clock::run_for(TRIES.1).await;
    }
    let why = match found {
        Listener::Nobody => format!("nothing listens on {} yet", base_url(port)),
        Listener::Ours(version) => format!("version {version} still answers on {}", base_url(port)),
        Listener::AnotherKey | Listener::Another => return Err(taken(port, &found)),
    };
    Err(Error::new(ErrorKind::Internal, format!("the service was started, and {why}")).hint(log))
}

/// The person as Windows calls them.
fn windows_user(context: &Context) -> String {
    let variable = |name| context.environment.get(name);
    let name = variable("USERNAME").unwrap_or_default();
    variable("USERDOMAIN").map_or_else(|| name.to_owned(), |domain| format!("{domain}\\{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_proxys_address_is_not_shown() {
        for (text, expected) in [
            ("HTTPS_PROXY=http://me:p@ss@proxy:3128\n", "HTTPS_PROXY=http://****@proxy:3128\n"),
            ("https_proxy=me:p@proxy:3128\n", "https_proxy=****@proxy:3128\n"),
            ("HTTPS_PROXY=http://proxy:3128\n", "HTTPS_PROXY=http://proxy:3128\n"),
            ("CAM_ACCOUNTS_FILE=/home/me@work/a.json\n", "CAM_ACCOUNTS_FILE=/home/me@work/a.json\n"),
        ] {
            assert_eq!(without_passwords(text), expected);
        }
    }
}
