//! Every call of the token endpoint, kept for tests to look at; without them nothing is kept but how many refreshes there were.

#[cfg(not(feature = "scripting"))]
mod off;
#[cfg(feature = "scripting")]
mod on;

#[cfg(not(feature = "scripting"))]
pub(super) use off::{InFlight, TokenLog};
#[cfg(feature = "scripting")]
pub(super) use on::{InFlight, TokenLog};
#[cfg(feature = "scripting")]
pub use on::{TokenCall, TokenOutcome};

/// What a call asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A code of the browser or the device flow.
    AuthorizationCode,
    /// A refresh.
    RefreshToken,
    /// A call of `/oauth/revoke`.
    Revocation,
    /// Anything else.
    Other,
}
