//! The third step, and the only failover loop: it chooses an account, has it tried, and decides by what came of it
//! whether the same account or another one is tried next. Requests, turns of a socket and handshakes differ in how one
//! account is tried, which is their [`Attempt`]. An account is tried at most once after it was refused.

pub mod tried;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use crate::clock;
use crate::domain::account::AccountId;
use crate::domain::health::Outcome;
use crate::domain::routing::failover::{Keeps, Verdict, is_failure, short_wait, unwaited, verdict};
use crate::domain::routing::setback::Setback;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::outcomes::Measured;
use crate::manager::router::{Refusal, Route, RouteRequest, Written};
use tried::{Best, Login, Over, Sent, Stuck, Tried};

/// How often a short rate limit is waited out on one account.
const SHORT_WAITS: u32 = 2;

/// After a body was sent whole and no answer came, it may have been acted on: it is sent once more at most.
const RESENDS: u32 = 1;

/// How one account is tried.
pub trait Attempt: Sized {
    /// What ends the loop.
    type End;
    /// An upstream's error, which is the answer when no other account serves.
    type Refused;

    /// Whether the same can be sent once more.
    fn can_repeat(&self) -> bool {
        true
    }

    /// Whether an account that is limited may be waited for.
    fn can_wait(&self) -> bool {
        self.can_repeat()
    }

    /// Binds the request to the account of an open connection, if it has to stay there.
    fn bind(&self, _request: &mut RouteRequest) {}

    /// Ends the loop where the key of the proxy that the request came with is none any more.
    async fn admitted(&mut self) -> Result<(), Self::End>;

    /// Whether only an API key could serve, and there is none: no waiting helps.
    fn lacks_key(&self, _request: &RouteRequest, _refusal: &Refusal) -> bool {
        false
    }

    /// Adds to an error that names the model's version what to do about it.
    fn advise(&self, _refused: &mut Self::Refused, _request: &RouteRequest) {}

    /// Prepares the request for the login of `route`.
    async fn ready_for_login(&mut self, request: &RouteRequest, route: &mut Route) -> Result<Login, Self::End>;

    /// Tries the account of `route`.
    async fn try_one(&mut self, failover: &mut Failover<'_>, route: Route) -> Tried<Self::End, Self::Refused>;

    /// Waits for `future`, unless the client leaves meanwhile and that can be seen.
    async fn meanwhile<F: Future>(&mut self, future: F) -> Result<F::Output, Self::End> {
        Ok(future.await)
    }
}

/// What was tried for one request, and what is tried next.
pub struct Failover<'m> {
    /// The accounts.
    pub manager: &'m Arc<Manager>,
    /// What is asked for.
    pub request: RouteRequest,
    /// What attempts proved, on its way to the file.
    pub writes: Vec<Written>,
    /// When the client stops waiting, if that is known.
    pub deadline: Option<Instant>,
    /// Attempts beyond the first.
    pub retries: u32,
    /// Upstream calls that ended in a 5xx or in nothing.
    failures: u32,
    /// How often a whole body was sent once more.
    resends: u32,
    /// How often a connection that had served was replaced.
    reconnects: u32,
    /// How often it waited for an account to be free.
    room_waits: u32,
    short_waits: u32,
    /// The logins whose token was refused and renewed for this request.
    renewed: Vec<AccountId>,
    without_token: Option<String>,
    unanswered: Option<String>,
}

