//! Answers as they pass to the client, event by event. A stream that broke is seen as broken: the client's
//! response is aborted, never ended as if it were whole.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};

use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::gathering::{ENOUGH, Gathering};
use crate::proxy::answer::stream_error::StreamError;
use crate::proxy::echo;
use crate::proxy::inspect::meter::Meter;
use crate::upstream::ResponseBody;

/// The body of an answer.
pub enum ProxyBody {
    /// Of our own, or buffered while it was inspected.
    Full(Option<Bytes>, Option<Box<Ending>>),
    /// From the upstream as it comes, after what was read of it already.
    Passing(Box<UpstreamBody>),
}

/// An upstream's answer on its way.
pub struct UpstreamBody {
    /// Read of the upstream, and not passed yet.
    held: VecDeque<Bytes>,
    /// `None` when all of it was read already.
    upstream: Option<ResponseBody>,
    /// What of it came since something was passed on.
    gathering: Gathering,
    /// The upstream has nothing more.
    is_over: bool,
    /// Why there is nothing behind what is held.
    failure: Option<StreamError>,
    meter: Meter,
    filter: Option<Filter>,
    ending: Option<Ending>,
    /// What is read waits for this.
    settling: Option<BoxFuture<'static, ()>>,
}

impl UpstreamBody {
    fn is_read(&self) -> bool {
        self.upstream.as_ref().is_none_or(Body::is_end_stream)
    }
}

impl ProxyBody {
    /// A whole body.
    pub fn full(bytes: Bytes) -> ProxyBody {
        ProxyBody::Full(Some(bytes), None)
    }

    /// An upstream's answer as the client gets it through `filter`: what `meter` has read of it, and the rest of it.
    pub fn passing(
        read: VecDeque<Bytes>,
        rest: Option<ResponseBody>,
        meter: Meter,
        mut filter: Option<Filter>,
    ) -> ProxyBody {
        let held = match &mut filter {
            Some(filter) => read.iter().map(|bytes| filter.pass(bytes)).filter(|bytes| !bytes.is_empty()).collect(),
            None => read,
        };
        ProxyBody::Passing(Box::new(UpstreamBody {
            held,
            upstream: rest,
            gathering: Gathering::default(),
            is_over: false,
            failure: None,
            meter,
            filter,
            ending: None,
            settling: None,
        }))
    }

    /// The bytes of a whole body.
    pub fn into_bytes(self) -> Option<Bytes> {
        match self {
            ProxyBody::Full(bytes, _) => bytes,
            ProxyBody::Passing(_) => None,
        }
    }

    /// Hides `secret` in what is here of the body. Whether it was there.
    pub fn hide(&mut self, secret: &str) -> bool {
        match self {
            ProxyBody::Full(bytes, _) => {
                let hidden = bytes.as_ref().and_then(|bytes| echo::without(bytes, secret));
                let is_found = hidden.is_some();
                *bytes = hidden.or(bytes.take());
                is_found
            }
            ProxyBody::Passing(passing) => {
                // It may be cut between two pieces.
                let hidden = match passing.held.make_contiguous() {
                    [] => None,
                    [one] => echo::without(one, secret),
                    pieces => echo::without(&pieces.concat(), secret),
                };
                let Some(hidden) = hidden else { return false };
                passing.held = VecDeque::from([hidden]);
                true
            }
        }
    }

