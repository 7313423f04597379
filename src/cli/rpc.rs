//! `rpc`: one method of a running session, for scripts. The token never leaves this process.

use std::io::Read;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use crate::domain::near;
use crate::domain::report::SessionReport;
use crate::error::{Error, ErrorKind};
use crate::manager::Manager;
use crate::manager::session::alive::RpcAddress;
use crate::protocol::METHODS;
use crate::session_rpc::{self, CallError, Refusal};
use crate::wording::session_kind;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[
    ("rpc accounts/list", "call the only running session"),
    (r#"rpc accounts/switch '{"account":"work"}'"#, "with params"),
    ("rpc status/read --session 2f51d08b6e9c4a17", "call this session"),
];

/// As long as the longest method: a refresh waits for an answer of the issuer.
const PATIENCE: Duration = Duration::from_secs(600);

/// No method takes more.
const LONGEST_PARAMS: u64 = 1024 * 1024;

/// JSON-RPC's code for a method that is not there.
const METHOD_NOT_FOUND: i64 = -32601;

const METHODS_ARE_LISTED: &str = "`codex-account-manager schema reference` lists the methods";

#[derive(Debug, Args)]
pub struct RpcArgs {
    /// The method, such as `accounts/list`
    method: String,
    /// Its params as JSON, or `-` to read them from stdin
    #[arg(allow_hyphen_values = true)]
    params: Option<String>,
    /// The session: its id, the beginning of its id, or its pid; the only one if left out
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

/// Calls the method and prints its result.
pub async fn run(context: &Context, args: RpcArgs) -> Result<u8, Error> {
    let is_known = METHODS.iter().any(|method| method.name == args.method);
    if let (false, Some(question)) = (is_known, meant(&args.method)) {
        return Err(Error::new(ErrorKind::InvalidParams, format!("unknown method `{}`", args.method)).hint(question));
    }
    let params = args.params.map_or_else(|| Ok(json!({})), |text| params(&text))?;
    let manager = context.manager()?;
    let address = address(&manager, args.session.as_deref())?;
    let called = session_rpc::call(&address, &args.method, &params, PATIENCE).await;
    Printer::json(&called.map_err(|error| refused(&args.method, error))?);
    Ok(0)
}

/// The session's door.
///
/// # Errors
///
/// `InvalidParams` when several run and none is named, or none matches; `UpstreamFailed` when none runs.
pub fn address(manager: &Manager, wanted: Option<&str>) -> Result<RpcAddress, Error> {
    let sessions = manager.live_sessions();
    let matching: Vec<&SessionReport> = sessions.iter().filter(|session| is_meant(session, wanted)).collect();
    match (matching.as_slice(), wanted) {
        ([session], _) => manager.session().rpc_of(&session.id).ok_or_else(|| {
            Error::new(ErrorKind::UpstreamFailed, format!("session {} has no `/rpc`", session.id))
                .hint("it may have ended; `codex-account-manager status` shows the sessions")
        }),
        ([], None) => Err(Error::new(ErrorKind::UpstreamFailed, "no session is running")
            .hint("start one with `codex-account-manager run`, `proxy` or an editor")),
        ([], Some(wanted)) => Err(Error::new(ErrorKind::InvalidParams, format!("no session matches `{wanted}`")).hint(
            match sessions.as_slice() {
                [] => "no session is running".to_owned(),
                _ => format!("running: {}", listed(&sessions.iter().collect::<Vec<_>>())),
            },
        )),
        (several, _) => {
            let message = format!("{} sessions are running: {}", several.len(), listed(several));
            Err(Error::new(ErrorKind::InvalidParams, message).hint("name one with `--session ID`"))
        }
    }
}

fn is_meant(session: &SessionReport, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    !wanted.is_empty() && (session.id.starts_with(wanted) || session.pid.to_string() == wanted)
}

fn listed(sessions: &[&SessionReport]) -> String {
    let name = |session: &&SessionReport| {
        let program = session.program.as_ref().map(|program| format!(" {program}")).unwrap_or_default();
        format!("{} ({}{program}, pid {})", session.id, session_kind(session.kind.into()), session.pid)
    };
    sessions.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn params(text: &str) -> Result<Value, Error> {
    let invalid = |why: String| Error::new(ErrorKind::InvalidParams, why);
    let read;
    let text = if text == "-" {
        let mut bytes = String::new();
        let done = std::io::stdin().lock().take(LONGEST_PARAMS + 1).read_to_string(&mut bytes);
        let unread = "the params on stdin cannot be read";
        done.map_err(|error| Error::because(ErrorKind::InvalidParams, unread, error))?;
        if bytes.len() as u64 > LONGEST_PARAMS {
            return Err(invalid("the params on stdin are too long".to_owned()));
        }
        read = bytes;
        read.as_str()
    } else {
        if text.contains("\"apiKey\"") {
            Printer::warning("your shell's history has the key now; next time pass the params on stdin with `-`");
        }
        text
    };
    // The parser's own words might repeat what stands there.
    serde_json::from_str(text).map_err(|error| {
        invalid(format!("the params are not valid JSON: line {}, column {}", error.line(), error.column()))
            .hint(r#"write them as `'{"account":"work"}'`, in single quotes"#)
    })
}

fn meant(method: &str) -> Option<String> {
    near::question(&near::near(method, METHODS.iter().map(|method| method.name)))
}

fn refused(method: &str, error: CallError) -> Error {
    let kind = match &error {
        CallError::Refused(Refusal { code: METHOD_NOT_FOUND, .. }) => ErrorKind::InvalidParams,
        CallError::Refused(Refusal { kind: Some(word), .. }) => ErrorKind::of_name(word).unwrap_or(ErrorKind::Internal),
        CallError::Refused(Refusal { code: -32602, .. }) => ErrorKind::InvalidParams,
        CallError::Refused(_) => ErrorKind::Internal,
        CallError::Gone | CallError::Closed(_) | CallError::Slow(_) | CallError::Unreadable => {
            ErrorKind::UpstreamFailed
        }
    };
    let code = match &error {
        CallError::Refused(refusal) => format!(" ({})", refusal.code),
        _ => String::new(),
    };
    let mut failed = Error::new(kind, format!("`{method}`: {error}{code}"));
    let unknown = matches!(error, CallError::Refused(Refusal { code: METHOD_NOT_FOUND, .. }));
    failed.hint = error.hint().or_else(|| unknown.then(|| METHODS_ARE_LISTED.to_owned()));
    failed.caused_by(error)
}
