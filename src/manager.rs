//! The one stateful room: it owns the store, the upstream client, the clock and what routing remembers. Every
//! verb of the product is a method here; the doors only translate.

pub mod accounts;
pub mod belief;
pub mod books;
mod failure;
mod memory;
pub mod outcomes;
mod polling;
mod report;
pub mod router;
pub mod session;
pub mod tokens;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use serde_json::Map;
use tokio::sync::broadcast;

use crate::clock::Clock;
pub use crate::config::DEFAULT_PROXY_KEY;
use crate::config::{Config, Sources, Stamps};
use crate::domain::account::Kind;
use crate::domain::base_url::BaseUrl;
use crate::domain::report::SessionKind;
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;
use crate::paths::Paths;
use crate::secrets::Secret;
use crate::secrets::master_key::KeySources;
use crate::store::{Creation, DataFolders, SessionLock, Store, StoreOptions, Transaction};
use crate::upstream::Upstream;
pub use accounts::view::View;
use books::metrics::Metrics;
use books::queue::Waits;
use failure::Failure;
use memory::Memory;
use session::event::{self, Event};
use session::tasks::Tasks;
use tokens::Refreshes;
use tokens::login::Logins;

/// What a person does who has no account.
pub const FIRST_ACCOUNT: &str =
    "add a key with `codex-account-manager add LABEL`, or log in with `codex-account-manager login`";

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
    /// Where its proxy listens.
    pub host: IpAddr,
    /// Its proxy's port; 0 for a process without one.
    pub port: u16,
}

/// Who this process is among its siblings.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Random, made at the start.
    pub id: String,
    /// Its pid.
    pub pid: u32,
    /// What it is.
    pub kind: SessionKind,
    /// The program it serves, as that or its command calls itself.
    pub program: Option<String>,
    /// Where that program works.
    pub folder: Option<String>,
    /// Where its proxy listens.
    pub host: IpAddr,
    /// Its proxy's port.
    pub port: u16,
    /// When it started.
    pub started_at: Timestamp,
    /// What a second client of this process shows at `/rpc`.
    pub rpc_token: Secret<String>,
}

/// The state of one process. Shared by its doors.
pub struct Manager {
    store: Store,
    /// Opened at its first use: by then the session has its record, and the accounts file says where the ledger is.
    ledger: OnceLock<Ledger>,
    folders: DataFolders,
    metrics: Metrics,
    waits: Waits,
    clock: Clock,
    environment: Environment,
    paths: Paths,
    sources: Mutex<Sources>,
    config: RwLock<Arc<Config>>,
    config_stamps: Mutex<Stamps>,
    upstream: Upstream,
    default_base: BaseUrl,
    chatgpt_base: BaseUrl,
    /// Whether a person says where the backend of logins is.
    is_chatgpt_base_given: bool,
    issuer_base: BaseUrl,
    refreshes: Refreshes,
    locating: tokio::sync::Mutex<()>,
    logins: Logins,
    identity: Identity,
    lock: Mutex<Option<SessionLock>>,
    memory: Arc<Mutex<Memory>>,
    events: broadcast::Sender<Event>,
    tasks: Tasks,
    /// Its record was taken away for good; a tick must not write it anew.
    left: AtomicBool,
}

