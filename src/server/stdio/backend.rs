//! What the language server does: `initialize` starts the session, and each method of the product is answered by its handler.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use jsonrpsee::types::ErrorObjectOwned;
use language_server::jsonrpc::{Error as LspError, Result as LspResult};
use language_server::ls_types::{
    ExecuteCommandOptions, InitializeParams, InitializeResult, MessageType, NumberOrString, OneOf, ServerCapabilities,
    ServerInfo, WorkDoneProgressCancelParams, WorkspaceFolder, WorkspaceFoldersChangeEvent,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use language_server::{Client, ClientSocket, LspService, Server};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::client::{self, Folders};
use super::notify::{notify, show_message};
use super::outbox::Outbox;
use super::progress::Progresses;
use super::{show_document, tolerance};
use crate::background;
use crate::error::{Error, ErrorKind};
use crate::manager::session::{EventReceiver, Given, of_settings};
use crate::manager::{LATEST_SHUTDOWN, Manager, ManagerOptions, random_key, split_master_key};
use crate::protocol::ProxyReady;
use crate::server::events::named;
use crate::server::message_keys::MessageKeys;
use crate::server::methods::Handler;
use crate::server::{Doors, Session, Turn, lifecycle, registry, table};

/// How long requests in flight may take to end: with it everything ends within five seconds.
const DRAIN: Duration = Duration::from_secs(4);

/// How long the file's lock is waited for at the end.
const LEAVE: Duration = Duration::from_millis(800);

/// What `initialize` starts.
struct Started {
    doors: Doors,
    events: Mutex<Option<EventReceiver>>,
}

/// What the server and the loop in front of it both see.
pub struct Shared {
    options: Mutex<Option<(ManagerOptions, TcpListener)>>,
    /// Where the client works.
    folders: Mutex<Folders>,
    /// What goes out to the client.
    outbox: Outbox,
    /// Those of the messages that are on their way to the server.
    pub keys: MessageKeys,
    started: OnceLock<Started>,
    /// Held while the session starts, so that an end meanwhile finds what it has to take away.
    starting: tokio::sync::Mutex<()>,
    /// The process the client named, once it did.
    parent: watch::Sender<Option<u32>>,
    /// The client said `shutdown`.
    pub saw_shutdown: AtomicBool,
    /// The client said `exit`.
    pub saw_exit: AtomicBool,
    /// The client said that it opens pages.
    shows_documents: AtomicBool,
    /// The client said that it shows progress that it did not ask for.
    shows_progress: AtomicBool,
}

impl Shared {
    /// Before `initialize`.
    pub fn new(options: ManagerOptions, listener: TcpListener, outbox: Outbox) -> Shared {
        Shared {
            options: Mutex::new(Some((options, listener))),
            folders: Mutex::default(),
            outbox,
            keys: MessageKeys::default(),
            started: OnceLock::new(),
            starting: tokio::sync::Mutex::default(),
            parent: watch::channel(None).0,
            saw_shutdown: AtomicBool::new(false),
            saw_exit: AtomicBool::new(false),
            shows_documents: AtomicBool::new(false),
            shows_progress: AtomicBool::new(false),
        }
    }

    /// The session, once it has started.
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.started.get().map(|started| &started.doors.session)
    }

    /// Remembers what the exit code depends on.
    pub fn note(&self, method: &str) {
        match method {
            "shutdown" => self.saw_shutdown.store(true, Ordering::Relaxed),
            "exit" => self.saw_exit.store(true, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Before `initialize` the real parent is watched, then the one it names.
    pub async fn orphaned(&self) {
        let mut parent = self.parent.subscribe();
        let named = tokio::select! {
            () = lifecycle::orphaned(None) => return,
            named = parent.wait_for(Option::is_some) => named.ok().and_then(|named| *named),
        };
        lifecycle::orphaned(named).await;
    }

    /// Ends what runs, or what is just starting.
    pub async fn end(&self, again: impl Future<Output = ()>) {
        drop(tokio::time::timeout(LEAVE, self.starting.lock()).await);
        let Some(started) = self.started.get() else { return };
        started.doors.drain(DRAIN, again).await;
        if !started.doors.session.manager.leave_within(LEAVE).await {
            tracing::info!("another session will remove this session's record");
        }
    }
}

/// The session, as the language server calls it.
struct Backend(Arc<Shared>);

/// The service, and the socket for what it sends of itself.
pub fn service(shared: &Arc<Shared>) -> (LspService<Server>, ClientSocket) {
    let methods = registry::all().0.into_iter();
    let methods = methods.map(|(name, handler)| (tolerance::name(name), answering(shared, name, handler))).collect();
    language_server::service(Arc::new(Backend(Arc::clone(shared))), methods)
}

/// One of the product's methods as the server calls it.
fn answering(shared: &Arc<Shared>, name: &'static str, handler: Handler) -> language_server::Handler {
    let shared = Arc::clone(shared);
    Arc::new(move |client, params| {
        let (shared, handler) = (Arc::clone(&shared), Arc::clone(&handler));
        Box::pin(async move {
            let session = Arc::clone(shared.session().ok_or_else(LspError::invalid_request)?);
            let result = handler(session, params).await?;
            if let Some(page) = show_document::page(name, &result)
                && shared.shows_documents.load(Ordering::Relaxed)
            {
                show_document::show(client, page);
            }
            Ok(result)
        })
    })
}

impl From<Error> for LspError {
    fn from(error: Error) -> LspError {
        let error = ErrorObjectOwned::from(error);
        let data = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
        LspError { code: i64::from(error.code()).into(), message: error.message().to_owned().into(), data }
    }
}

impl language_server::Session for Backend {
    fn initialize(&self, params: InitializeParams) -> BoxFuture<'_, LspResult<InitializeResult>> {
        self.start_session(params).boxed()
    }

    fn initialized(&self, client: Client) -> BoxFuture<'_, ()> {
        self.begin_notifications(client).boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, LspResult<()>> {
        self.leave().map(Ok).boxed()
    }

    fn change_folders(&self, change: WorkspaceFoldersChangeEvent) -> BoxFuture<'_, ()> {
        let folders = {
            let mut folders = self.0.folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.change(paths(&change.added), &paths(&change.removed));
            folders.current()
        };
        self.change_project(|given| given.folders = folders);
        future::ready(()).boxed()
    }

    fn change_settings(&self, settings: Value) -> BoxFuture<'_, ()> {
        if let Some(bounds) = of_settings(&settings) {
            self.change_project(|given| given.settings = Some(bounds));
        }
        future::ready(()).boxed()
    }

    /// The person gave up a wait: the request is answered at once.
    fn cancel(&self, progress: WorkDoneProgressCancelParams) {
        if let (Some(session), NumberOrString::String(request_id)) = (self.0.session(), progress.token) {
            session.manager.books().cancel_wait(&request_id);
        }
    }
}