impl<'m> Failover<'m> {
    /// For `request`, of which nothing was tried.
    pub fn new(manager: &'m Arc<Manager>, request: RouteRequest) -> Failover<'m> {
        Failover {
            manager,
            request,
            writes: Vec::new(),
            deadline: None,
            retries: 0,
            failures: 0,
            resends: 0,
            reconnects: 0,
            room_waits: 0,
            short_waits: SHORT_WAITS,
            renewed: Vec::new(),
            without_token: None,
            unanswered: None,
        }
    }

    /// Tries accounts until one serves or none is left.
    pub async fn run<A: Attempt>(&mut self, attempt: &mut A) -> Over<A::End, A::Refused> {
        match self.tries(attempt).await {
            Ok(never) => match never {},
            Err(over) => over,
        }
    }

    async fn tries<A: Attempt>(&mut self, attempt: &mut A) -> Result<Infallible, Over<A::End, A::Refused>> {
        let mut kept = None;
        loop {
            let Some(mut route) = self.choose(attempt, &mut kept).await? else { continue };
            self.short_waits = SHORT_WAITS;
            while let Some(same) = self.try_one(attempt, route, &mut kept).await? {
                self.retries += 1;
                if !self.manager.may_still_use(&self.request, &same.account) {
                    break;
                }
                route = same;
            }
            self.retries += 1;
            self.request.attempt += 1;
        }
    }

    /// The account to try. `None` to choose once more.
    async fn choose<A: Attempt>(
        &mut self,
        attempt: &mut A,
        kept: &mut Option<(Route, A::Refused)>,
    ) -> Result<Option<Route>, Over<A::End, A::Refused>> {
        let manager = self.manager;
        attempt.meanwhile(manager.consult(&mut self.request)).await.map_err(Over::End)?;
        attempt.admitted().await.map_err(Over::End)?;
        attempt.bind(&mut self.request);
        let mut route = match manager.route(&self.request) {
            Ok(route) => route,
            Err(refusal) => return self.refused(attempt, refusal, kept).await.map(|()| None),
        };
        if route.target.credential.login().is_none() {
            return Ok(Some(route));
        }
        match attempt.ready_for_login(&self.request, &mut route).await.map_err(Over::End)? {
            Login::CannotServe => {
                self.request.needs_api_key = true;
                return Ok(None);
            }
            Login::IsConnected => return Ok(self.allowed_still(route)),
            Login::NeedsToken => {}
        }
        let has_others = manager.has_others(&self.request, &route.account);
        let usable = manager.tokens().usable(&route.account, Arc::clone(&route.target), has_others);
        match attempt.meanwhile(usable).await.map_err(Over::End)? {
            Ok(target) => {
                route.target = target;
                Ok(self.allowed_still(route))
            }
            Err(why) => {
                self.has_no_token(&route.account, &why);
                self.request.attempt += 1;
                Ok(None)
            }
        }
    }

    /// The route, unless rules that changed while it was prepared keep the request from its account.
    fn allowed_still(&self, route: Route) -> Option<Route> {
        Some(route).filter(|route| self.manager.may_still_use(&self.request, &route.account))
    }

    /// No account can serve: ends the loop, or waits for one to be free.
    async fn refused<A: Attempt>(
        &mut self,
        attempt: &mut A,
        refusal: Refusal,
        kept: &mut Option<(Route, A::Refused)>,
    ) -> Result<(), Over<A::End, A::Refused>> {
        // A limit says more than an upstream that may be there again in a moment, and than a token that is late.
        let is_limited = matches!(&refusal, Refusal::Exhausted(exhausted) if exhausted.rate_limited);
        let is_silent = self.unanswered.as_ref().filter(|_| !(is_limited && self.has_answer()));
        let best = if let Some((route, refused)) = kept.take() {
            Best::Kept(route, refused)
        } else if attempt.lacks_key(&self.request, &refusal) {
            Best::Refusal
        } else if let Some(why) = is_silent {
            Best::Unanswered(why.clone())
        } else {
            if let Refusal::Exhausted(exhausted) | Refusal::Bound(_, Some(exhausted)) = &refusal
                && attempt.can_wait()
            {
                let waiting = self.manager.wait_for_room(&self.request, exhausted, self.room_waits);
                if attempt.meanwhile(waiting).await.map_err(Over::End)? {
                    self.room_waits += 1;
                    self.request.tried.clear();
                    self.unanswered = None;
                    return Ok(());
                }
            }
            self.without_token.clone().filter(|_| !is_limited).map_or(Best::Refusal, Best::WithoutToken)
        };
        Err(Over::Stuck(Stuck { best, refusal: Some(refusal) }))
    }

    /// Tries one account. The same route when it is tried once more, `None` when the next account is.
    async fn try_one<A: Attempt>(
        &mut self,
        attempt: &mut A,
        route: Route,
        kept: &mut Option<(Route, A::Refused)>,
    ) -> Result<Option<Route>, Over<A::End, A::Refused>> {
        attempt.admitted().await.map_err(Over::End)?;
        match attempt.try_one(self, route).await {
            Tried::End(end) => Err(Over::End(end)),
            Tried::Changed(route) => Ok(Some(route)),
            Tried::Unsendable(route) => {
                self.out(&route.account, Setback::Unsendable);
                self.unanswered.get_or_insert_with(|| {
                    format!("the key of `{}` is not valid in a header; set it again", route.target.label)
                });
                Ok(None)
            }
            Tried::Out(route, setback) => {
                self.out(&route.account, setback);
                Ok(None)
            }
            Tried::Unanswered { route, why, sent } => {
                let next = self.after_silence(route, &why, sent, attempt.can_repeat());
                next.map_err(|()| {
                    let best = kept.take().map_or(Best::Unanswered(why), |(route, refused)| Best::Kept(route, refused));
                    Over::Stuck(Stuck { best, refusal: None })
                })
            }
            Tried::Refused { route, outcome, measured, refused } => {
                if let Outcome::CredentialRefused { .. } = outcome
                    && route.target.credential.login().is_some()
                    && !self.renewed.contains(&route.account)
                {
                    drop(refused);
                    return self.renew(attempt, route, measured).await;
                }
                if let Some(wait) = short_wait(&outcome, self.manager.session().config().short_retry())
                    && self.short_waits > 0
                    && attempt.can_repeat()
                {
                    drop(refused);
                    self.short_waits -= 1;
                    self.manager.waits_shortly(&route, &self.request, measured);
                    attempt.meanwhile(tokio::time::sleep(wait)).await.map_err(Over::End)?;
                    return Ok(Some(route));
                }
                self.judge(attempt, (route, refused), outcome, measured, kept).map(|()| None)
            }
        }
    }

    /// After an attempt without an answer: once more to the same account, or to the next, within the bounds.
    fn after_silence(&mut self, route: Route, why: &str, sent: Sent, can_repeat: bool) -> Result<Option<Route>, ()> {
        self.unanswered = Some(why.to_owned());
        let was_sent = sent != Sent::InPart;
        let is_resent = was_sent && self.resends + self.reconnects >= RESENDS;
        if sent == Sent::IntoOldConnection && !is_resent {
            self.unanswered = None;
            self.reconnects += 1;
            return Ok(Some(route));
        }
        self.failures += 1;
        let is_late = self.deadline.is_some_and(|deadline| clock::instant() >= deadline);
        let is_spent = is_late || is_resent || self.failures >= self.manager.session().config().max_attempts();
        if is_spent || !can_repeat {
            return Err(());
        }
        if was_sent {
            self.resends += 1;
            if !self.manager.has_others(&self.request, &route.account) {
                return Ok(Some(route));
            }
        }
        self.out(&route.account, Setback::NoAnswer);
        Ok(None)
    }

    /// Renews a login's token that was refused.
    async fn renew<A: Attempt>(
        &mut self,
        attempt: &mut A,
        mut route: Route,
        measured: Measured,
    ) -> Result<Option<Route>, Over<A::End, A::Refused>> {
        let manager = self.manager;
        drop(manager.record(&route, &self.request, &Outcome::PassThrough, measured));
        let refused = route.target.credential.login().and_then(|login| login.access_token.clone());
        self.renewed.push(route.account.clone());
        let has_others = manager.has_others(&self.request, &route.account);
        let renewed = manager.tokens().renewed(&route.account, refused, has_others);
        match attempt.meanwhile(renewed).await.map_err(Over::End)? {
            Ok(target) => {
                route.target = target;
                Ok(Some(route))
            }
            Err(why) => {
                self.has_no_token(&route.account, &why);
                Ok(None)
            }
        }
    }

    /// Whether another account is tried after an error, or it is the answer.
    fn judge<A: Attempt>(
        &mut self,
        attempt: &A,
        (mut route, mut refused): (Route, A::Refused),
        outcome: Outcome,
        measured: Measured,
        kept: &mut Option<(Route, A::Refused)>,
    ) -> Result<(), Over<A::End, A::Refused>> {
        let outcome = unwaited(outcome);
        self.writes.extend(self.manager.record(&route, &self.request, &outcome, measured));
        let setback =
            Setback::of(&outcome, measured.status, self.manager.session().now()).filter(|_| attempt.can_repeat());
        self.failures += u32::from(setback.is_some() && is_failure(&outcome));
        // A body that was sent once more already is not sent a third time: it may have been acted on.
        let is_spent = self.failures >= self.manager.session().config().max_attempts() || self.resends > 0;
        let (Some(setback), Verdict::Another { keeps }) = (setback, verdict(&outcome, is_spent)) else {
            return Err(Over::Stuck(Stuck { best: Best::Stands(route, refused), refusal: None }));
        };
        self.out(&route.account, setback);
        let is_kept = match keeps {
            Keeps::Nothing => false,
            Keeps::First => kept.is_none(),
            Keeps::Last => true,
        };
        if is_kept {
            if let Outcome::ModelUnavailable { is_of_version: true } = outcome {
                attempt.advise(&mut refused, &self.request);
            }
            // Kept for its answer alone.
            route.end_probe();
            *kept = Some((route, refused));
        }
        Ok(())
    }

    /// Whether a body that was sent whole may be sent once more.
    pub fn may_resend(&self) -> bool {
        self.resends + self.reconnects < RESENDS
    }

    /// Whether any account that was tried gave an answer.
    pub fn has_answer(&self) -> bool {
        let is_silent = |setback: &Setback| matches!(setback, Setback::NoAnswer | Setback::Unsendable);
        self.request.tried.iter().any(|(_, setback)| !is_silent(setback))
    }

    /// The account is out for this request.
    fn out(&mut self, account: &AccountId, setback: Setback) {
        self.request.tried.push((account.clone(), setback));
    }

    /// A login is out for this request, because it has no token.
    fn has_no_token(&mut self, account: &AccountId, why: &Error) {
        self.out(account, Setback::NoToken);
        why.log_causes();
        if matches!(why.kind, ErrorKind::LoginFailed | ErrorKind::AccountNotFound) {
            return;
        }
        let why = if self.request.key.is_some() { why.without_places() } else { &why.message };
        let pool = self.manager.accounts().view().pool;
        let label = pool.position(account).map(|position| pool.members[position].label.as_str());
        self.without_token = Some(format!("`{}`: {why}", label.unwrap_or_default()));
    }
}
