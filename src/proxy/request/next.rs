//! What follows from an attempt that did not serve: the next account, the same one again, or the end.

use std::time::Instant;

use hyper::Response;

use crate::domain::account::AccountId;
use crate::domain::health::Outcome;
use crate::domain::routing::failover::{Keeps, Verdict, is_failure, verdict};
use crate::domain::routing::setback::Setback;
use crate::manager::outcomes::{Measured, NO_ANSWER};
use crate::manager::router::Route;
use crate::proxy::answer::body::ProxyBody;
use crate::proxy::answer::errors;
use crate::proxy::answer::finish::Answer;
use crate::proxy::inspect::refusal::Examined;
use crate::proxy::request::{Attempts, RESENDS};
use crate::upstream::SendError;

/// What to do after an attempt.
pub enum Next {
    /// This is the answer.
    Answer(Box<Answer>),
    /// Try the next account.
    Another,
    /// The same account, once more.
    Same(Route),
    /// The client is gone or its body is refused.
    GiveUp(Box<Response<ProxyBody>>),
}

impl Attempts<'_> {
    /// What follows from an answer that is no success.
    pub fn after(&mut self, route: Route, mut examined: Examined, outcome: &Outcome) -> Next {
        let setback = Setback::of(outcome, examined.status(), self.proxy.manager.session().now());
        let Some(setback) = setback.filter(|_| self.body.is_replayable()) else {
            return Next::Answer(Box::new(Answer::of(route, examined.into_response(&self.head))));
        };
        if is_failure(outcome) {
            self.failures += 1;
        }
        // A body that was sent once more already is not sent a third time: it may have been acted on.
        let is_spent = self.failures >= self.proxy.manager.session().config().max_attempts() || self.resends > 0;
        let Verdict::Another { keeps } = verdict(outcome, is_spent) else {
            return Next::Answer(Box::new(Answer::of(route, examined.into_response(&self.head))));
        };
        self.out(&route.account, setback);
        let replace = match keeps {
            Keeps::Nothing => return Next::Another,
            Keeps::First => self.kept.is_none(),
            Keeps::Last => true,
        };
        if replace {
            if let Outcome::ModelUnavailable { is_of_version: true } = outcome {
                examined.advise(&errors::version_advice(self.request.client_version));
            }
            // Kept for its answer alone.
            let mut route = route;
            route.end_probe();
            self.kept = Some((route, examined));
        }
        Next::Another
    }

    /// No answer came: to the next account, or once more to the only one, within the bounds.
    pub fn no_answer(&mut self, route: Route, started: Instant, error: &SendError) -> Next {
        let manager = &self.proxy.manager;
        let measured = Measured { status: NO_ANSWER, started };
        self.writes.extend(manager.record(&route, &self.request, &Outcome::Unreachable, measured));
        let was_sent = matches!(error, SendError::Broken(_) | SendError::Unusable(_));
        self.failures += 1;
        self.unreachable = Some(error.to_string());
        let is_spent =
            self.failures >= manager.session().config().max_attempts() || (was_sent && self.resends >= RESENDS);
        if is_spent || !self.body.is_replayable() {
            return match self.kept.take() {
                Some((route, examined)) => {
                    Next::Answer(Box::new(Answer::of(route, examined.into_response(&self.head))))
                }
                None => Next::GiveUp(Box::new(errors::unreachable(&error.to_string(), self.has_answer()))),
            };
        }
        if was_sent {
            self.resends += 1;
            if !manager.has_others(&self.request, &route.account) {
                return Next::Same(route);
            }
        }
        self.out(&route.account, Setback::NoAnswer);
        Next::Another
    }

    /// The account is out for this request.
    pub fn out(&mut self, account: &AccountId, setback: Setback) {
        self.request.tried.push((account.clone(), setback));
    }
}
