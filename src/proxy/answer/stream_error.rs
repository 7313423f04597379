//! Why an answer that has begun does not come to its end.

/// Why an answer was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The upstream's connection broke.
    #[error("the upstream's stream broke")]
    Broken,
    /// It ended without the event that says that it is whole.
    #[error("the upstream ended the stream before its last event")]
    Truncated,
    /// What it reports at a time is more than there is room for in this process.
    #[error("too many large answers are under way")]
    Crowded,
    /// A fault of this program.
    #[error("the proxy failed because of a bug")]
    Fault,
}
