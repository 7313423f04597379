//! What a verb of the product can fail with: the kind decides the exit code and the RPC code, the hint says what
//! to do.

use std::fmt;

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
        match self {
            ErrorKind::InvalidParams => "invalidParams",
            ErrorKind::AccountNotFound => "accountNotFound",
            ErrorKind::AmbiguousAccount => "ambiguousAccount",
            ErrorKind::Locked => "locked",
            ErrorKind::StoreBusy => "storeBusy",
            ErrorKind::StoreUnreadable => "storeUnreadable",
            ErrorKind::LoginFailed => "loginFailed",
            ErrorKind::UpstreamFailed => "upstreamFailed",
            ErrorKind::NoAccountAvailable => "noAccountAvailable",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Configuration => "configuration",
            ErrorKind::Internal => "internal",
        }
    }

    /// The kind of that name; `None` for a name of another version.
    pub fn of_name(name: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::InvalidParams => 2,
            ErrorKind::Locked | ErrorKind::Configuration => 3,
            ErrorKind::AccountNotFound | ErrorKind::AmbiguousAccount => 4,
            ErrorKind::StoreBusy
            | ErrorKind::StoreUnreadable
            | ErrorKind::LoginFailed
            | ErrorKind::UpstreamFailed
            | ErrorKind::NoAccountAvailable
            | ErrorKind::Conflict
            | ErrorKind::Internal => 1,
        }
    }
}

/// A failure with its kind, one sentence, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Decides exit and RPC code.
    pub kind: ErrorKind,
    /// One sentence without a full stop; never holds a secret.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Error {
    /// A failure of `kind`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hint: None }
    }

    /// The same, saying what to do.
    #[must_use = "this returns the error with its hint"]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What an error comes from in the end: of a failed request, "Connection refused".
pub fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