impl Backend {
    #[expect(deprecated, reason = "`rootPath` is the one member that takes a path as it is")]
    async fn start_session(&self, params: InitializeParams) -> LspResult<InitializeResult> {
        // It may come before anyone watches.
        self.0.parent.send_replace(params.process_id);
        let window = params.capabilities.window.unwrap_or_default();
        let shows_documents = window.show_document.is_some_and(|shows| shows.support);
        self.0.shows_documents.store(shows_documents, Ordering::Relaxed);
        let shows_progress = window.work_done_progress.unwrap_or(false);
        self.0.shows_progress.store(shows_progress, Ordering::Relaxed);
        let taken = self.0.options.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mut options, listener) = taken.ok_or_else(LspError::invalid_request)?;
        options.program = params.client_info.map(|client| client.name);
        let started_in = options.folders.take().and_then(|folders| folders.into_iter().next());
        options.folder = params.root_path.or(options.folder);
        let folders = Folders::new(paths(&params.workspace_folders.unwrap_or_default()), started_in);
        options.folders = Some(folders.current());
        *self.0.folders.lock().unwrap_or_else(PoisonError::into_inner) = folders;
        let given = match params.initialization_options {
            Some(Value::Object(given)) => given,
            _ => Map::new(),
        };
        // In a task of its own: a client that cancels must not leave half a session behind.
        let shared = Arc::clone(&self.0);
        let starting = background::spawn(async move {
            let _starting = shared.starting.lock().await;
            let started = start(options, listener, given, shared.keys.clone()).await?;
            let info = started.doors.session.info_with_tokens();
            shared.started.set(started).map_err(|_| LspError::invalid_request())?;
            Ok::<_, LspError>(info)
        });
        let info = starting.await.map_err(|_| LspError::internal_error())??;
        Ok(InitializeResult {
            server_info: Some(ServerInfo {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            capabilities: ServerCapabilities {
                execute_command_provider: Some(ExecuteCommandOptions {
                    commands: vec![table::LIST.to_owned(), table::SWITCH.to_owned()],
                    ..ExecuteCommandOptions::default()
                }),
                workspace: Some(WorkspaceServerCapabilities {
                    workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                        supported: Some(true),
                        change_notifications: Some(OneOf::Left(true)),
                    }),
                    ..WorkspaceServerCapabilities::default()
                }),
                experimental: Some(json!({ "codexAccountManager": info })),
                ..ServerCapabilities::default()
            },
            ..InitializeResult::default()
        })
    }

    async fn begin_notifications(&self, client: Client) {
        let Some(started) = self.0.started.get() else { return };
        // The answer to `initialize` is out: nothing of the handshake delays it.
        started.doors.session.manager.open_first_connection();
        let Some(events) = started.events.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let outbox = &self.0.outbox;
        let (name, ready) = named::<ProxyReady>(&started.doors.session.info());
        outbox.notify(name, &ready).await;
        let session = started.doors.session.manager.session();
        let config = session.config();
        for warning in config.warnings.iter().chain(&config.notices).chain(&session.standing().warnings) {
            show_message(outbox, MessageType::WARNING, warning).await;
        }
        let progresses = Progresses::new(self.0.shows_progress.load(Ordering::Relaxed));
        background::spawn(notify(client, outbox.clone(), events, progresses));
    }

    fn change_project(&self, change: impl FnOnce(&mut Given)) {
        if let Some(session) = self.0.session() {
            session.manager.change_project(change);
        }
    }

    async fn leave(&self) {
        if let Some(session) = self.0.session() {
            // Everything is on disk before this is answered: some clients kill right after.
            let manager = &session.manager;
            manager.leave_within(LEAVE).await;
            drop(tokio::time::timeout(LATEST_SHUTDOWN, manager.tokens().rotated()).await);
        }
    }
}

