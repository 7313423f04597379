//! Classifies an upstream's answer by one table of rules for API keys, ChatGPT logins and the error events of streams and
//! sockets. Codes and types decide; a text does only where nothing else says it, and each such text stands once.

mod rules;

use std::ops::RangeInclusive;

use serde_json::Value;

use super::retry_after::requested_wait;
use super::{Outcome, WORKSPACE_NOT_AUTHORIZED, is_of_a_workspace};
use crate::domain::account::Kind;
use crate::domain::time::Timestamp;
use crate::domain::usage::quota::{is_reached, meter, meter_of_event};
use rules::{RULES, Rule};

/// The parts of an answer that count.
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Looks a header up by its lowercase name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The `error` object of the body, or `Value::Null`.
    pub error: &'a Value,
    /// The body, when it is no JSON.
    pub text: Option<&'a [u8]>,
}

/// What an answer has to say for a row to fit.
enum Says {
    /// Whatever it is.
    Anything,
    /// No code at all.
    NoCode,
    /// One of these as its code or type.
    Word(&'static [&'static str]),
    /// Its message contains each of these.
    Text(&'static [&'static str]),
    /// Its code is of a login's workspace.
    Workspace,
    /// The challenge of a key that lacks a permission.
    InsufficientScope,
    /// It is a page, or no answer of an API: something between us and the provider answered.
    Page,
    /// Cloudflare says that it answered in the provider's place.
    Challenge,
}

/// An [`Outcome`] without its times.
#[derive(Clone, Copy)]
enum Proof {
    Success,
    PassThrough,
    RateLimited,
    UsageLimited,
    TooLarge,
    OutOfQuota,
    CredentialRefused,
    Misassigned,
    AccountRefused,
    ModelUnavailable,
    VersionRefused,
    Blocked,
    RefusedHere,
    Overloaded,
    Failed,
}

/// What `answer` to a request of an account of this kind proves.
pub fn classify(answer: &Answer<'_>, kind: Kind, now: Timestamp) -> Outcome {
    match kind {
        Kind::ApiKey => first(answer, now, |rule| &rule.keys),
        Kind::ChatGpt => first(answer, now, |rule| &rule.logins),
    }
}

/// What an error proves that a stream reported before any output, behind a status of success. Only what concerns the
/// account or its host counts; everything else is the request's own.
pub fn classify_in_stream(answer: &Answer<'_>, now: Timestamp) -> Outcome {
    let status = status_of_code(answer.error).unwrap_or(answer.status);
    first(&Answer { status, ..*answer }, now, |rule| &rule.events)
}

/// What an error message of a socket proves, by the status that it reports to have over HTTP, if it reports one.
pub fn classify_message(answer: &Answer<'_>, kind: Kind, now: Timestamp) -> Outcome {
    if answer.status >= 400 { classify(answer, kind, now) } else { classify_in_stream(answer, now) }
}

/// The same outcome where the stream reported of its account's limits by these events `codex.rate_limits`: a limit that is
/// reached is the one that was met.
#[must_use = "this returns the narrowed outcome"]
pub fn narrowed_by(outcome: Outcome, events: &[Value]) -> Outcome {
    let reached = || events.iter().filter(|event| is_reached(event)).map(meter_of_event);
    match outcome {
        Outcome::UsageLimited { wait } if reached().next().is_some() && reached().all(|meter| meter.is_some()) => {
            Outcome::ModelLimited { wait }
        }
        other => other,
    }
}

