//! The answer to a request: what an attempt that serves passes on, or the best there is when none does.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};

use crate::domain::health::Outcome;
use crate::domain::resources::Keeps;
use crate::domain::usage::rate_headers;
use crate::manager::books::spending::Ticket;
use crate::manager::outcomes::Measured;
use crate::manager::router::Route;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::answer::filter::Filter;
use crate::proxy::answer::finish::{self, Answer, name_dropped};
use crate::proxy::answer::hidden::HiddenUsage;
use crate::proxy::answer::{refused, unserved};
use crate::proxy::choose::Failover;
use crate::proxy::choose::tried::{Best, Over, Stuck};
use crate::proxy::inspect::beginning::Buffered;
use crate::proxy::inspect::collected::Whole;
use crate::proxy::inspect::meter::Dialect;
use crate::proxy::inspect::refusal::Examined;
use crate::proxy::request::Forwarding;
use crate::proxy::{headers, models};

impl Forwarding<'_> {
    /// The answer when the failover is over.
    pub fn answer(&self, failover: &Failover<'_>, over: Over<Box<Answer>, Box<Examined>>) -> Answer {
        let stuck = match over {
            Over::End(answer) => return *answer,
            Over::Stuck(stuck) => stuck,
        };
        if let Some(response) = unserved::of(failover, &stuck, &self.outgoing.translation) {
            return Answer::ours(response);
        }
        let Stuck { best: Best::Stands(route, examined) | Best::Kept(route, examined), .. } = stuck else {
            return Answer::ours(errors::internal());
        };
        // The stream's own words are what its client reads best.
        let is_login = route.target.credential.login().is_some();
        let wanted = self.outgoing.translation.wanted().filter(|_| is_login && examined.rest.is_some());
        let filter = wanted.map(|wanted| Filter::translation(wanted, self.proxy.budget.room()));
        Answer::of(route, refused::response(*examined, &self.outgoing.method, filter))
    }

    /// Passes a good answer on as it comes.
    pub async fn pass_on(
        &self,
        failover: &mut Failover<'_>,
        route: Route,
        buffered: Buffered,
        started: Instant,
    ) -> Answer {
        let Buffered { head, bytes, rest, meter } = buffered;
        let header = |name: &str| headers::text(&head.headers, name);
        let mut ticket = self.served(failover, &route, Measured { status: head.status.as_u16(), started });
        ticket.rate_used(rate_headers::tokens_used(&header));
        if self.outgoing.method == Method::GET && self.outgoing.aim.path() == "/v1/models" {
            let response = Box::pin(models::with_empty_models(head, rest)).await;
            return Answer { response, route: Some(route), ticket: Some(ticket) };
        }
        let mut headers = headers::for_client(head.headers);
        let is_completions = meter.dialect() == Dialect::Completions;
        let translated = self.outgoing.translation.ready().filter(|_| route.target.credential.login().is_some());
        if let Some(translated) = translated {
            name_dropped(&mut headers, &translated.dropped);
        }
        let filter = match translated.and_then(|translated| translated.wanted.as_ref()) {
            Some(wanted) => Some(Filter::translation(wanted, self.proxy.budget.room())),
            None if self.outgoing.usage_question.is_some() && is_completions => {
                Some(Filter::HiddenUsage(HiddenUsage::default()))
            }
            None => None,
        };
        if filter.is_some() {
            headers.remove(CONTENT_LENGTH);
        }
        let body = ProxyBody::passing(bytes, Some(rest), meter, filter);
        let response = finish::response(head.status, headers, body);
        Answer { response, route: Some(route), ticket: Some(ticket) }
    }

    /// Records that the account serves. What that takes is accounted by the ticket.
    fn served(&self, failover: &mut Failover<'_>, route: &Route, measured: Measured) -> Ticket {
        let manager = &self.proxy.manager;
        failover.writes.extend(manager.record(route, &failover.request, &Outcome::Success, measured));
        let mut ticket = manager.ticket(route, &failover.request, measured.started);
        ticket.stored(self.keeps == Keeps::All);
        ticket.asks(self.outgoing.aim.asks());
        ticket.has_input(self.input);
        ticket
    }

    /// Passes a stream on as the one document that its client asked for.
    pub fn pass_document(&self, failover: &mut Failover<'_>, route: Route, whole: Whole, started: Instant) -> Answer {
        let Whole { head, meter, document } = whole;
        let ticket = self.served(failover, &route, Measured { status: head.status.as_u16(), started });
        let mut headers = headers::for_client(head.headers);
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(translated) = self.outgoing.translation.ready() {
            name_dropped(&mut headers, &translated.dropped);
        }
        let document = VecDeque::from([Bytes::from(document.to_string())]);
        let response = finish::response(head.status, headers, ProxyBody::passing(document, None, meter, None));
        Answer { response, route: Some(route), ticket: Some(ticket) }
    }
}
