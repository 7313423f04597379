//! The language-server door. The only room that names the LSP types.

mod backend;
mod client;
mod conversation;
mod frame_guard;
mod incoming;
mod input;
mod notify;
mod outbox;
mod progress;
mod show_document;
mod tolerance;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;

use self::backend::Shared;
use self::conversation::{LAST_ANSWERS, converse};
use self::incoming::Messages;
use self::input::Input;
use self::outbox::Outbox;
use super::lifecycle::{self, Ended};
use crate::manager::ManagerOptions;
use crate::sys::pipes;

/// Serves one client on the standard streams until it is done. The listener is bound already; everything else
/// begins with `initialize`. Returns the exit code.
pub async fn serve(options: ManagerOptions, listener: TcpListener) -> u8 {
    let outbox = Outbox::default();
    outbox.write_to(pipes::stdout());
    let shared = Arc::new(Shared::new(options, listener, outbox.clone()));
    let input = Input::stdin();
    let abandoned = input.abandoned();
    let messages = Messages::new(input, shared.keys.clone());
    let (service, socket) = backend::service(&shared);
    let mut last_answers = LAST_ANSWERS;
    let ended = tokio::select! {
        () = converse(service, socket, messages, &outbox, |method| shared.note(method)) => Ended::Otherwise,
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
    if let Some(session) = shared.session() {
        // An editor may show stderr, and nothing else can reach it any more.
        session.manager.tokens().see_tokens_through(again, |text| tracing::error!("{text}")).await;
    }
    u8::from(shared.saw_exit.load(Ordering::Relaxed) && !shared.saw_shutdown.load(Ordering::Relaxed))
}
