//! What an upstream answers to a turn: buffered until it says something, and read while it passes.

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::proxy::inspect::beginning::PATIENCE;
use crate::proxy::inspect::meter::Meter;
use crate::proxy::socket::client::{Client, Gone};
use crate::proxy::socket::upstream::Upstream;

/// A response that has said nothing within so many bytes passes. Its first events repeat what was asked.
const MOST_HELD: usize = 1024 * 1024;

/// How a response begins.
pub enum Beginning {
    /// With output, or with nothing that could still fail over.
    Begun(Vec<Utf8Bytes>),
    /// With this error.
    Failed(Vec<Utf8Bytes>, Value),
    /// Not at all: the connection is gone.
    Broken(&'static str),
}

/// Sends a turn and reads the answer until its first output, its failure, or a bound.
pub async fn begin(
    client: &mut Client<'_>,
    upstream: &mut Upstream,
    text: Bytes,
    meter: &mut Meter,
) -> Result<Beginning, Gone> {
    let Ok(text) = Utf8Bytes::try_from(text) else { return Ok(Beginning::Broken("the message is not text")) };
    if !client.while_waiting(upstream.send(text)).await? {
        return Ok(Beginning::Broken("the connection was closed"));
    }
    let (mut messages, mut length) = (Vec::new(), 0);
    // Until something comes there is no bound: a model may think for long.
    let mut deadline = None;
    loop {
        let coming = next(client, upstream);
        let message = match deadline {
            None => coming.await?,
            Some(deadline) => match tokio::time::timeout_at(deadline, coming).await {
                Ok(message) => message?,
                Err(_) => return Ok(Beginning::Begun(messages)),
            },
        };
        let Some(message) = message else {
            return Ok(Beginning::Broken("the connection ended before any message"));
        };
        deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
        meter.message(message.as_bytes());
        length += message.len();
        messages.push(message);
        if let Some(error) = meter.failure() {
            return Ok(Beginning::Failed(messages, error.clone()));
        }
        if meter.has_output() || meter.is_over() || length >= MOST_HELD {
            return Ok(Beginning::Begun(messages));
        }
    }
}

/// The next message of the upstream; `None` at its end. What the client says meanwhile that asks for no response is passed
/// on. Nothing is lost when it is given up.
pub async fn next(client: &mut Client<'_>, upstream: &mut Upstream) -> Result<Option<Utf8Bytes>, Gone> {
    loop {
        tokio::select! {
            message = upstream.next() => return Ok(message),
            received = client.receive() => {
                received?;
                while let Some(message) = client.other_for(&upstream.account).await? {
                    if !upstream.send(message.text).await {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
