//! What a verb of the product can fail with: the kind decides the exit code and the RPC code, the hint says what
//! to do.

use std::fmt;
use std::sync::Arc;

/// What went wrong, as clients tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A parameter or argument is not of the accepted form.
    InvalidParams,
    /// No account answers to that name.
    AccountNotFound,
    /// Several accounts do.
    AmbiguousAccount,
    /// A secret cannot be opened, or none can be sealed.
    Locked,
    /// Another process holds the accounts file's lock.
    StoreBusy,
    /// The accounts file cannot be read or written.
    StoreUnreadable,
    /// A login was denied, cancelled or timed out.
    LoginFailed,
    /// The upstream could not be asked.
    UpstreamFailed,
    /// No account can serve.
    NoAccountAvailable,
    /// It is there already.
    Conflict,
    /// The configuration cannot be used.
    Configuration,
    /// Something that should not happen.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [ErrorKind; 12] = [
        ErrorKind::InvalidParams,
        ErrorKind::AccountNotFound,
        ErrorKind::AmbiguousAccount,
        ErrorKind::Locked,
        ErrorKind::StoreBusy,
        ErrorKind::StoreUnreadable,
        ErrorKind::LoginFailed,
        ErrorKind::UpstreamFailed,
        ErrorKind::NoAccountAvailable,
        ErrorKind::Conflict,
        ErrorKind::Configuration,
        ErrorKind::Internal,
    ];

    /// The name on the wire: `data.kind` of an RPC error.
    pub fn name(self) -> &'static str {
        self.name_and_exit_code().0
    }

    /// The kind of that name; `None` for a name of another version.
    pub fn of_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        self.name_and_exit_code().1
    }

    fn name_and_exit_code(self) -> (&'static str, u8) {
        match self {
            ErrorKind::InvalidParams => ("invalidParams", 2),
            ErrorKind::AccountNotFound => ("accountNotFound", 4),
            ErrorKind::AmbiguousAccount => ("ambiguousAccount", 4),
            ErrorKind::Locked => ("locked", 3),
            ErrorKind::StoreBusy => ("storeBusy", 1),
            ErrorKind::StoreUnreadable => ("storeUnreadable", 1),
            ErrorKind::LoginFailed => ("loginFailed", 1),
            ErrorKind::UpstreamFailed => ("upstreamFailed", 1),
            ErrorKind::NoAccountAvailable => ("noAccountAvailable", 1),
            ErrorKind::Conflict => ("conflict", 1),
            ErrorKind::Configuration => ("configuration", 3),
            ErrorKind::Internal => ("internal", 1),
        }
    }
}

/// A failure with its kind, one sentence, what to do about it, and what it comes from.
#[derive(Clone, Debug)]
pub struct Error {
    /// Decides exit and RPC code.
    pub kind: ErrorKind,
    /// One sentence without a full stop; never holds a secret.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// What it comes from, for the log alone: clients and stdout never see it.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure of `kind`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hint: None, source: None }
    }

    /// A failure of `kind` because of `source`, which is said behind `what`.
    pub fn because<E>(kind: ErrorKind, what: impl fmt::Display, source: E) -> Error
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        Error::new(kind, format!("{what}: {source}")).caused_by(source)
    }

    /// The same, saying what to do.
    #[must_use = "this returns the error with its hint"]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with what it comes from, which holds no secret.
    #[must_use = "this returns the error with its source"]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.source = Some(Arc::new(source));
        self
    }

    /// The message with what to do, where there is one line for both.
    pub fn with_hint(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}; {hint}"),
            None => self.message.clone(),
        }
    }

    /// The message for a client that is not told where files of this machine are: only what an upstream did is said.
    pub fn without_places(&self) -> &str {
        match self.kind {
            ErrorKind::UpstreamFailed | ErrorKind::LoginFailed | ErrorKind::NoAccountAvailable => &self.message,
            _ => "the proxy cannot do this now; its owner finds why in the log",
        }
    }

    /// Logs what it comes from, one line for each cause.
    pub fn log_causes(&self) {
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            tracing::debug!("{}: caused by: {error}", self.message);
            cause = error.source();
        }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        (self.kind, &self.message, &self.hint) == (other.kind, &other.message, &other.hint)
    }
}

impl Eq for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What an error comes from in the end: of a failed request, "Connection refused".
pub fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_source_and_does_not_show_it() {
        let refused = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let text = refused.to_string();
        let error = Error::new(ErrorKind::StoreUnreadable, "no").hint("mend it").caused_by(refused);
        assert_eq!(deepest(&error), text);
        assert_eq!((error.to_string(), error.with_hint()), ("no".to_owned(), "no; mend it".to_owned()));
    }
}
