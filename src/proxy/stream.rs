//! Answers as they pass to the client, event by event. A stream that broke is seen as broken: the client's
//! response is aborted, never ended as if it were whole.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::clock;
use crate::domain::account::AccountId;
use crate::manager::Manager;
use crate::manager::event::Finished;

/// What `routing/didFinish` says when the client left before the end.
const CLIENT_LEFT: u16 = 499;

/// What it says when the upstream broke the answer off.
const UPSTREAM_BROKE: u16 = 502;

/// Why an answer was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The upstream's connection broke.
    #[error("the upstream broke the stream")]
    Broken,
    /// It ended without the event that says that it is whole.
    #[error("the upstream ended the stream before its last event")]
    Truncated,
}

/// The body of an answer.
pub enum ProxyBody {
    /// Of our own, or held back while it was looked at.
    Full(Option<Bytes>, Option<Ending>),
    /// From the upstream as it comes, after what was read of it already.
    Passing(Box<Passing>),
}

/// An upstream's answer on its way.
pub struct Passing {
    head: Option<Bytes>,
    upstream: Incoming,
    watch: Option<LastEvent>,
    ending: Option<Ending>,
}

impl ProxyBody {
    /// A whole body.
    pub fn full(bytes: Bytes) -> ProxyBody {
        ProxyBody::Full(Some(bytes), None)
    }

    /// The upstream's, after `head`, which was read of it already.
    pub fn passing(head: Option<Bytes>, upstream: Incoming, watch: Option<LastEvent>) -> ProxyBody {
        ProxyBody::Passing(Box::new(Passing { head, upstream, watch, ending: None }))
    }

    /// The same body, told as finished when it is sent. One that has no bytes is not asked for any.
    #[must_use = "this returns the body with its ending"]
    pub fn ending(self, mut ending: Ending, is_head: bool) -> ProxyBody {
        if is_head || self.is_end_stream() {
            ending.complete();
        }
        match self {
            ProxyBody::Full(bytes, _) => ProxyBody::Full(bytes, Some(ending)),
            ProxyBody::Passing(mut passing) => {
                passing.ending = Some(ending);
                ProxyBody::Passing(passing)
            }
        }
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            ProxyBody::Full(bytes, ending) => {
                if let Some(ending) = ending {
                    ending.first_byte();
                    ending.complete();
                }
                Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            ProxyBody::Passing(passing) => passing.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ProxyBody::Full(bytes, _) => bytes.as_ref().is_none_or(Bytes::is_empty),
            // Asked before the body is polled: only an answer that has no body at all may say so.
            ProxyBody::Passing(passing) => {
                passing.head.is_none() && passing.watch.is_none() && passing.upstream.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ProxyBody::Full(bytes, _) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            ProxyBody::Passing(passing) => {
                let head = passing.head.as_ref().map_or(0, Bytes::len) as u64;
                passing
                    .upstream
                    .size_hint()
                    .exact()
                    .map_or_else(SizeHint::default, |left| SizeHint::with_exact(left + head))
            }
        }
    }
}

impl Passing {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        if let Some(head) = self.head.take().filter(|head| !head.is_empty()) {
            return Poll::Ready(Some(Ok(self.pass(head))));
        }
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.upstream).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) if bytes.is_empty() => continue,
                    Ok(bytes) => Some(Ok(self.pass(bytes))),
                    // Trailers are hop-by-hop here.
                    Err(_) => continue,
                },
                Some(Err(_)) => {
                    self.end(Ending::broken);
                    Some(Err(StreamError::Broken))
                }
                None if self.watch.as_ref().is_some_and(|watch| !watch.is_whole()) => {
                    self.end(Ending::broken);
                    Some(Err(StreamError::Truncated))
                }
                None => {
                    self.end(Ending::complete);
                    None
                }
            });
        }
    }

    fn pass(&mut self, bytes: Bytes) -> Frame<Bytes> {
        self.end(Ending::first_byte);
        if let Some(watch) = &mut self.watch {
            watch.push(&bytes);
        }
        if self.upstream.is_end_stream() && self.watch.as_ref().is_none_or(LastEvent::is_whole) {
            self.end(Ending::complete);
        }
        Frame::data(bytes)
    }

    fn end(&mut self, tell: fn(&mut Ending)) {
        if let Some(ending) = &mut self.ending {
            tell(ending);
        }
    }
}

/// Watches a stream of server-sent events for the one that says that it is whole. It looks at the beginning of
/// each line alone, however long the line is.
#[derive(Debug, Default)]
pub struct LastEvent {
    line: Vec<u8>,
    finish_reason: Option<FinishReason>,
    whole: bool,
}

/// How much of a line is looked at: `data: {"type":"response.incomplete"` fits.
const LOOKED_AT: usize = 48;

impl LastEvent {
    /// For a stream of completions: one whose last choice has a reason to finish is whole too, since not every server
    /// that speaks this dialect says `[DONE]`.
    pub fn of_completions() -> LastEvent {
        LastEvent { finish_reason: Some(FinishReason(0)), ..LastEvent::default() }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        self.whole |= self.finish_reason.as_mut().is_some_and(|reason| reason.is_seen_in(bytes));
        while !bytes.is_empty() && !self.whole {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            let room = LOOKED_AT.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            let Some(end) = end else { return };
            self.whole = is_last(&self.line);
            self.line.clear();
            bytes = &bytes[end + 1..];
        }
    }

