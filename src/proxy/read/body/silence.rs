//! How long a client may say nothing while more of its request is awaited. While bytes come there is no limit, however slow
//! they are; nobody holds a connection for ever without sending.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

/// As long as a connection may be idle between requests.
pub const LONGEST: Duration = Duration::from_secs(120);

/// The silence of one client. It counts only while its bytes are asked for: one whose bytes are not read is not silent.
pub struct Silence {
    longest: Duration,
    since: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// It has not begun.
    pub fn new(longest: Duration) -> Silence {
        Silence { longest, since: None }
    }

    /// What was asked of the client came, or did not; `true` when it has been silent for too long.
    pub fn is_too_long<T>(&mut self, asked: &Poll<T>, context: &mut Context<'_>) -> bool {
        if asked.is_ready() {
            self.since = None;
            return false;
        }
        let longest = self.longest;
        let since = self.since.get_or_insert_with(|| Box::pin(tokio::time::sleep(longest)));
        since.as_mut().poll(context).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_client_is_silent_from_its_last_byte_on_and_only_when_it_is_asked() {
        let longest = Duration::from_millis(30);
        let mut silence = Silence::new(longest);
        let began = tokio::time::Instant::now();
        for _ in 0..4 {
            let is_too_long = poll_fn(|context| Poll::Ready(silence.is_too_long(&Poll::<()>::Pending, context))).await;
            assert!(!is_too_long || began.elapsed() >= longest);
            tokio::time::sleep(longest / 3).await;
            assert!(!poll_fn(|context| Poll::Ready(silence.is_too_long(&Poll::Ready(()), context))).await);
        }
        let asked = tokio::time::Instant::now();
        poll_fn(
            |context| if silence.is_too_long(&Poll::<()>::Pending, context) { Poll::Ready(()) } else { Poll::Pending },
        )
        .await;
        assert!(asked.elapsed() >= longest);
    }
}
