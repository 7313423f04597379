//! In front of the language server: what its types would refuse and clients do send.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error as LspError, Request, Response};
use tower_service::Service;

use super::Shared;
use super::client::Introduction;
use crate::protocol::{ExecuteCommand, Method};

/// The language server behind what is borne.
pub struct Boundary<S> {
    pub inner: S,
    pub shared: Arc<Shared>,
}

impl<S> Service<Request> for Boundary<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Option<Response>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let is_unknown = request.method().starts_with("$/") || request.method() == EXECUTE_COMMAND;
        if let (true, Some(id)) = (is_unknown, request.id()) {
            // The server passes the first over, which is right for notifications alone; the second is no client's word.
            let refused = Response::from_error(id.clone(), LspError::method_not_found());
            return Box::pin(std::future::ready(Ok(Some(refused))));
        }
        match request.method() {
            "shutdown" => self.shared.saw_shutdown.store(true, Ordering::Relaxed),
            "exit" => self.shared.saw_exit.store(true, Ordering::Relaxed),
            _ => {}
        }
        Box::pin(self.inner.call(borne(request)))
    }
}

/// The server has a handler of its own for `workspace/executeCommand`, with params that refuse more than ours and tell
/// less of why. It is handed over under this name.
const EXECUTE_COMMAND: &str = "product/executeCommand";

/// The name under which the server finds the handler of `method`.
pub fn name(method: &'static str) -> &'static str {
    if method == ExecuteCommand::NAME { EXECUTE_COMMAND } else { method }
}

/// Absent and null params become what the method's type takes.
fn borne(request: Request) -> Request {
    let (method, id, params) = request.into_parts();
    let params = match (method.as_ref(), params.filter(|params| !params.is_null())) {
        ("initialize", params) => Some(initialize_params(params.as_ref())),
        ("shutdown" | "exit", _) => None,
        (_, Some(params)) => Some(params),
        (_, None) => Some(json!({})),
    };
    let method = if method == ExecuteCommand::NAME { EXECUTE_COMMAND.into() } else { method };
    let mut request = Request::build(method);
    if let Some(id) = id {
        request = request.id(id);
    }
    if let Some(params) = params {
        request = request.params(params);
    }
    request.finish()
}

/// The parts of `initialize` that are used, in the form the type takes; clients differ in all the others.
fn initialize_params(params: Option<&Value>) -> Value {
    let field = |name: &str| params.and_then(|params| params.get(name)).cloned().unwrap_or_default();
    let process_id = field("processId").as_u64().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
    let capabilities = field("capabilities");
    let says = |pointer: &str| capabilities.pointer(pointer).is_some_and(|says| *says == true);
    let window = json!({
        "workDoneProgress": says("/window/workDoneProgress"),
        "showDocument": { "support": says("/window/showDocument/support") },
    });
    let client = Introduction::of(params.unwrap_or(&Value::Null));
    json!({
        "processId": process_id,
        "clientInfo": client.program.map(|program| json!({ "name": program })),
        "rootPath": client.folder,
        "initializationOptions": field("initializationOptions"),
        "capabilities": { "window": window },
    })
}
