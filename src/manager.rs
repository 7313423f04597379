//! The one stateful room: it owns the store, the upstream client, the clock and what routing remembers. Every
//! verb of the product is a method here; the doors only translate.

pub mod accounts;
mod asking;
pub mod belief;
pub mod books;
mod failure;
mod membership;
mod memory;
pub mod outcomes;
mod report;
mod requests;
pub mod router;
pub mod session;
mod sessions;
pub mod tokens;
mod verbs;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Map;

use crate::clock::Clock;
pub use crate::config::DEFAULT_PROXY_KEY;
use crate::config::{Config, Sources};
use crate::domain::account::{Families, Kind};
use crate::domain::base_url::BaseUrl;
use crate::domain::report::SessionKind;
use crate::domain::routing::Strategy;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::ledger::Ledger;
use crate::paths::Paths;
use crate::secrets::Secret;
use crate::secrets::master_key::KeySources;
use crate::store::{DataFolders, Store, StoreOptions};
use crate::upstream::Upstream;
pub use accounts::View;
use accounts::pool::kind as kind_of;
use accounts::{Accounts, Bases};
use belief::Belief;
use books::Books;
use failure::Failure;
pub use membership::LATEST_SHUTDOWN;
use memory::Memory;
use router::Router;
use session::event::{self, Event};
use session::{Identity, Session, SessionParts};
use tokens::Tokens;

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

/// The state of one process. Shared by its doors.
pub struct Manager {
    session: Arc<Session>,
    accounts: Arc<Accounts>,
    tokens: Arc<Tokens>,
    books: Arc<Books>,
    upstream: Upstream,
    issuer_base: BaseUrl,
    belief: Arc<Belief>,
    memory: Mutex<Memory>,
    router: Router,
    clock: Clock,
    identity: Identity,
    store: Store,
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
        let upstream = Upstream::new(&environment);
        let session = Arc::new(Session::new(SessionParts {
            identity: identity.clone(),
            clock: clock.clone(),
            environment,
            paths,
            sources,
            folders: folders.clone(),
            store: store.clone(),
        }));
        let belief = Arc::new(Belief::new(session.changes().clone()));
        let router = Router::new(identity.kind, identity.pid);
        let accounts = Arc::new(Accounts::new(Arc::clone(&session), store.clone(), bases, Arc::clone(&belief)));
        let tokens = Tokens::new(Arc::clone(&session), Arc::clone(&accounts), upstream.clone(), issuer_base.clone());
        let books = Books::new(Arc::clone(&session), folders);
        Ok(Arc::new(Manager {
            tokens: Arc::new(tokens),
            books: Arc::new(books),
            session,
            accounts,
            upstream,
            issuer_base,
            belief,
            memory: Mutex::default(),
            router,
            clock,
            identity,
            store,
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

    fn view(&self) -> View {
        self.accounts.view()
    }

    fn config(&self) -> Arc<Config> {
        self.session.config()
    }

    fn strategy(&self) -> Strategy {
        self.session.strategy()
    }

    fn families(&self) -> Families {
        self.session.families()
    }

    fn emit(&self, event: Event) {
        self.session.emit(event);
    }

    fn warn(&self, text: String) {
        self.session.warn(text);
    }

    fn ledger(&self) -> &Ledger {
        self.books.ledger()
    }

    /// A request was answered completely, or ended otherwise.
    pub fn finished(&self, finished: event::Finished) {
        self.session.emit(Event::Finished(finished));
    }

    /// Every place that requests go to, each with what it is: those of API keys, and those of logins where there are any.
    pub fn upstreams(&self) -> Vec<(&'static str, BaseUrl)> {
        let (state, bases) = (self.accounts.view().state, self.accounts.bases());
        let of = |kind: Kind| state.accounts.iter().filter(move |account| kind_of(account) == kind);
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

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
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
