//! The language server, for a session and methods that are handed in. It brings a handler for each of the protocol's seventy
//! methods, and five are used: a crate of its own lets all of them be compiled for size.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tower_lsp::LanguageServer;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    DidChangeConfigurationParams, DidChangeWorkspaceFoldersParams, InitializeParams, InitializeResult,
    InitializedParams, WorkDoneProgressCancelParams, WorkspaceFoldersChangeEvent,
};

pub use tower_lsp::{Client, ClientSocket, LspService, jsonrpc, ls_types};

/// What the protocol's own methods do.
pub trait Session: Send + Sync + 'static {
    /// The client says who it is, and receives the capabilities.
    fn initialize(&self, params: InitializeParams) -> BoxFuture<'_, Result<InitializeResult>>;
    /// It has the answer; from now on it takes notifications.
    fn initialized(&self, client: Client) -> BoxFuture<'_, ()>;
    /// It will say `exit` next.
    fn shutdown(&self) -> BoxFuture<'_, Result<()>>;
    /// The client works in other folders now.
    fn change_folders(&self, change: WorkspaceFoldersChangeEvent) -> BoxFuture<'_, ()>;
    /// Its settings are others now.
    fn change_settings(&self, settings: Value) -> BoxFuture<'_, ()>;
    /// The person gave up what a progress shows.
    fn cancel(&self, progress: WorkDoneProgressCancelParams);
}

/// Answers one further method.
pub type Handler = Arc<dyn Fn(Client, Value) -> BoxFuture<'static, Result<Value>> + Send + Sync>;

/// The server, as the library calls it.
pub struct Server {
    client: Client,
    session: Arc<dyn Session>,
}

/// The service, and the socket for what it sends of itself.
pub fn service(session: Arc<dyn Session>, methods: Vec<(&'static str, Handler)>) -> (LspService<Server>, ClientSocket) {
    let mut builder = LspService::build(move |client| Server { client, session });
    for (name, handler) in methods {
        builder = builder.custom_method(name, answering(handler));
    }
    builder.custom_method("window/workDoneProgress/cancel", Server::cancel).finish()
}

fn answering(handler: Handler) -> impl for<'s> Fn(&'s Server, Value) -> BoxFuture<'static, Result<Value>> + Clone {
    move |server, params| handler(server.client.clone(), params)
}

impl Server {
    #[expect(clippy::unused_async, reason = "the library calls handlers that are")]
    async fn cancel(&self, progress: WorkDoneProgressCancelParams) {
        self.session.cancel(progress);
    }
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        self.session.initialize(params).await
    }

    async fn initialized(&self, _: InitializedParams) {
        self.session.initialized(self.client.clone()).await;
    }

    async fn shutdown(&self) -> Result<()> {
        self.session.shutdown().await
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.session.change_folders(params.event).await;
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.session.change_settings(params.settings).await;
    }
}
