//! The table of parameters against the official library's own types: what that has and the table has not, nobody decided
//! about.

use std::collections::BTreeSet;

use codex_account_manager::domain::translate::{Of, PARAMETERS};

use crate::support::tools;

/// The fields of `interface` in a file of the library. `None` where it is not installed.
fn declared(file: &str, interface: &str) -> Option<BTreeSet<String>> {
    let path = tools::library(&format!("node_modules/openai/resources/{file}.d.ts"))?;
    let text = std::fs::read_to_string(path).unwrap();
    let begin = format!("export interface {interface} {{\n");
    let body = &text[text.find(&begin).expect("it is declared") + begin.len()..];
    let body = &body[..body.find("\n}").expect("it ends")];
    // What is indented deeper is a part of a field or a comment.
    let fields = body.lines().filter_map(|line| line.strip_prefix("    ")).filter_map(|line| line.split_once(':'));
    let names = fields.map(|(name, _)| name.trim_end_matches('?'));
    Some(
        names
            .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
            .map(str::to_owned)
            .collect(),
    )
}

#[test]
fn the_table_has_every_parameter_that_the_official_library_has() {
    for (file, interface, not_at, beside) in [
        ("responses/responses", "ResponseCreateParamsBase", Of::Chat, &["max_tool_calls"][..]),
        ("chat/completions/completions", "ChatCompletionCreateParamsBase", Of::Responses, &[]),
    ] {
        let Some(mut declared) = declared(file, interface) else { return };
        assert!(declared.len() > 25, "{interface}: {declared:?}");
        declared.extend(beside.iter().map(|name| (*name).to_owned()));
        let decided = PARAMETERS.iter().filter(|row| row.of != not_at).map(|row| row.name.to_owned()).collect();
        assert_eq!(declared, decided, "{interface}");
    }
}
