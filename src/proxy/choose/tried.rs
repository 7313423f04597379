//! What comes of trying one account, and how the failover of a request ends.

use crate::domain::health::Outcome;
use crate::domain::routing::setback::Setback;
use crate::manager::outcomes::Measured;
use crate::manager::router::{Refusal, Route};

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
pub enum Tried<E, R> {
    /// The loop ends with this.
    End(E),
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
        refused: R,
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
pub enum Over<E, R> {
    /// By an attempt.
    End(E),
    /// Without one that serves.
    Stuck(Stuck<R>),
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
