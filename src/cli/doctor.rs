//! `doctor`: looks at everything that can be wrong and says for each what to run.

mod checks;

use serde::Serialize;
use serde_json::json;

use super::Json;
use super::context::Context;
use super::printer::Printer;
use crate::error::Error;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth a look.
    Warning,
    /// To be mended.
    Problem,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::Ok, message: message.into(), hint: None }
    }

    /// Worth a look.
    pub fn warning(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::Warning, message: message.into(), hint: Some(hint.into()) }
    }

    /// To be mended.
    pub fn problem(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::Problem, message: message.into(), hint: Some(hint.into()) }
    }
}

/// Runs every check; the exit code is 1 when one found a problem.
pub async fn run(context: &Context, output: Json) -> Result<u8, Error> {
    let findings = checks::all(context).await?;
    let problems = findings.iter().filter(|finding| finding.verdict == Verdict::Problem).count();
    if output.json {
        Printer::json(&json!({ "findings": findings, "problems": problems }));
    } else {
        for finding in &findings {
            let mark = match finding.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Warning => "warning",
                Verdict::Problem => "PROBLEM",
            };
            let hint = finding.hint.as_ref().map(|hint| format!("\n        hint: {hint}")).unwrap_or_default();
            Printer::stdout(&format!("{mark} {:<10} {}{hint}", finding.check, finding.message));
        }
        Printer::stdout(&match problems {
            0 => "Nothing is wrong.".to_owned(),
            1 => "1 problem.".to_owned(),
            count => format!("{count} problems."),
        });
    }
    Ok(u8::from(problems > 0))
}
