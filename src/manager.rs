//! The stateful part: rooms that each hold their own state behind their own locks, and this short facade, which opens them and
//! has the verbs that need several. The doors ask a room through its accessor.
//!
//! | Room | Holds | Knows |
//! |---|---|---|
//! | `session` | who this process is, its configuration, what it announces | no other room |
//! | `belief` | what is known of accounts beside the file | of `session` the count of changes |
//! | `accounts` | the accounts file, the pool made from it and from belief, the verbs on accounts | `session`, `belief` |
//! | `books` | the ledger, spending, usage, metrics, requests that wait | `session`, `accounts` |
//! | `tokens` | refreshes and logins, questions to a login's backend | `session`, `accounts` |
//! | `router` | what was chosen, and who owns what | `accounts` |
//!
//! Locks: a lock is held for microseconds and never across an await. Where two are held, they are taken in this order: the
//! router's, the view of the accounts, belief, and last those within a room that hold nothing else (pins, secrets that did not
//! open, usage, announcements).

pub mod accounts;
mod ahead;
mod asking;
pub mod belief;
pub mod books;
mod budgets;
mod explaining;
mod failure;
mod membership;
pub mod outcomes;
mod report;
mod requests;
pub mod router;
pub mod session;
pub mod tokens;
mod verbs;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Map;

use crate::clock::Clock;
pub use crate::config::proxy_keys::{ProxyKey, ProxyKeys};
use crate::config::{self, Sources};
pub use crate::config::{Config, DEFAULT_PROXY_KEY};
use crate::domain::account::Kind;
use crate::domain::base_url::BaseUrl;
use crate::domain::report::SessionKind;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::paths::Paths;
use crate::secrets::Secret;
use crate::secrets::master_key::KeySources;
use crate::store::{DataFolders, Store, StoreOptions};
use crate::upstream::Upstream;
pub use accounts::View;
use accounts::{Accounts, Bases};
use belief::Belief;
use books::Books;
pub use budgets::BudgetReport;
pub use failure::FIRST_ACCOUNT;
pub use membership::LATEST_SHUTDOWN;
use router::Router;
use session::configuration::Configuration;
use session::{Given, Identity, Project, Session};
pub use session::{random_id, random_key};
use tokens::Tokens;

/// Where ChatGPT logins are used.
pub const DEFAULT_CHATGPT_BASE_URL: &str = "https://chatgpt.com";

/// Who issues them.
pub const DEFAULT_ISSUER: &str = "https://auth.openai.com";

/// Where API keys without an address of their own are used.
pub const DEFAULT_OPENAI_BASE_URL: &str = "https://api.openai.com";

/// What a manager is made from.
#[derive(Clone, Debug)]
pub struct ManagerOptions {
    /// The environment of the process.
    pub environment: Environment,
    /// Where the files are.
    pub paths: Paths,
    /// Flags and the editor's options.
    pub sources: Sources,
    /// The editor's `masterKey`.
    pub master_key: Option<Secret<String>>,
    /// The time.
    pub clock: Clock,
    /// What this process is.
    pub kind: SessionKind,
    /// Its pid.
    pub pid: u32,
    /// The program it serves.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// The folders whose rules hold; `None` for a process that does nothing for a project, and that nothing narrows.
    pub folders: Option<Vec<PathBuf>>,
    /// Where its proxy listens.
    pub host: IpAddr,
    /// Its proxy's port; 0 for a process without one.
    pub port: u16,
}

/// The state of one process. Shared by its doors.
pub struct Manager {
    session: Arc<Session>,
    accounts: Arc<Accounts>,
    tokens: Arc<Tokens>,
    books: Arc<Books>,
    upstream: Upstream,
    issuer_base: BaseUrl,
    belief: Arc<Belief>,
    router: Router,
}

