//! `$/progress` while a request waits, for clients that show it. Each has a task of its own: a client that never
//! answers must not keep other notifications back.

use std::collections::HashMap;
use std::time::Duration;

use language_server::Client;
use language_server::ls_types::notification::Progress;
use language_server::ls_types::request::WorkDoneProgressCreate;
use language_server::ls_types::{
    NumberOrString, ProgressParams, ProgressParamsValue, WorkDoneProgress, WorkDoneProgressBegin,
    WorkDoneProgressCreateParams, WorkDoneProgressEnd,
};
use tokio::sync::oneshot;

use crate::background;
use crate::domain::plain_text::plain;
use crate::manager::session::event::Waiting;
use crate::manager::session::words::length;

/// The progresses in flight by the request that waits, each with what ends it: the sender goes away.
pub struct Progresses {
    is_shown: bool,
    in_flight: HashMap<String, oneshot::Sender<()>>,
}

impl Progresses {
    /// None unless the client shows them.
    pub fn new(is_shown: bool) -> Progresses {
        Progresses { is_shown, in_flight: HashMap::new() }
    }

    /// A request waits.
    pub fn begin(&mut self, client: &Client, waiting: &Waiting) {
        if self.is_shown {
            let (in_flight, ended) = oneshot::channel();
            self.in_flight.insert(waiting.request_id.clone(), in_flight);
            background::spawn(show(client.clone(), waiting.clone(), ended));
        }
    }

    /// It goes on, or gave up.
    pub fn end(&mut self, request_id: &str) {
        self.in_flight.remove(request_id);
    }

    /// Ends were missed: a progress that ends early is better than one that stays for ever.
    pub fn end_all(&mut self) {
        self.in_flight.clear();
    }
}

async fn show(client: Client, waiting: Waiting, mut ended: oneshot::Receiver<()>) {
    let token = NumberOrString::String(waiting.request_id.clone());
    let create = WorkDoneProgressCreateParams { token: token.clone() };
    tokio::select! {
        created = client.send_request::<WorkDoneProgressCreate>(create) => if let Err(error) = created {
            tracing::debug!("the client shows no progress: {error}");
            return;
        },
        // Nothing was begun, so there is nothing to end.
        _ = &mut ended => return,
    }
    let progress = |value| ProgressParams { token: token.clone(), value: ProgressParamsValue::WorkDone(value) };
    let wait = length(Duration::from_millis(waiting.wait_ms));
    let begin = WorkDoneProgress::Begin(WorkDoneProgressBegin {
        title: "Waiting for an OpenAI account".to_owned(),
        cancellable: Some(true),
        message: Some(format!(
            "every account is limited for {}; the first is free again in {wait}",
            plain(waiting.family.as_str())
        )),
        percentage: None,
    });
    client.send_notification::<Progress>(progress(begin)).await;
    // An error is the sender's going away: the end.
    let _ = ended.await;
    client.send_notification::<Progress>(progress(WorkDoneProgress::End(WorkDoneProgressEnd { message: None }))).await;
}