/// The code of an error when it is a status.
fn status_of_code(error: &Value) -> Option<u16> {
    let code = error.get("code")?;
    match code {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether the text of a `detail` says that this account, its plan or its client does not serve the model. There is no
/// code for it.
pub fn is_model_refusal(detail: &str) -> bool {
    rules::MODEL_REFUSALS.iter().any(|texts| texts.iter().all(|text| detail.contains(text)))
}

/// By the first rule that fits, of those whose statuses in `column` are the answer's.
fn first(answer: &Answer<'_>, now: Timestamp, column: fn(&Rule) -> &RangeInclusive<u16>) -> Outcome {
    let rule = RULES.iter().find(|rule| column(rule).contains(&answer.status) && rule.says.fits(answer));
    outcome(rule.map_or(Proof::PassThrough, |rule| rule.proves), answer, now)
}

impl Says {
    fn fits(&self, answer: &Answer<'_>) -> bool {
        let field = |name: &str| answer.error.get(name).and_then(Value::as_str);
        match self {
            Says::Anything => true,
            Says::NoCode => field("code").is_none(),
            Says::Word(words) => [field("code"), field("type")].into_iter().flatten().any(|word| words.contains(&word)),
            Says::Text(texts) => {
                field("message").is_some_and(|message| texts.iter().all(|text| message.contains(text)))
            }
            Says::Workspace => field("code").is_some_and(is_of_a_workspace),
            Says::InsufficientScope => {
                (answer.header)("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_scope"))
            }
            Says::Page => {
                let kind = (answer.header)("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
                let is_html = ["text/html", "application/xhtml+xml"].iter().any(|html| kind.starts_with(html));
                // Some pages have another type or none. Cloudflare's shortest is a line of text.
                let is_page = |text: &[u8]| match text.trim_ascii_start().first() {
                    Some(b'<') => true,
                    // JSON that is cut off.
                    Some(b'{' | b'[') => false,
                    Some(_) | None => is_of_cloudflare(answer),
                };
                is_html || answer.text.is_some_and(is_page)
            }
            Says::Challenge => (answer.header)("cf-mitigated").is_some(),
        }
    }
}

fn outcome(proof: Proof, answer: &Answer<'_>, now: Timestamp) -> Outcome {
    let wait = || requested_wait(answer.header, answer.error, now);
    match proof {
        Proof::Success => Outcome::Success,
        Proof::PassThrough => Outcome::PassThrough,
        Proof::RateLimited => Outcome::RateLimited { wait: wait() },
        // The limit is that of whatever counted the request.
        Proof::UsageLimited if meter::active(answer.header).is_some() => Outcome::ModelLimited { wait: wait() },
        Proof::UsageLimited => Outcome::UsageLimited { wait: wait() },
        Proof::TooLarge => Outcome::TooLarge,
        Proof::OutOfQuota => Outcome::OutOfQuota,
        Proof::CredentialRefused => Outcome::CredentialRefused { code: code(answer.error) },
        Proof::Misassigned => Outcome::Misassigned,
        Proof::AccountRefused => Outcome::AccountRefused { code: code(answer.error) },
        Proof::ModelUnavailable => Outcome::ModelUnavailable { is_of_version: false },
        Proof::VersionRefused => Outcome::ModelUnavailable { is_of_version: true },
        Proof::Blocked => Outcome::Blocked { is_cloudflare: is_of_cloudflare(answer) },
        Proof::RefusedHere => Outcome::RefusedHere,
        Proof::Overloaded => Outcome::ServerFailure { overloaded: true },
        Proof::Failed => Outcome::ServerFailure { overloaded: false },
    }
}

fn is_of_cloudflare(answer: &Answer<'_>) -> bool {
    (answer.header)("server").is_some_and(|server| server.eq_ignore_ascii_case("cloudflare"))
        || (answer.header)("cf-mitigated").is_some()
}

/// The code of a refusal, also where only its text says it.
fn code(error: &Value) -> Option<String> {
    let field = |name: &str| error.get(name).and_then(Value::as_str);
    let is_of_place = || field("message").is_some_and(|message| message.contains(NOT_IN_THIS_REGION));
    field("code").or_else(|| is_of_place().then_some(WORKSPACE_NOT_AUTHORIZED)).map(str::to_owned)
}

/// What a backend says to a request from elsewhere than its workspace has its place. openai/codex#16951
const NOT_IN_THIS_REGION: &str = "Workspace is not authorized";

/// A plan that is used up, or the meter of one model.
const USAGE_LIMITED: &[&str] = &["usage_limit_reached"];

/// No money, no quota: waiting does not help. OpenAI keeps the type `insufficient_quota` beside newer codes.
/// <https://developers.openai.com/api/docs/guides/error-codes>,
/// <https://help.openai.com/en/articles/6614457-troubleshooting-api-usage-and-spend-limits>
const OUT_OF_QUOTA: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "quota_exceeded",
    // Codex, `codex-rs/codex-api`: a plan without Codex.
    "usage_not_included",
];

/// The account itself is refused, whatever is asked of it.
const ACCOUNT_REFUSED: &[&str] = &[
    "account_deactivated",
    "organization_deactivated",
    "organization_disabled",
    "deactivated_workspace",
    "access_terminated",
];

/// The organisation or project that is sent with a key is not the key's, or is none. openai/codex#1000
const MISASSIGNED: &[&str] = &[
    "mismatched_organization",
    "mismatched_project",
    "no_organization",
    "no_project",
    "invalid_organization",
    "invalid_project",
];

/// The key is good, and lacks a permission.
const MISSING_SCOPE: &[&str] = &["missing_scope", "insufficient_scope", "insufficient_permissions"];

/// Every model is served to some: this account does not have it.
const MODEL_NOT_FOUND: &[&str] = &["model_not_found"];

/// A host that is too busy. <https://developers.openai.com/api/docs/guides/error-codes>, 503 there; Codex reads the codes
/// in streams, `codex-rs/codex-api/src/sse/responses.rs`.
const OVERLOADED: &[&str] = &["server_is_overloaded", "slow_down"];

/// A 429 that no waiting helps: this request alone is larger than the account's tokens a minute. It has the code of every
/// rate limit. vanna-ai/vanna-flask#11, continuedev/continue#11717
const TOO_LARGE: &[&str] = &["Request too large"];

#[cfg(test)]
mod tests;