impl Manager {
    /// Opens the files' places; reads and writes nothing yet but the configuration, and asks `git` where rules ask for remotes.
    ///
    /// # Errors
    ///
    /// `Configuration` for an upstream address that is refused, `StoreUnreadable` when the accounts file's place
    /// cannot be resolved.
    pub fn open(options: ManagerOptions) -> Result<Arc<Manager>, Error> {
        let ManagerOptions { environment, paths, sources, master_key, clock, .. } = options;
        let bases = Bases {
            openai: base(&environment, "CAM_OPENAI_BASE_URL", DEFAULT_OPENAI_BASE_URL)?,
            chatgpt: base(&environment, "CAM_CHATGPT_BASE_URL", DEFAULT_CHATGPT_BASE_URL)?,
            is_chatgpt_given: environment.get("CAM_CHATGPT_BASE_URL").is_some(),
        };
        let issuer_base = base(&environment, "CAM_AUTH_ISSUER", DEFAULT_ISSUER)?;
        let identity = Identity {
            id: random_id(),
            pid: options.pid,
            kind: options.kind,
            program: options.program,
            folder: options.folder,
            host: options.host,
            port: options.port,
            started_at: clock.now(),
            rpc_token: random_key(),
        };
        let folders = DataFolders::new(&paths)?;
        let keys = KeySources {
            explicit: master_key,
            variable: environment.get("CAM_MASTER_KEY").map(|key| Secret::new(key.to_owned())),
            variable_file: environment.get("CAM_MASTER_KEY_FILE").map(Into::into),
            folders: Arc::new(folders.clone()),
        };
        let store = Store::open(StoreOptions {
            accounts_file: paths.accounts_file.clone(),
            keys,
            folders: folders.clone(),
            clock: clock.clone(),
            session_id: identity.id.clone(),
        })?;
        let upstream = Upstream::new(&environment);
        let router = Router::new(identity.kind, identity.pid);
        let bounds = || config::projects::given_bounds(&sources, &environment);
        let given = options.folders.map(|folders| Given { folders, bounds: bounds(), settings: None });
        let project = given.map(|given| Project::new(given, environment.clone()));
        let configuration = Configuration::load(paths, environment, sources, clock.now());
        let session = Arc::new(Session::new(identity, clock, configuration, project, folders.clone(), store.clone()));
        session.look_at_project();
        let belief = Arc::new(Belief::new(session.changes().clone()));
        let accounts = Arc::new(Accounts::new(Arc::clone(&session), store, bases, Arc::clone(&belief)));
        let tokens = Tokens::new(Arc::clone(&session), Arc::clone(&accounts), upstream.clone(), issuer_base.clone());
        let books = Books::new(Arc::clone(&session), Arc::clone(&accounts), folders);
        Ok(Arc::new(Manager {
            tokens: Arc::new(tokens),
            books: Arc::new(books),
            session,
            accounts,
            upstream,
            issuer_base,
            belief,
            router,
        }))
    }

    /// This process among its siblings.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The tokens of logins.
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// What was chosen, and who owns what.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// What requests cost.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The upstream client.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Every place that requests go to, each with what it is: those of API keys, and those of logins where there are any.
    pub fn upstreams(&self) -> Vec<(&'static str, BaseUrl)> {
        let (state, bases) = (self.accounts.view().state, self.accounts.bases());
        let of = |kind: Kind| state.accounts.iter().filter(move |account| account.kind() == kind);
        let mut upstreams = vec![("upstream", bases.openai.clone())];
        // A refused address is reported with its account.
        let own =
            of(Kind::ApiKey).filter(|account| account.base_url.is_some()).filter_map(|it| self.accounts.base_url(it));
        upstreams.extend(own.map(|base| ("upstream", base)));
        if of(Kind::ChatGpt).next().is_some() {
            upstreams.push(("chatgpt", bases.chatgpt.clone()));
            upstreams.push(("issuer", self.issuer_base.clone()));
        }
        let mut seen = BTreeSet::new();
        upstreams.retain(|(what, base)| seen.insert((*what, base.to_string())));
        upstreams
    }
}

fn base(environment: &Environment, variable: &str, default: &str) -> Result<BaseUrl, Error> {
    let text = environment.get(variable).unwrap_or(default);
    BaseUrl::parse(text).map_err(|why| {
        Error::new(ErrorKind::Configuration, format!("`{variable}` is refused: {why}"))
            .hint("unset it, or set it to an address that is accepted")
    })
}

/// The editor's options without `masterKey`, and that key.
pub fn split_master_key(
    mut options: Map<String, serde_json::Value>,
) -> (Map<String, serde_json::Value>, Option<Secret<String>>) {
    let key = options.remove("masterKey").and_then(|key| key.as_str().map(|key| Secret::new(key.to_owned())));
    (options, key.filter(|key| !key.expose().is_empty()))
}
