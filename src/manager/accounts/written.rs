//! What an attempt proved is in the file, where siblings see it, before the head of the request's answer goes out.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// How long after its upstream's head an answer waits for a write: one that takes longer goes on behind it.
const PATIENCE: Duration = Duration::from_millis(50);

/// A change on its way to the file. It is made whether somebody waits for it or not.
#[must_use = "siblings have to know it before the answer begins"]
#[derive(Debug)]
pub struct Written(pub(super) oneshot::Receiver<()>);

/// Waits until all are written, and no longer than a moment after `head`.
pub async fn all_written(writes: Vec<Written>, head: std::time::Instant) {
    let all = async {
        for write in writes {
            // One whose task is gone is not waited for.
            let _ = write.0.await;
        }
    };
    let _ = timeout_at(Instant::from_std(head) + PATIENCE, all).await;
}
