//! Answers as they pass to the client, event by event. A stream that broke is seen as broken: the client's
//! response is aborted, never ended as if it were whole.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::proxy::answer::ending::Ending;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::stream_error::StreamError;
use crate::proxy::echo;
use crate::proxy::inspect::meter::Meter;

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
    upstream: Option<Incoming>,
    /// The upstream has nothing more.
    is_over: bool,
    /// What it had was not the whole.
    is_cut: bool,
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
        rest: Option<Incoming>,
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
            is_over: false,
            is_cut: false,
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
        loop {
            if let Some(settling) = &mut self.settling {
                ready!(settling.as_mut().poll(context));
                self.settling = None;
            }
            if let Some(bytes) = self.held.pop_front() {
                self.report(|ending, _| ending.first_byte());
                if self.held.is_empty() && self.is_read() && self.meter.is_whole() && self.filter.is_none() {
                    self.report(|ending, meter| ending.complete(Some(meter)));
                }
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if self.is_cut {
                self.report(Ending::broken);
                return Poll::Ready(Some(Err(StreamError::Truncated)));
            }
            if self.is_over {
                self.report(|ending, meter| ending.complete(Some(meter)));
                return Poll::Ready(None);
            }
            let frame = match &mut self.upstream {
                Some(upstream) => ready!(Pin::new(upstream).poll_frame(context)),
                None => None,
            };
            match frame {
                Some(Ok(frame)) => {
                    // Trailers are hop-by-hop here.
                    if let Ok(bytes) = frame.into_data() {
                        self.take(bytes);
                    }
                    if let Some(failure) = self.filter.as_ref().and_then(Filter::failure) {
                        self.report(if failure == StreamError::Crowded { Ending::crowded } else { Ending::broken });
                        return Poll::Ready(Some(Err(failure)));
                    }
                }
                Some(Err(_)) => {
                    self.report(Ending::broken);
                    return Poll::Ready(Some(Err(StreamError::Broken)));
                }
                None if !self.meter.is_whole() => {
                    self.report(Ending::broken);
                    return Poll::Ready(Some(Err(StreamError::Truncated)));
                }
                None => self.end(),
            }
        }
    }

    /// Reads `bytes` and puts them where they are passed on from.
    fn take(&mut self, bytes: Bytes) {
        self.meter.push(&bytes);
        self.report(|ending, meter| ending.owns(meter));
        if self.is_known() {
            self.settle_if_exact();
        }
        let shown = match &mut self.filter {
            Some(filter) => filter.pass(&bytes),
            None => bytes,
        };
        if !shown.is_empty() {
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
            self.is_cut = filter.is_cut();
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