    /// The last event was seen, or is the line that the stream ended in.
    fn is_whole(&self) -> bool {
        self.whole || is_last(&self.line)
    }
}

/// How much of `"finish_reason":"` was seen. Inside a JSON string its quotes would be escaped, so that a model's own
/// words never look like it.
#[derive(Debug)]
struct FinishReason(usize);

impl FinishReason {
    const TEXT: &[u8] = b"\"finish_reason\":\"";

    fn is_seen_in(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| {
            match byte {
                byte if *byte == Self::TEXT[self.0] => self.0 += 1,
                b' ' if Self::TEXT[..self.0].ends_with(b"\":") => {}
                byte => self.0 = usize::from(*byte == b'"'),
            }
            let seen = self.0 == Self::TEXT.len();
            self.0 = if seen { 0 } else { self.0 };
            seen
        })
    }
}

/// The events that end a Responses stream, by name or by type, and an error, which ends any.
fn is_last(line: &[u8]) -> bool {
    let ends = |text: &[u8]| {
        [b"response.completed".as_slice(), b"response.failed", b"response.incomplete", b"error"].iter().any(|name| {
            text.strip_prefix(*name).is_some_and(|rest| rest.first().is_none_or(|byte| b"\"\r ".contains(byte)))
        })
    };
    if let Some(name) = line.strip_prefix(b"event:") {
        return ends(name.trim_ascii_start());
    }
    let Some(data) = line.strip_prefix(b"data:") else { return false };
    let data: Vec<u8> = data.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    data.starts_with(b"[DONE]")
        || data.starts_with(b"{\"error\":")
        || data.strip_prefix(b"{\"type\":\"").is_some_and(ends)
}

/// Tells how a request ended, once, whichever way it does.
pub struct Ending {
    manager: Arc<Manager>,
    started: Instant,
    request_id: String,
    status: u16,
    account: Option<AccountId>,
    first_byte_ms: Option<u64>,
    is_told: bool,
}

impl Ending {
    /// The ending of a request that began at `started`.
    pub fn new(manager: Arc<Manager>, request_id: String, started: Instant) -> Ending {
        Ending { manager, started, request_id, status: 0, account: None, first_byte_ms: None, is_told: false }
    }

    /// Who answers, and with what.
    #[must_use = "this returns the ending with its answer"]
    pub fn with_answer(mut self, account: Option<AccountId>, status: u16) -> Ending {
        self.account = account;
        self.status = status;
        self
    }

    /// The request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    fn first_byte(&mut self) {
        if self.first_byte_ms.is_none() {
            self.first_byte_ms = Some(self.elapsed());
        }
    }

    fn complete(&mut self) {
        self.tell(self.status);
    }

    fn broken(&mut self) {
        self.tell(UPSTREAM_BROKE);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(clock::instant().duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    fn tell(&mut self, status: u16) {
        if !std::mem::replace(&mut self.is_told, true) {
            self.manager.finished(Finished {
                request_id: std::mem::take(&mut self.request_id),
                status,
                account: self.account.take(),
                duration_ms: self.elapsed(),
                first_byte_ms: self.first_byte_ms,
            });
        }
    }
}

impl Drop for Ending {
    /// Dropped before its end: the client went away.
    fn drop(&mut self) {
        self.tell(CLIENT_LEFT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, whole: bool) {
        check_with(LastEvent::default, stream, whole);
    }

    #[track_caller]
    fn check_with(start: fn() -> LastEvent, stream: &str, whole: bool) {
        for step in [1, 7, stream.len().max(1)] {
            let mut watch = start();
            for piece in stream.as_bytes().chunks(step) {
                watch.push(piece);
            }
            assert_eq!(watch.is_whole(), whole, "{stream:?} in steps of {step}");
        }
    }

    #[test]
    fn a_stream_is_whole_when_its_last_event_was_seen() {
        check("event: response.created\ndata: {\"type\":\"response.created\"}\n\n", false);
        check("event: response.completed\ndata: {}\n\n", true);
        check("data: {\"type\": \"response.completed\", \"response\": {}}\n\n", true);
        check("data: {\"type\":\"response.failed\"}", true);
        check("event: response.incomplete\r\n", true);
        check("event: error\n", true);
        check("event: response.completed_not\n", false);
        check("data: the words event: response.completed\n\n", false);
        check(
            &format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{}\"}}\n", "x".repeat(5000)),
            false,
        );
        check("", false);
    }

    #[test]
    fn a_stream_of_completions_is_whole_with_a_reason_to_finish_or_the_word_done() {
        let check = |stream, whole| check_with(LastEvent::of_completions, stream, whole);
        check("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n", false);
        check("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\"}}]}\n\n", false);
        check("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", true);
        check("data: {\"choices\": [{\"finish_reason\": \"length\"}]}\n\n", true);
        check("data: [DONE]\n\n", true);
        check("data: {\"error\": {\"message\": \"no\"}}\n\n", true);
        check("", false);
    }
}