impl Manager {
    /// Opens the files' places; reads and writes nothing yet but the configuration.
    ///
    /// # Errors
    ///
    /// `Configuration` for an upstream address that is refused, `StoreUnreadable` when the accounts file's place
    /// cannot be resolved.
    pub fn open(options: ManagerOptions) -> Result<Arc<Manager>, Error> {
        let ManagerOptions { environment, paths, sources, master_key, clock, .. } = options;
        let default_base = base(&environment, "CAM_OPENAI_BASE_URL", DEFAULT_OPENAI_BASE_URL)?;
        let chatgpt_base = base(&environment, "CAM_CHATGPT_BASE_URL", DEFAULT_CHATGPT_BASE_URL)?;
        let is_chatgpt_base_given = environment.get("CAM_CHATGPT_BASE_URL").is_some();
        let issuer_base = base(&environment, "CAM_AUTH_ISSUER", DEFAULT_ISSUER)?;
        // Before the files are read: a change in between is then seen as one.
        let config_stamps = Mutex::new(Stamps::of(&paths));
        let config = Config::load(&paths, &environment, &sources);
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
        let folders = DataFolders::new(&paths).map_err(Failure::from)?;
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
        })
        .map_err(Failure::from)?;
        Ok(Arc::new(Manager {
            upstream: Upstream::new(&environment),
            store,
            ledger: OnceLock::new(),
            folders,
            metrics: Metrics::default(),
            waits: Waits::default(),
            sources: Mutex::new(sources),
            config: RwLock::new(Arc::new(config)),
            config_stamps,
            clock,
            environment,
            paths,
            default_base,
            chatgpt_base,
            is_chatgpt_base_given,
            issuer_base,
            refreshes: Refreshes::default(),
            locating: tokio::sync::Mutex::default(),
            logins: Logins::default(),
            identity,
            lock: Mutex::default(),
            memory: Arc::default(),
            events: broadcast::channel(1024).0,
            tasks: Tasks::default(),
            left: AtomicBool::new(false),
        }))
    }

    /// Who this process is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The upstream client.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// The accounts file, symlinks resolved.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time as people read it.
    pub fn spelled_now(&self) -> String {
        self.clock.spelled(self.clock.now())
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn emit(&self, event: Event) {
        // Nobody listening is fine: the command line has no use for events.
        let _ = self.events.send(event);
    }

    /// A request was answered completely, or ended otherwise.
    pub fn finished(&self, finished: event::Finished) {
        self.emit(Event::Finished(finished));
    }

    /// Every place that requests go to, each with what it is: those of API keys, and those of logins where there are any.
    pub fn upstreams(&self) -> Vec<(&'static str, BaseUrl)> {
        let state = self.view().state;
        let of = |kind: Kind| state.accounts.iter().filter(move |account| accounts::pool::kind(account) == kind);
        let mut upstreams = vec![("upstream", self.default_base.clone())];
        // A refused address is told with its account.
        let own = of(Kind::ApiKey).filter(|account| account.base_url.is_some()).filter_map(|it| self.base_url(it));
        upstreams.extend(own.map(|base| ("upstream", base)));
        if of(Kind::ChatGpt).next().is_some() {
            upstreams.push(("chatgpt", self.chatgpt_base.clone()));
            upstreams.push(("issuer", self.issuer_base.clone()));
        }
        let mut seen = BTreeSet::new();
        upstreams.retain(|(what, base)| seen.insert((*what, base.to_string())));
        upstreams
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One change of the accounts file.
    async fn commit<T: Send + 'static>(
        &self,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let result = self
            .store
            .update(creation, move |transaction| {
                let value = change(transaction)?;
                Ok((value, transaction.before.clone()))
            })
            .await
            .map_err(|error| Error::from(Failure::from(error)));
        self.tell_store_warnings();
        let (value, before) = result?;
        self.tell_before(before);
        Ok(value)
    }

    /// The same where the key is needed. A pipe may take as long as a person types, so it is waited for before the lock.
    async fn commit_with_key<T: Send + 'static>(
        &self,
        creation: Creation,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.await_key().await;
        self.commit(creation, change).await
    }

    async fn await_key(&self) {
        let store = self.store.clone();
        // What is wrong with it is told where it is used.
        let _ = tokio::task::spawn_blocking(move || store.await_key()).await;
    }

    /// What the command line has to say besides its result; each is returned once.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.memory().warnings)
    }

    fn tell_store_warnings(&self) {
        for warning in self.store.take_warnings() {
            self.warn(warning.message);
        }
    }

    /// Tells a warning by every door.
    fn warn(&self, text: String) {
        tracing::warn!("{text}");
        self.memory().keep_warning(text.clone());
        self.emit(Event::Notice(event::Notice { level: event::Level::Warning, text }));
    }
}

fn base(environment: &Environment, variable: &str, default: &str) -> Result<BaseUrl, Error> {
    let text = environment.get(variable).unwrap_or(default);
    BaseUrl::parse(text).map_err(|why| {
        Error::new(ErrorKind::Configuration, format!("`{variable}` is refused: {why}"))
            .hint("unset it, or set it to an address that is accepted")
    })
}

/// 16 hexadecimal digits that no other process has.
pub fn random_id() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// A key for a door: 32 random bytes as hexadecimal digits.
pub fn random_key() -> Secret<String> {
    let mut halves = [[0; 16]; 2];
    for half in &mut halves {
        getrandom::fill(half).expect("the system has randomness");
    }
    let [first, second] = halves.map(u128::from_be_bytes);
    Secret::new(format!("{first:032x}{second:032x}"))
}

/// The editor's options without `masterKey`, and that key.
pub fn split_master_key(
    mut options: Map<String, serde_json::Value>,
) -> (Map<String, serde_json::Value>, Option<Secret<String>>) {
    let key = options.remove("masterKey").and_then(|key| key.as_str().map(|key| Secret::new(key.to_owned())));
    (options, key.filter(|key| !key.expose().is_empty()))
}
