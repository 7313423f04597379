//! `doctor`: looks at everything that can be wrong and says for each what to run.

mod checks;
mod finding;
mod probe;
mod scene;

use serde_json::json;

use super::Json;
use super::context::Context;
use super::help::Example;
use super::printer::Printer;
use super::text::Text;
use crate::error::Error;
use crate::theme::Role;
use crate::wording::plain;
use finding::{Finding, Verdict};
use scene::Scene;

/// Examples in its help.
pub const EXAMPLES: &[Example] = &[("doctor", "check everything and say what to run")];

/// Runs every check; the exit code is 1 when one found a problem.
pub async fn run(context: &Context, output: Json) -> Result<u8, Error> {
    let (scene, mut findings) = Scene::open(context).await;
    findings.extend(checks::all(scene).await);
    let count = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
    if output.json {
        Printer::json(&json!({ "findings": findings, "problems": problems, "warnings": warnings }));
    } else {
        for finding in &findings {
            Printer::show(&lines(finding));
        }
        Printer::show(&Text::of(Role::Strong, verdict(problems, warnings)));
    }
    Ok(u8::from(problems > 0))
}

/// A finding, and beneath it what to run and what else to know.
fn lines(finding: &Finding) -> Text {
    let (role, mark) = match finding.verdict {
        Verdict::Ok => (Role::Good, "ok     "),
        Verdict::Warning => (Role::Warning, "warning"),
        Verdict::Problem => (Role::Bad, "PROBLEM"),
    };
    let mut text = Text::of(role, mark).and(Role::Faint, format!(" {:<10} ", finding.check));
    text.push(Role::Text, plain(&finding.message));
    for (name, line) in [("run", &finding.command), ("hint", &finding.hint)] {
        if let Some(line) = line {
            text.push(Role::Accent, format!("\n        {name}:"));
            text.push(Role::Text, format!(" {}", plain(line)));
        }
    }
    text
}

/// The last line: what the lines above it add up to.
fn verdict(problems: usize, warnings: usize) -> String {
    let of = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match (problems, warnings) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, _) => format!("No problem, {}.", of(warnings, "warning")),
        (_, 0) => format!("{}.", of(problems, "problem")),
        _ => format!("{}, {}.", of(problems, "problem"), of(warnings, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::finding::{FindingKind, Mend};
    use super::*;

    #[test]
    fn the_last_line_counts_problems_and_warnings() {
        for (problems, warnings, expected) in [
            (0, 0, "Nothing is wrong."),
            (0, 1, "No problem, 1 warning."),
            (0, 2, "No problem, 2 warnings."),
            (1, 0, "1 problem."),
            (2, 1, "2 problems, 1 warning."),
        ] {
            assert_eq!(verdict(problems, warnings), expected);
        }
    }

    #[test]
    fn a_finding_shows_its_command_and_its_hint_and_obeys_no_control_character() {
        let mend = Mend::run("chmod 600 'a\u{1b}'").and("or move it");
        let finding = Finding::problem(FindingKind::ModeTooOpen, "`a\u{1b}` is open", mend).of("modes");
        let expected =
            "PROBLEM modes      `a\u{fffd}` is open\n        run: chmod 600 'a\u{fffd}'\n        hint: or move it";
        assert_eq!(lines(&finding).written(false), expected);
    }
}
