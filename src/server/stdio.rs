//! The language-server door. The only room that names the LSP types.

mod borne;
mod client;
mod progress;
mod show_document;
mod tell;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tower_lsp::jsonrpc::{Error as LspError, ErrorCode, Request, Response, Result as LspResult};
use tower_lsp::ls_types::{
    ExecuteCommandOptions, InitializeParams, InitializeResult, InitializedParams, MessageType, NumberOrString,
    ServerCapabilities, ServerInfo, WorkDoneProgressCancelParams,
};
use tower_lsp::{Client, LanguageServer, LspService, Server};

use self::borne::Boundary;
use self::progress::Waits;
use self::tell::{Wire, tell};
use super::frames::{Outbox, guard_input};
use super::held_keys::HeldKeys;
use super::input::Input;
use super::lifecycle::Ended;
use super::{Doors, Session, boundary, lifecycle, table};
use crate::domain::plain_text::plain;
use crate::error::Error;
use crate::manager::LATEST_SHUTDOWN;
use crate::manager::session::event::Event;
use crate::manager::{Manager, ManagerOptions, random_key, split_master_key};
use crate::protocol::{METHODS, ProxyReady};

/// Requests that are answered at the same time.
const CONCURRENCY: usize = 64;

/// How long requests under way may take to end: with it everything ends within five seconds.
const DRAIN: Duration = Duration::from_secs(4);

/// How long answers may take once the client's end is closed.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How long the file's lock is waited for at the end.
const LEAVE: Duration = Duration::from_millis(800);

/// Serves one client on the standard streams until it is done. The listener is bound already; everything else
/// begins with `initialize`. Returns the exit code.
pub async fn serve(options: ManagerOptions, listener: TcpListener) -> u8 {
    let shared = Arc::new(Shared {
        options: Mutex::new(Some((options, listener))),
        keys: HeldKeys::default(),
        started: OnceLock::new(),
        starting: tokio::sync::Mutex::default(),
        parent: watch::channel(Parent::Real).0,
        saw_shutdown: AtomicBool::new(false),
        saw_exit: AtomicBool::new(false),
        shows_documents: AtomicBool::new(false),
        shows_progress: AtomicBool::new(false),
    });
    let outbox = Outbox::default();
    let (to_server, from_client) = tokio::io::duplex(64 * 1024);
    tokio::spawn(outbox.clone().write_to(tokio::io::stdout()));
    let input = Input::stdin();
    let abandoned = input.abandoned();
    let reading = tokio::spawn(guard_input(input, to_server, outbox.clone(), shared.keys.clone(), decode));
    let (service, socket) = service(&shared);
    let boundary = Boundary { inner: service, shared: Arc::clone(&shared) };
    let serving = Server::new(from_client, outbox.clone(), socket).concurrency_level(CONCURRENCY).serve(boundary);
    let mut serving = std::pin::pin!(serving);
    let mut last_answers = LAST_ANSWERS;
    let ended = tokio::select! {
        () = serving.as_mut() => Ended::Otherwise,
        _ = reading => {
            // The client's end is closed; answers that are nearly there still go out.
            drop(tokio::time::timeout(LAST_ANSWERS, serving).await);
            Ended::Otherwise
        }
        () = abandoned => {
            tracing::info!("the client is gone and left more than is taken");
            last_answers = LAST_ANSWERS / 2;
            Ended::Otherwise
        }
        () = lifecycle::asked_to_end() => {
            tracing::info!("asked to end");
            Ended::BySignal
        }
        () = shared.orphaned() => {
            tracing::info!("the parent process has ended");
            Ended::Otherwise
        }
    };
    let again = lifecycle::asked_to_end_again(ended);
    // A client that does not read now is not waited for again.
    let reads = outbox.emptied(last_answers).await;
    shared.end(again.clone()).await;
    outbox.emptied(if reads { LAST_ANSWERS } else { Duration::ZERO }).await;
    if let Some(started) = shared.started.get() {
        // An editor may show what stands on stderr, and has no other way left to be told.
        started.doors.session().manager.tokens().see_tokens_through(again, |text| tracing::error!("{text}")).await;
    }
    let abrupt = shared.saw_exit.load(Ordering::Relaxed) && !shared.saw_shutdown.load(Ordering::Relaxed);
    u8::from(abrupt)
}