/// Where workspace folders are.
fn paths(folders: &[WorkspaceFolder]) -> Vec<PathBuf> {
    folders.iter().map(|folder| client::place_of(&folder.uri)).collect()
}

/// Everything slow comes later: the key's derivation, TLS roots, other files.
async fn start(
    mut options: ManagerOptions,
    listener: TcpListener,
    given: Map<String, Value>,
    keys: MessageKeys,
) -> Result<Started, Error> {
    let (given, master_key) = split_master_key(given);
    let master_key = master_key.map(|key| keys.resolve(key.expose().clone())).transpose()?;
    options.sources.initialization_options = given;
    options.master_key = master_key;
    let address = listener
        .local_addr()
        .map_err(|error| Error::because(ErrorKind::Internal, "the proxy's address cannot be read", error))?;
    options.port = address.port();
    // It may ask `git`, and the end of the input is seen meanwhile.
    let opening = background::spawn_blocking(|| Manager::open(options));
    let manager =
        opening.await.map_err(|error| Error::because(ErrorKind::Internal, "the session did not start", error))??;
    let events = manager.session().events();
    manager.join().await;
    manager.watch();
    manager.poll();
    let session = Session { manager, address, api_key: random_key(), keys, turn: Turn::default() };
    Ok(Started { doors: Doors::open(session, Vec::new(), listener), events: Mutex::new(Some(events)) })
}
