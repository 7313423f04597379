//! `window/showDocument`: the page of a login, opened by a client that can.

use language_server::Client;
use language_server::ls_types::ShowDocumentParams;
use serde_json::Value;

use crate::background;
use crate::protocol::{AccountsLogin, Method};

/// The page that the person is to see after this result of `method`.
pub fn page<'r>(method: &str, result: &'r Value) -> Option<&'r str> {
    result.get("url").filter(|_| method == AccountsLogin::NAME)?.as_str()
}

/// Asks the client to open it, in a task of its own: one that never answers keeps nothing back.
pub fn show(client: Client, page: &str) {
    let Ok(uri) = page.parse() else { return };
    background::spawn(async move {
        let shown = client.show_document(ShowDocumentParams {
            uri,
            external: Some(true),
            take_focus: Some(true),
            selection: None,
        });
        match shown.await {
            Ok(true) => {}
            Ok(false) => tracing::info!("the client did not open the page; the person can"),
            Err(error) => tracing::info!("the client did not open the page: {error}"),
        }
    });
}