/// Whether the server's own decoder can read a message. It takes a request without a method, and never answers it.
fn decode(body: &[u8]) -> serde_json::Result<()> {
    let request: Request = serde_json::from_slice(body)?;
    if request.method().is_empty() { serde_json::from_slice::<Response>(body).map(drop) } else { Ok(()) }
}

/// What `initialize` starts.
struct Started {
    doors: Doors,
    events: Mutex<Option<broadcast::Receiver<Event>>>,
}

/// Which process is watched.
#[derive(Clone, Copy, Debug)]
enum Parent {
    /// The one that started this process.
    Real,
    /// The one the client named.
    Named(u32),
}

struct Shared {
    options: Mutex<Option<(ManagerOptions, TcpListener)>>,
    /// Those of the messages that are on their way to the server.
    keys: HeldKeys,
    started: OnceLock<Started>,
    /// Held while the session starts, so that an end meanwhile finds what it has to take away.
    starting: tokio::sync::Mutex<()>,
    /// The process the client named, once it did.
    parent: watch::Sender<Parent>,
    saw_shutdown: AtomicBool,
    saw_exit: AtomicBool,
    /// The client said that it opens pages.
    shows_documents: AtomicBool,
    /// The client said that it shows progress that it did not ask for.
    shows_progress: AtomicBool,
}

impl Shared {
    /// Before `initialize` the real parent is watched, then the one it names.
    async fn orphaned(&self) {
        let mut parent = self.parent.subscribe();
        tokio::select! {
            () = lifecycle::orphaned(None) => return,
            _ = parent.changed() => {}
        }
        let named = match *parent.borrow_and_update() {
            Parent::Real => None,
            Parent::Named(pid) => Some(pid),
        };
        lifecycle::orphaned(named).await;
    }

    async fn end(&self, again: impl Future<Output = ()>) {
        drop(tokio::time::timeout(LEAVE, self.starting.lock()).await);
        let Some(started) = self.started.get() else { return };
        started.doors.drain(DRAIN, again).await;
        if !started.doors.session().manager.leave_within(LEAVE).await {
            tracing::info!("another session will remove this session's record");
        }
    }

    fn started(&self) -> LspResult<&Started> {
        self.started.get().ok_or_else(LspError::invalid_request)
    }
}

struct Backend {
    client: Client,
    shared: Arc<Shared>,
}

fn service(shared: &Arc<Shared>) -> (LspService<Backend>, tower_lsp::ClientSocket) {
    let shared = Arc::clone(shared);
    let mut builder = LspService::build(move |client| Backend { client, shared });
    for method in METHODS {
        builder = builder.custom_method(borne::name(method.name), delegate(method.name));
    }
    builder.custom_method("window/workDoneProgress/cancel", cancel_wait).finish()
}

/// The person gave up a wait: the request is answered at once.
async fn cancel_wait(backend: &Backend, params: WorkDoneProgressCancelParams) {
    if let (Ok(started), NumberOrString::String(request_id)) = (backend.shared.started(), params.token) {
        started.doors.session().manager.cancel_wait(&request_id);
    }
}

