//! The start of every verb: the environment, the places, and a manager over them.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::RoutingFlags;
use super::printer::Printer;
use crate::clock::Clock;
use crate::config::keys::{KEYS, Key};
use crate::config::{self, Sources, typed};
use crate::domain::account_set::Selection;
use crate::domain::near;
use crate::domain::projects::Allowed;
use crate::domain::report::SessionKind;
use crate::env::{Environment, working_directory, working_folder};
use crate::error::{Error, ErrorKind};
use crate::files;
use crate::manager::session::EventReceiver;
use crate::manager::session::event::Event;
use crate::manager::{FIRST_ACCOUNT, Manager, ManagerOptions};
use crate::paths::Paths;

/// The surroundings of a verb.
#[derive(Clone)]
pub struct Context {
    /// The environment of the process.
    pub environment: Environment,
    /// Where the files are.
    pub paths: Paths,
}

/// Where this process was started, by the name under which the shell went there: the rules of a folder hold in what a link in it leads to.
/// Empty where nobody can tell, so that no rule is passed over.
pub fn started_in(environment: &Environment) -> PathBuf {
    let Some(folder) = working_folder() else { return PathBuf::new() };
    let named = environment.raw("PWD").map(PathBuf::from).filter(|named| named.is_absolute());
    // One that a shell left elsewhere says nothing.
    named.filter(|named| files::canonical(named).is_ok_and(|real| real == folder)).unwrap_or(folder)
}

impl Context {
    /// Finds the places.
    pub fn new(environment: Environment) -> Result<Context, Error> {
        let paths = Paths::resolve(&environment).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "there is no home directory").hint(format!(
                "set `{}`, or `CAM_ACCOUNTS_FILE`, `CAM_CONFIG_FILE` and `CAM_DATA_DIR`",
                crate::sys::files::HOME
            ))
        })?;
        tracing::info!("accounts are in `{}`", paths.accounts_file.display());
        tracing::info!("the configuration is read from `{}`", paths.config_file.display());
        Ok(Context { environment, paths })
    }

    /// What a manager of this kind is made from.
    pub fn options(&self, kind: SessionKind, port: u16, sources: Sources) -> ManagerOptions {
        ManagerOptions {
            environment: self.environment.clone(),
            paths: self.paths.clone(),
            sources,
            master_key: None,
            clock: Clock::system(),
            kind,
            pid: std::process::id(),
            program: None,
            folder: working_directory(),
            folders: Some(Vec::new()),
            host: Ipv4Addr::LOCALHOST.into(),
            port,
        }
    }

    /// A manager for a verb that ends at once and that is about every account: no rule of a project narrows it.
    pub fn manager(&self) -> Result<Arc<Manager>, Error> {
        self.opened(None).inspect(|manager| Context::warn_of_folders(manager))
    }

    /// The same for what is about the folder that it is called in.
    pub fn manager_here(&self) -> Result<Arc<Manager>, Error> {
        self.manager_in(started_in(&self.environment))
    }

    /// The same for what is about another folder.
    pub fn manager_in(&self, folder: PathBuf) -> Result<Arc<Manager>, Error> {
        self.opened(Some(vec![folder])).inspect(|manager| Context::warn_of_folders(manager))
    }

    /// A manager beside another one, to ask what a session in this folder may use.
    pub fn here(&self) -> Result<Arc<Manager>, Error> {
        self.opened(Some(vec![started_in(&self.environment)]))
    }

    fn opened(&self, folders: Option<Vec<PathBuf>>) -> Result<Arc<Manager>, Error> {
        let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
        let options = self.options(SessionKind::Run, 0, sources);
        Manager::open(ManagerOptions { folders, ..options })
    }

    fn warn_of_folders(manager: &Manager) {
        tracing::info!("the ledger and the key file are in `{}`", manager.session().data_folder().display());
        if let Some(text) = manager.session().apart() {
            Printer::warning(&text);
        }
    }

    /// Reports on stderr what in the configuration cannot be used.
    pub fn warn(manager: &Manager) {
        Printer::warnings(&manager.session().config().warnings);
        Printer::warnings(&manager.session().config().notices);
        Printer::warnings(&manager.session().standing().warnings);
    }

    /// Reports on stderr why a report is not complete.
    pub fn warn_of_reports(manager: &Manager) {
        Printer::warnings(manager.session().take_warnings());
    }

    /// Reports on stderr what happened while a session began.
    pub fn warn_of_start(mut events: EventReceiver) {
        while let Ok(event) = events.try_recv() {
            if let Event::Notice(notice) = event {
                Printer::warning(&notice.text);
            }
        }
    }

    /// Reports on stderr when no request can be served.
    pub fn warn_unless_served(manager: &Manager) {
        match manager.list().map(|report| report.accounts.len()) {
            Ok(0) => Printer::warning(&format!("there is no account yet; {FIRST_ACCOUNT}")),
            Ok(_) => {
                let view = manager.accounts().view();
                if view.available(manager.session().now()) == 0 {
                    Printer::warning(&none_can_serve(&view.pool.allowed));
                }
            }
            // A file that cannot be read was reported as a notice.
            Err(_) => {}
        }
    }
}

