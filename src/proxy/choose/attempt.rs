//! What the failover loop needs of those whose accounts it chooses, and what came of one try.

use crate::domain::health::Outcome;
use crate::domain::routing::setback::Setback;
use crate::manager::outcomes::Measured;
use crate::manager::router::{Refusal, Route, RouteRequest};
use crate::proxy::choose::Failover;

/// How one account is tried.
pub trait Attempt: Sized {
    /// What ends the loop.
    type End;
    /// An upstream's error, which is the answer when no other account serves.
    type Refused;

    /// Whether the same can be sent once more.
    fn can_repeat(&self) -> bool;

    /// Whether an account that is limited may be waited for.
    fn can_wait(&self) -> bool;

    /// Binds the request to the account of an open connection, if it has to stay there.
    fn bind(&self, _request: &mut RouteRequest) {}

    /// Whether only an API key could serve, and there is none: no waiting helps.
    fn lacks_key(&self, _request: &RouteRequest, _refusal: &Refusal) -> bool {
        false
    }

    /// Adds to an error that names the model's version what to do about it.
    fn advise(&self, _refused: &mut Self::Refused, _request: &RouteRequest) {}

    /// Prepares the request for the login of `route`.
    async fn ready_for_login(&mut self, request: &RouteRequest, route: &mut Route) -> Result<Login, Self::End>;

    /// Tries the account of `route`.
    async fn try_one(&mut self, failover: &mut Failover<'_>, route: Route) -> Tried<Self>;

    /// Waits for `future`, unless the client leaves meanwhile and that can be seen.
    async fn meanwhile<F: Future>(&mut self, future: F) -> Result<F::Output, Self::End> {
        Ok(future.await)
    }
}

/// What a login that was chosen still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// It cannot serve this request.
    CannotServe,
    /// A token that holds.
    NeedsToken,
    /// Nothing: a connection of it is open.
    IsConnected,
}

/// What came of trying one account.
pub enum Tried<A: Attempt> {
    /// The loop ends with this.
    End(A::End),
    /// The request was changed, and goes to the same account once more.
    Changed(Route),
    /// The account's key or address cannot stand in a request.
    Unsendable(Route),
    /// The account is out for this reason.
    Out(Route, Setback),
    /// No answer came, which was recorded.
    Unanswered {
        /// Which account did not answer.
        route: Route,
        /// Why.
        why: String,
        /// How far the request came.
        sent: Sent,
    },
    /// The upstream answered with an error.
    Refused {
        /// Which account.
        route: Route,
        /// What the error proves.
        outcome: Outcome,
        /// Its status, and when the attempt began.
        measured: Measured,
        /// The error itself.
        refused: A::Refused,
    },
}

/// How far a request without an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Not whole.
    InPart,
    /// Whole: it may have been acted on.
    Whole,
    /// Into a connection that has served before: such are closed in time, which says nothing of the account.
    IntoOldConnection,
}

/// How the loop ended.
pub enum Over<A: Attempt> {
    /// By an attempt.
    End(A::End),
    /// Without one that serves.
    Stuck(Stuck<A::Refused>),
}

/// No account serves.
pub struct Stuck<R> {
    /// What is known to say about it.
    pub best: Best<R>,
    /// What routing said. `None` when enough was tried.
    pub refusal: Option<Refusal>,
}

/// The best answer there is when no account serves.
pub enum Best<R> {
    /// The error of an upstream, which stands.
    Stands(Route, R),
    /// The error of an upstream that was kept while others were tried.
    Kept(Route, R),
    /// No upstream answered; why.
    Unanswered(String),
    /// A login has no token now; why.
    WithoutToken(String),
    /// What routing said.
    Refusal,
}