/// The handler of one of the product's methods: it hands over to the registry.
fn delegate(name: &'static str) -> impl for<'b> Fn(&'b Backend, Value) -> BoxFuture<'static, LspResult<Value>> + Clone {
    move |backend, params| {
        let (shared, client) = (Arc::clone(&backend.shared), backend.client.clone());
        Box::pin(async move {
            let started = shared.started()?;
            let answer = started.doors.registry().call(name, &params).await.map_err(|error| wire_error(&error))?;
            let page = show_document::page(name, &answer);
            if let Some(page) = page.filter(|_| shared.shows_documents.load(Ordering::Relaxed)) {
                show_document::show(client, &page);
            }
            Ok(answer)
        })
    }
}

fn wire_error(error: &ErrorObjectOwned) -> LspError {
    LspError {
        code: ErrorCode::from(i64::from(error.code())),
        message: error.message().to_owned().into(),
        data: error.data().and_then(|data| serde_json::from_str(data.get()).ok()),
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> LspResult<InitializeResult> {
        // Nobody waits for a receiver that is not there.
        let parent = params.process_id.map_or(Parent::Real, Parent::Named);
        let _ = self.shared.parent.send(parent);
        let client = client::Introduction::read(&params);
        let window = params.capabilities.window.unwrap_or_default();
        let shows_documents = window.show_document.is_some_and(|shows| shows.support);
        self.shared.shows_documents.store(shows_documents, Ordering::Relaxed);
        let shows_progress = window.work_done_progress.unwrap_or(false);
        self.shared.shows_progress.store(shows_progress, Ordering::Relaxed);
        let taken = self.shared.options.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mut options, listener) = taken.ok_or_else(LspError::invalid_request)?;
        options.program = client.program;
        options.folder = client.folder.or(options.folder);
        let given = match params.initialization_options {
            Some(Value::Object(given)) => given,
            _ => Map::new(),
        };
        // In a task of its own: a client that cancels must not leave half a session behind.
        let shared = Arc::clone(&self.shared);
        let starting = tokio::spawn(async move {
            let _starting = shared.starting.lock().await;
            let started = start(options, listener, given, shared.keys.clone())
                .await
                .map_err(|error| wire_error(&boundary::error_object(&error)))?;
            let info = started.doors.session().info_with_tokens();
            shared.started.set(started).map_err(|_| LspError::invalid_request())?;
            Ok(info)
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
                experimental: Some(json!({ "codexAccountManager": info })),
                ..ServerCapabilities::default()
            },
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let Ok(started) = self.shared.started() else { return };
        let Some(events) = started.events.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let client = self.client.clone();
        client.send_notification::<Wire<ProxyReady>>(started.doors.session().info()).await;
        for warning in &started.doors.session().manager.session().config().warnings {
            client.show_message(MessageType::WARNING, plain(warning)).await;
        }
        let waits = Waits::new(self.shared.shows_progress.load(Ordering::Relaxed));
        tokio::spawn(tell(client, events, waits));
    }

    async fn shutdown(&self) -> LspResult<()> {
        if let Ok(started) = self.shared.started() {
            // Everything is on disk before this is answered: some clients kill right after.
            let manager = &started.doors.session().manager;
            manager.leave_within(LEAVE).await;
            drop(tokio::time::timeout(LATEST_SHUTDOWN, manager.tokens().rotated()).await);
        }
        Ok(())
    }
}

/// Everything slow comes later: the key's derivation, TLS roots, other files.
async fn start(
    mut options: ManagerOptions,
    listener: TcpListener,
    given: Map<String, Value>,
    keys: HeldKeys,
) -> Result<Started, Error> {
    let (given, master_key) = split_master_key(given);
    let master_key = master_key.map(|key| keys.give(key.expose().clone())).transpose()?;
    options.sources.initialization_options = given;
    options.master_key = master_key;
    let address = listener.local_addr().map_err(|error| {
        Error::new(crate::error::ErrorKind::Internal, format!("the proxy's address cannot be read: {error}"))
    })?;
    options.port = address.port();
    let manager = Manager::open(options)?;
    let events = manager.session().events();
    manager.join().await;
    manager.watch();
    manager.poll();
    let session = Session { manager, address, api_key: random_key(), keys };
    Ok(Started { doors: Doors::open(session, Vec::new(), listener), events: Mutex::new(Some(events)) })
}