    /// The same body, reported as finished when it is sent. One that has no bytes is not asked for any.
    #[must_use = "this returns the body with its ending"]
    pub fn ending(self, mut ending: Ending, is_head: bool) -> ProxyBody {
        if is_head || self.is_end_stream() {
            ending.complete(None);
        }
        match self {
            ProxyBody::Full(bytes, _) => ProxyBody::Full(bytes, Some(Box::new(ending))),
            ProxyBody::Passing(mut passing) => {
                passing.ending = Some(ending);
                passing.settle_what_is_held();
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
                    ending.complete(None);
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
                passing.held.is_empty()
                    && passing.settling.is_none()
                    && passing.filter.is_none()
                    && passing.meter.is_whole()
                    && passing.is_read()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ProxyBody::Full(bytes, _) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            ProxyBody::Passing(passing) if passing.filter.is_some() => SizeHint::default(),
            ProxyBody::Passing(passing) => {
                let held: usize = passing.held.iter().map(Bytes::len).sum();
                let left = passing.upstream.as_ref().map_or(Some(0), |upstream| upstream.size_hint().exact());
                left.map_or_else(SizeHint::default, |left| SizeHint::with_exact(left + held as u64))
            }
        }
    }
}

impl UpstreamBody {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let mut is_due = false;
        loop {
            if let Some(settling) = &mut self.settling {
                ready!(settling.as_mut().poll(context));
                self.settling = None;
            }
            is_due |= self.gathering.is_enough() || self.is_over || self.failure.is_some() || self.is_read();
            if is_due && let Some(bytes) = self.next_held() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if let Some(failure) = self.failure {
                self.report(if failure == StreamError::Crowded { Ending::crowded } else { Ending::broken });
                return Poll::Ready(Some(Err(failure)));
            }
            if self.is_over {
                self.report(|ending, meter| ending.complete(Some(meter)));
                return Poll::Ready(None);
            }
            let frame = match &mut self.upstream {
                Some(upstream) => Pin::new(upstream).poll_frame(context),
                None => Poll::Ready(None),
            };
            match frame {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are hop-by-hop here.
                    if let Ok(bytes) = frame.into_data() {
                        self.take(bytes);
                    }
                }
                Poll::Ready(Some(Err(_))) => self.failure = Some(StreamError::Broken),
                Poll::Ready(None) if !self.meter.is_whole() => self.failure = Some(StreamError::Truncated),
                Poll::Ready(None) => self.end(),
                Poll::Pending if self.held.is_empty() => return Poll::Pending,
                Poll::Pending if self.gathering.looks_again() => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => is_due = true,
            }
        }
    }

    /// What is passed on next of what is held: little pieces together.
    fn next_held(&mut self) -> Option<Bytes> {
        let length: usize = self.held.iter().map(Bytes::len).sum();
        let bytes = if self.held.len() > 1 && length <= 2 * ENOUGH {
            Bytes::from(self.held.drain(..).collect::<Vec<_>>().concat())
        } else {
            self.held.pop_front()?
        };
        self.report(|ending, _| ending.first_byte());
        if self.held.is_empty() {
            self.gathering.passed();
            if self.is_read() && self.meter.is_whole() && self.filter.is_none() {
                self.report(|ending, meter| ending.complete(Some(meter)));
            }
        }
        Some(bytes)
    }

    /// Reads `bytes` and puts them where they are passed on from.
    fn take(&mut self, bytes: Bytes) {
        self.gathering.add(bytes.len());
        self.meter.push(&bytes);
        self.report(|ending, meter| ending.owns(meter));
        if self.is_known() {
            self.settle_if_exact();
        }
        let shown = match &mut self.filter {
            Some(filter) => filter.pass(&bytes),
            None => bytes,
        };
        self.failure = self.filter.as_ref().and_then(Filter::failure);
        if !shown.is_empty() && self.failure.is_none() {
            self.held.push_back(shown);
        }
    }

    /// Whether what the answer took is known, or never will be.
    fn is_known(&self) -> bool {
        self.meter.is_over() || (self.is_read() && self.meter.is_whole())
    }

    /// A short stream may be known before it begins to pass.
    fn settle_what_is_held(&mut self) {
        self.report(|ending, meter| ending.owns(meter));
        if !self.held.is_empty() && self.is_known() {
            self.settle_if_exact();
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        self.settle_if_exact();
        let rest = self.filter.take().map(|mut filter| {
            let rest = filter.rest();
            self.failure = filter.is_cut().then_some(StreamError::Truncated);
            rest
        });
        self.held.extend(rest.filter(|rest| !rest.is_empty()));
    }

    /// An account with a spending limit is charged before the client has the whole answer.
    fn settle_if_exact(&mut self) {
        if let Some(ending) = self.ending.as_mut().filter(|ending| ending.is_exact()) {
            self.settling = ending.settle_exactly(&mut self.meter);
        }
    }

    fn report(&mut self, how: fn(&mut Ending, &mut Meter)) {
        if let Some(ending) = &mut self.ending {
            how(ending, &mut self.meter);
        }
    }
}

impl Drop for UpstreamBody {
    /// What was learned of an answer that the client did not wait for is accounted too.
    fn drop(&mut self) {
        self.report(|ending, meter| ending.left(Some(meter)));
    }
}