/// Why no account can serve, or who says it: the list of accounts knows no rule.
fn none_can_serve(allowed: &Allowed) -> String {
    let why = allowed.sentences();
    let why = why.trim_end_matches('.');
    match (allowed.is_empty(), why) {
        (true, _) => format!("no account may be used here.{why}"),
        (false, "") => "no account can serve now; `codex-account-manager list` says why".to_owned(),
        (false, _) => format!("no account can serve now; `codex-account-manager doctor` says why.{why}"),
    }
}

/// Refuses a word of `--accounts` that names no account: what a person types is not passed over. Without any account there is
/// more to say than that.
///
/// # Errors
///
/// `InvalidParams`
pub fn check_accounts(manager: &Manager, flags: &RoutingFlags) -> Result<(), Error> {
    if manager.accounts().view().pool.members.is_empty() {
        return Ok(());
    }
    let fault = |text: &String| match Selection::parse(text) {
        Ok(selection) => manager.accounts().fault_of(&selection).map(|(why, _)| why),
        Err(why) => Some(why.to_string()),
    };
    flags.accounts.iter().find_map(fault).map_or(Ok(()), |why| {
        Err(Error::new(ErrorKind::InvalidParams, format!("`--accounts`: {why}"))
            .hint("`codex-account-manager list` shows labels, ids and groups"))
    })
}

/// The flags as a source of configuration.
///
/// # Errors
///
/// `InvalidParams` for a key that is unknown or a value that it does not take: what a person types is not
/// passed over.
pub fn flag_sources(flags: &RoutingFlags) -> Result<Sources, Error> {
    let mut settings = Vec::new();
    if let Some(strategy) = &flags.strategy {
        settings.push(("--strategy".to_owned(), "routing.strategy".to_owned(), json!(strategy)));
    }
    for setting in &flags.settings {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            Error::new(ErrorKind::InvalidParams, format!("`--set {setting}` has no `=`"))
                .hint("write `--set KEY=VALUE`")
        })?;
        settings.push(("--set".to_owned(), name.trim().to_owned(), typed(value.trim())));
    }
    for (flag, name, value) in &settings {
        checked(&format!("`{flag}`"), name, value)?;
    }
    Ok(Sources { flags: settings, accounts: flags.accounts.clone(), ..Sources::default() })
}

/// The key of that name; `whose` says who names it.
///
/// # Errors
///
/// `InvalidParams` when there is none.
pub fn known(whose: &str, name: &str) -> Result<&'static Key, Error> {
    config::key(name).ok_or_else(|| {
        if config::is_list(name) {
            return Error::new(ErrorKind::InvalidParams, format!("{whose}: `{name}` is a list of tables, no key"))
                .hint("`codex-account-manager config edit` opens the file, where they are written");
        }
        let meant = near::question(&near::near(name, KEYS.iter().map(|key| key.toml)));
        let meant = meant.map(|question| format!("{question} ")).unwrap_or_default();
        Error::new(ErrorKind::InvalidParams, format!("{whose}: unknown key `{name}`"))
            .hint(format!("{meant}`codex-account-manager config show` lists the keys"))
    })
}

/// The key of that name, and the value as its shape has it.
///
/// # Errors
///
/// `InvalidParams` for a key that is unknown or a value that it does not take.
pub fn checked(whose: &str, name: &str, value: &Value) -> Result<(&'static Key, Value), Error> {
    let key = known(whose, name)?;
    let value = key.shape.accept(value).ok_or_else(|| {
        let shown = match value.as_str() {
            _ if key.secret => "that value".to_owned(),
            Some("") => "empty".to_owned(),
            Some(text) => format!("`{text}`"),
            None => format!("`{value}`"),
        };
        Error::new(ErrorKind::InvalidParams, format!("{whose}: `{name}` cannot be {shown}"))
            .hint(format!("accepted: {}", key.shape.accepted()))
    })?;
    Ok((key, value))
}
