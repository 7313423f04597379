//! What is added and taken out again, and that nothing else of a text changes.

use serde_json::json;

use super::*;

fn change(place: &[&str], value: Value) -> Change {
    Change { place: keys(place), value }
}

/// Makes the changes and takes them out again: in between the text is `expected`.
#[track_caller]
fn check(format: Format, text: &str, changes: &[Change], expected: &str) {
    let (after, done) = made(format, text, changes).unwrap();
    assert_eq!(after, expected, "{format:?}");
    assert_eq!(made(format, &after, changes).unwrap(), (after.clone(), Vec::new()), "once is enough");
    // As it is remembered.
    let done: Vec<Done> = serde_json::from_value(serde_json::to_value(done).unwrap()).unwrap();
    let Undone { text: back, left } = undone(format, &after, &done).unwrap();
    assert_eq!((back.as_str(), left), (text, Vec::new()), "{format:?}");
}

#[test]
fn toml_keeps_its_text() {
    let provider = json!({ "name": "OpenAI", "base_url": "u", "auth": { "command": "cat", "args": ["/k"] } });
    let changes =
        [change(&["model_provider"], json!("cam_service")), change(&["model_providers", "cam_service"], provider)];
    let ours = "\n[model_providers.cam_service]\nname = \"OpenAI\"\nbase_url = \"u\"\n\n\
                [model_providers.cam_service.auth]\ncommand = \"cat\"\nargs = [\"/k\"]\n";
    check(
        Format::Toml,
        "# mine\nmodel = 'x' # best\n\n[tui]\na=1\n",
        &changes,
        &format!("# mine\nmodel = 'x' # best\nmodel_provider = \"cam_service\"\n\n[tui]\na=1\n{ours}"),
    );
    check(
        Format::Toml,
        "model_provider = \"other\" # why\n[model_providers.other]\nname = \"o\"\n",
        &changes,
        &format!("model_provider = \"cam_service\" # why\n[model_providers.other]\nname = \"o\"\n{ours}"),
    );
    check(
        Format::Toml,
        "\u{feff}a = 1 # b\r\n\r\n[tui]\r\n",
        &[change(&["c"], json!("d"))],
        "\u{feff}a = 1 # b\r\nc = \"d\"\r\n\r\n[tui]\r\n",
    );
}

#[test]
fn json_keeps_its_comments_order_and_line_ends() {
    let options = json!({ "baseURL": "u", "apiKey": "{file:/k}" });
    let changes = [change(&["provider", "openai", "options"], options)];
    check(
        Format::Jsonc,
        "{\n  // mine\n  \"theme\": \"x\", /* y */\n  \"provider\": {\n    \"openai\": {\n      \"a\": [],\n    },\n  },\n}\n",
        &[change(&["provider", "openai", "name"], json!("n"))],
        "{\n  // mine\n  \"theme\": \"x\", /* y */\n  \"provider\": {\n    \"openai\": {\n      \"a\": [],\n      \"name\": \"n\",\n    },\n  },\n}\n",
    );
    check(
        Format::Jsonc,
        "{\r\n\t\"a\": 1\r\n}\r\n",
        &changes,
        "{\r\n\t\"a\": 1,\r\n\t\"provider\": {\r\n\t\t\"openai\": {\r\n\t\t\t\"options\": {\r\n\t\t\t\t\"baseURL\": \"u\",\r\n\t\t\t\t\"apiKey\": \"{file:/k}\"\r\n\t\t\t}\r\n\t\t}\r\n\t}\r\n}\r\n",
    );
    check(
        Format::Jsonc,
        "{ \"provider\": { \"openai\": { \"options\": { \"baseURL\": \"old\", \"timeout\": 5 } } } }",
        &[change(&["provider", "openai", "options"], json!({ "baseURL": "u" }))],
        "{ \"provider\": { \"openai\": { \"options\": { \"baseURL\": \"u\", \"timeout\": 5 } } } }",
    );
}

#[test]
fn an_object_of_a_list_is_known_by_its_name() {
    let place = vec![Step::Named("cam".to_owned())];
    let value = json!({ "name": "cam", "models": [{ "id": "m" }] });
    let changes = [Change { place: place.clone(), value: value.clone() }];
    let (after, done) = made(Format::Jsonc, "[\n  { \"name\": \"x\" }\n]\n", &changes).unwrap();
    assert!(after.starts_with("[\n  { \"name\": \"x\" },\n  {\n    \"name\": \"cam\",\n"), "{after}");
    assert_eq!(undone(Format::Jsonc, &after, &done).unwrap().text, "[\n  { \"name\": \"x\" }\n]\n");
    // A program that adds something to our object does not take it over.
    let added = after.replace("\"name\": \"cam\"", "\"name\": \"cam\", \"apiKey\": \"${input:x}\"");
    assert!(holds(Format::Jsonc, &added, &done) && made(Format::Jsonc, &added, &changes).unwrap().1.is_empty());
    assert_eq!(undone(Format::Jsonc, &added, &done).unwrap().text, "[\n  { \"name\": \"x\" }\n]\n");
    let (after, _) = made(Format::Jsonc, "", &changes).unwrap();
    let read: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(read, json!([value]));
}

