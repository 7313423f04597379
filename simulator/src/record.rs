//! What a request was and how it ended, kept for tests to look at; nothing is kept without them.

#[cfg(not(feature = "scripting"))]
mod off;
#[cfg(feature = "scripting")]
mod on;

#[cfg(not(feature = "scripting"))]
pub(crate) use off::Watch;
#[cfg(feature = "scripting")]
pub(crate) use on::{Entry, Watch};
#[cfg(feature = "scripting")]
pub use on::{Outcome, RecordedRequest};