#[test]
fn lines_keep_what_stands_around_them() {
    check(
        Format::Variables,
        "# mine\nexport A='1 2'\nB=old # note\r\n",
        &[change(&["C"], json!("3"))],
        "# mine\nexport A='1 2'\nB=old # note\r\nC=3\r\n",
    );
    check(Format::Variables, "A=1\nB = old\n", &[change(&["B"], json!("new"))], "A=1\nB = new\n");
    check(
        Format::Yaml,
        "# aider\nmodel: x\nread:\n- a.md\n  # in it\n",
        &[change(&["env-file"], json!(yaml("/a b/c")))],
        "# aider\nmodel: x\nread:\n- a.md\n  # in it\nenv-file: \"/a b/c\"\n",
    );
    check(Format::Yaml, "env-file: mine\nx: 1\n", &[change(&["env-file"], json!("y"))], "env-file: y\nx: 1\n");
    check(Format::Yaml, "\"env-file\": mine\n", &[change(&["env-file"], json!("y"))], "\"env-file\": y\n");
    check(Format::Variables, "A=\nB=2\n", &[change(&["A"], json!("1"))], "A=1\nB=2\n");
    check(Format::Yaml, "env-file: \r\nx: 1\r\n", &[change(&["env-file"], json!("y"))], "env-file: y\r\nx: 1\r\n");
    let (text, _) = made(Format::Yaml, "env-file:\n# note\nx: 1\n", &[change(&["env-file"], json!("y"))]).unwrap();
    assert_eq!(text, "env-file: y\n# note\nx: 1\n");
    assert_eq!([variable("http://127.0.0.1:1/v1"), variable("a b")], ["http://127.0.0.1:1/v1", "\"a b\""]);
}

#[test]
fn a_part_and_a_whole_file_are_ours_between_their_ends() {
    let part = [Change { place: Vec::new(), value: json!("export A=1\n") }];
    let marked = "# >>> codex-account-manager >>>\nexport A=1\n# <<< codex-account-manager <<<\n";
    check(Format::Part, "alias x=y\n", &part, &format!("alias x=y\n{marked}"));
    check(Format::Part, "a\r\n", &part, &format!("a\r\n{}", marked.replace('\n', "\r\n")));
    let (_, done) = made(Format::Part, "alias x=y\n", &part).unwrap();
    let with_more = format!("alias x=y\n{marked}alias later=z\n");
    assert_eq!(undone(Format::Part, &with_more, &done).unwrap().text, "alias x=y\nalias later=z\n");
    check(Format::Whole, "", &[Change { place: Vec::new(), value: json!("models: []\n") }], "models: []\n");
}

#[test]
fn what_was_changed_since_is_left_and_named() {
    let changes = [change(&["provider", "openai", "options"], json!({ "baseURL": "u", "apiKey": "k" }))];
    let (after, done) = made(Format::Jsonc, "{\n}\n", &changes).unwrap();
    let edited = after.replace("\"u\"", "\"mine\"").replace("{\n", "{ // note\n");
    let Undone { text, left } = undone(Format::Jsonc, &edited, &done).unwrap();
    assert_eq!(left, ["provider.openai.options.baseURL"]);
    assert!(text.contains("\"mine\"") && text.contains("// note") && !text.contains("apiKey"), "{text}");
    let gone = undone(Format::Jsonc, "{ \"provider\": {} }", &done).unwrap();
    assert_eq!(gone, Undone { text: "{}".to_owned(), left: Vec::new() });
}

#[test]
fn what_cannot_be_changed_is_named_with_its_line() {
    for (format, text, place, expected) in [
        (Format::Toml, "a = 1\nb = \n", &["c"][..], "line 2: "),
        (Format::Toml, "a = 1\n", &["a", "b"], "`a` has a value of another kind there"),
        (Format::Jsonc, "{\n  \"a\": 1\n  \"b\": 2\n}", &["c"], "line 2: "),
        (Format::Jsonc, "{ \"a\": [] }", &["a", "b"], "`a` has a value of another kind there"),
        (Format::Jsonc, "[]", &["a"], "`the file` has a value of another kind there"),
        (Format::Yaml, "{ model: x }\n", &["c"], "line 1: "),
        (Format::Yaml, "c:\n  - a\n", &["c"], "`c` has a value of another kind there"),
        (Format::Yaml, "c: |\n\n  a\n", &["c"], "`c` has a value of another kind there"),
        (Format::Yaml, "c:\n- a\n", &["c"], "`c` has a value of another kind there"),
        (Format::Part, "a\n# >>> codex-account-manager >>>\n", &[], "line 2: "),
    ] {
        let error = made(format, text, &[change(place, json!("x"))]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{text:?}: {error}");
    }
}
