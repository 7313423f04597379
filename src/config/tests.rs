//! Precedence, sources and warnings.

mod faults;
mod settling;

use serde_json::{Value, json};

use super::layers::typed;
use super::{Config, Source, Sources};
use crate::domain::time::Timestamp;
use crate::env::Environment;
use crate::paths::{DataDir, Paths};

/// Long after any file was written.
const LATER: Timestamp = Timestamp(i64::MAX);

struct Files(tempfile::TempDir);

impl Files {
    #[expect(clippy::disallowed_methods, reason = "the test writes the files that are read")]
    fn new(toml: &str, json: &str) -> Files {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), toml).unwrap();
        std::fs::write(folder.path().join("opencode.json"), json).unwrap();
        Files(folder)
    }

    #[expect(clippy::disallowed_methods, reason = "the test writes the files that are read")]
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// What the files say now, after `before` was in force.
    fn reload(&self, before: &Config) -> Config {
        before.reload(&self.paths(), &Environment::default(), &Sources::default(), LATER)
    }

    /// These lines, in which the folder has a name that is always the same.
    fn without_folder(&self, lines: &[String]) -> String {
        let folder = format!("{}{}", self.0.path().display(), std::path::MAIN_SEPARATOR);
        lines.join("\n").replace(&folder, "[dir]/")
    }

    fn paths(&self) -> Paths {
        let folder = self.0.path();
        Paths {
            home: None,
            accounts_file: folder.join("accounts.json"),
            config_file: folder.join("config.toml"),
            opencode_config_file: folder.join("opencode.json"),
            data: DataDir { path: folder.to_owned(), is_given: true, others: Vec::new() },
        }
    }

    fn load(&self, variables: &[(&str, &str)], sources: &Sources) -> Config {
        let environment: Environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Config::load(&self.paths(), &environment, sources, LATER)
    }
}

fn setting(config: &Config, name: &str) -> (Value, Source) {
    let setting = config.settings().iter().find(|setting| setting.key.toml == name).unwrap();
    (setting.value.clone(), setting.source)
}

#[test]
fn each_source_gives_way_to_the_stronger_one() {
    let name = "notifications.rate_limit_debounce_ms";
    let flag = ("--set".to_owned(), name.to_owned(), json!(1));
    let options = json!({"notifications": {"rate_limit_debounce_ms": 2}}).as_object().unwrap().clone();
    let variable = [("CODEX_AUTH_RATE_LIMIT_TOAST_DEBOUNCE_MS", "3")];
    let toml = "[notifications]\nrate_limit_debounce_ms = 4\n";
    let json = "{ \"rateLimitToastDebounceMs\": 5 }";
    let all = Sources { flags: vec![flag], initialization_options: options, ..Sources::default() };
    let no_flag = Sources { flags: vec![], ..all.clone() };
    let none = Sources::default();
    for (toml, json, variables, sources, expected) in [
        (toml, json, &variable[..], &all, (json!(1), Source::Flag)),
        (toml, json, &variable[..], &no_flag, (json!(2), Source::InitializationOptions)),
        (toml, json, &variable[..], &none, (json!(3), Source::Environment)),
        (toml, json, &[], &none, (json!(4), Source::Toml)),
        ("", json, &[], &none, (json!(5), Source::Json)),
        ("", "{}", &[], &none, (json!(60_000), Source::Default)),
    ] {
        let config = Files::new(toml, json).load(variables, sources);
        assert_eq!(setting(&config, name), expected);
        assert_eq!(config.warnings, Vec::<String>::new());
    }
}

#[test]
fn unknown_keys_and_bad_values_warn_with_file_line_and_accepted_values() {
    let files = Files::new(
        "[routing]\nstrategy = \"fastest\"\nmax_attemps = 2\n[breaker]\nfailures = 0\n[polling]\nenabled = true\n",
        "{\n // comment\n \"quietMode\": \"loud\",\n \"pidOffset\": true }",
    );
    let config = files.load(&[("CODEX_AUTH_QUIET", "maybe")], &Sources::default());
    let warnings = files.without_folder(&config.warnings);
    insta::assert_snapshot!(warnings, @r#"
    CODEX_AUTH_QUIET: `CODEX_AUTH_QUIET` cannot be `"maybe"`; accepted: `true`, `false`
    [dir]/config.toml:5: `breaker.failures` cannot be `0`; accepted: a whole number from 1 to 1000
    [dir]/config.toml:3: unknown key `routing.max_attemps`; did you mean `routing.max_attempts`?
    [dir]/config.toml:2: `routing.strategy` cannot be `"fastest"`; accepted: `sticky`, `round_robin`, `least_utilized`, `priority`, `hybrid`
    [dir]/opencode.json:3: `quietMode` cannot be `"loud"`; accepted: `true`, `false`
    [dir]/opencode.json:4: unknown key `pidOffset`; did you mean `pidOffsetEnabled`?
    "#);
    assert_eq!(setting(&config, "breaker.failures"), (json!(3), Source::Default));
}

#[test]
fn a_file_that_does_not_parse_is_left_out_with_its_line() {
    let files = Files::new("[routing]\nstrategy = \n", "{ \"quietMode\": true,, }");
    let config = files.load(&[], &Sources::default());
    assert_eq!(config.warnings.len(), 2, "{:?}", config.warnings);
    assert!(config.warnings[0].contains("config.toml:2:"), "{:?}", config.warnings);
    assert!(config.warnings[1].contains("opencode.json:1:"), "{:?}", config.warnings);
}

#[test]
fn both_spellings_of_names_and_of_nesting_are_taken() {
    let options = json!({"routing.strategy": "Sticky", "breaker": {"failures": 9}}).as_object().unwrap().clone();
    let config = Files::new("", "").load(&[], &Sources { initialization_options: options, ..Sources::default() });
    assert_eq!(setting(&config, "routing.strategy").1, Source::InitializationOptions);
    assert_eq!(config.breaker().failures, 9);
}

#[test]
fn configured_families_come_first_and_a_bad_name_leaves_the_built_in_ones() {
    let names = |config: &Config| config.families().names().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let config = Files::new("[routing]\nfamilies = [\"o3\", \"codex\"]\n", "").load(&[], &Sources::default());
    assert_eq!(names(&config), "o3 codex gpt-5.2-codex codex-max gpt-5.2 gpt-5.1");
    let config = Files::new("[routing]\nfamilies = [\"o3:mini\"]\n", "").load(&[], &Sources::default());
    assert_eq!(names(&config), "gpt-5.2-codex codex-max codex gpt-5.2 gpt-5.1");
    assert!(config.warnings[0].contains("config.toml:2: `routing.families` cannot be"), "{:?}", config.warnings);
}

#[test]
fn what_is_typed_behind_set_is_toml_where_it_is_toml() {
    assert_eq!(typed("true"), json!(true));
    assert_eq!(typed("5"), json!(5));
    assert_eq!(typed("[\"a\"]"), json!(["a"]));
    assert_eq!(typed("sticky"), json!("sticky"));
    assert_eq!(typed("1\nx = 2"), json!("1\nx = 2"));
}

#[test]
fn a_secret_is_shown_masked() {
    let config = Files::new("[proxy]\napi_key = \"sk-my-own\"\n", "").load(&[], &Sources::default());
    let setting = config.settings().iter().find(|setting| setting.key.secret).unwrap();
    assert_eq!(setting.shown(), json!("****"));
    assert_eq!(config.proxy_api_key().expose(), "sk-my-own");
}

#[test]
fn a_value_that_goes_bad_leaves_the_last_good_one_of_its_file() {
    let files = Files::new("[routing]\nstrategy = \"priority\"\n[breaker]\nfailures = 7\n", "{ \"quietMode\": true }");
    let first = files.load(&[], &Sources::default());
    files.write("config.toml", "[routing]\n\nstrategy = \"fastest\"\n");
    files.write("opencode.json", "{ \"quietMode\": 7 }");
    let second = files.reload(&first);
    assert_eq!(setting(&second, "routing.strategy"), (json!("priority"), Source::Toml));
    assert_eq!(setting(&second, "breaker.failures"), (json!(3), Source::Default), "what was taken out is gone");
    assert_eq!(setting(&second, "notifications.quiet"), (json!(true), Source::Json));
    let warning = files.without_folder(&second.warnings);
    insta::assert_snapshot!(warning, @r#"
    [dir]/config.toml:3: `routing.strategy` cannot be `"fastest"`; accepted: `sticky`, `round_robin`, `least_utilized`, `priority`, `hybrid`; the previous value `"priority"` stays
    [dir]/opencode.json:1: `quietMode` cannot be `7`; accepted: `true`, `false`; the previous value `true` stays
    "#);
    files.write("config.toml", "[routing\n");
    files.write("opencode.json", "{");
    let third = files.reload(&second);
    assert_eq!(setting(&third, "routing.strategy"), (json!("priority"), Source::Toml), "twice bad is no worse");
    assert_eq!(setting(&third, "notifications.quiet"), (json!(true), Source::Json));
    assert_eq!(third.warnings.len(), 2, "{:?}", third.warnings);
    assert!(third.warnings.iter().all(|warning| warning.contains("its previous values stay")), "{:?}", third.warnings);
    files.write("config.toml", "");
    files.write("opencode.json", "{}");
    let fourth = files.reload(&third);
    assert_eq!(setting(&fourth, "routing.strategy"), (json!("sticky"), Source::Default));
    assert_eq!(setting(&fourth, "notifications.quiet"), (json!(false), Source::Default));
    assert_eq!(fourth.warnings, Vec::<String>::new());
}

#[test]
fn a_bad_table_of_prices_is_reported_with_its_line_and_ignored_alone() {
    let table = |model: &str, input: &str| format!("[[pricing]]\nmodel = \"{model}\"\ninput = {input}\n\n");
    let files = Files::new(&[table("a", "1"), table("b", "\"2\""), table("c", "3")].concat(), "{}");
    let input = |config: &Config, model: &str| config.prices().price(model).map(|price| price.input / 1_000_000);
    let first = files.load(&[], &Sources::default());
    assert_eq!([input(&first, "a"), input(&first, "b"), input(&first, "c")], [Some(1), None, Some(3)]);
    assert_eq!(first.warnings.len(), 1, "{:?}", first.warnings);
    let warning = &first.warnings[0];
    assert!(
        warning.contains("config.toml:5: this table of `pricing` is ignored: `input` cannot be `\"2\"`"),
        "{warning}"
    );

    files.write("config.toml", &[table("a", "9"), table("c", "-1"), table("d", "oops").replace("oops", "[]")].concat());
    let second = files.reload(&first);
    assert_eq!([input(&second, "a"), input(&second, "c"), input(&second, "d")], [Some(9), Some(3), None]);
    assert_eq!(second.warnings.len(), 2, "{:?}", second.warnings);
    assert!(second.warnings[0].contains(":5: this table of `pricing` is ignored and the previous one stays"));
    assert!(second.warnings[1].contains(":9: this table of `pricing` is ignored"), "{:?}", second.warnings);
    files.write("config.toml", "pricing = 5\n");
    let third = files.reload(&second);
    assert_eq!(input(&third, "a"), Some(9), "a list that is none leaves the one before");
}

/// An editor's settings may be those of a repository.
#[test]
fn an_editor_lifts_no_limit() {
    let options =
        |options: Value| Sources { initialization_options: options.as_object().unwrap().clone(), ..Sources::default() };
    let toml = "[routing]\nreserve_percent = 20\nuse_credits = false\nproject_files = true\n";
    let of = |toml: &str, (key, value): (&str, Value), flags: &[(String, String, Value)]| {
        let sources = Sources { flags: flags.to_vec(), ..options(json!({ key: value })) };
        let config = Files::new(toml, "{}").load(&[], &sources);
        (setting(&config, key), config.warnings)
    };
    for (key, lifts, narrows, how) in [
        ("routing.reserve_percent", json!(19), json!(21), "raised here, not lowered; it stays as it was"),
        ("routing.use_credits", json!(true), json!(false), "turned off here, not on; it stays off"),
        ("routing.project_files", json!(false), json!(true), "turned on here, not off; it stays on"),
    ] {
        let (stays, told) = of(toml, (key, lifts.clone()), &[]);
        assert!(stays.1 == Source::Toml && told.len() == 1, "{key}: {stays:?} {told:?}");
        assert!(told[0].starts_with(&format!("initializationOptions: `{key}` can be {how}, as ")), "{told:?}");
        let is = |value: &Value| ((value.clone(), Source::InitializationOptions), Vec::<String>::new());
        assert_eq!(of(toml, (key, narrows.clone()), &[]), is(&narrows));
        assert_eq!(of("", (key, narrows.clone()), &[]), is(&narrows));
        // A flag is the owner's word, and comes first.
        let flag = ("--set".to_owned(), key.to_owned(), narrows.clone());
        assert_eq!(of("", (key, lifts), std::slice::from_ref(&flag)).0, (narrows, Source::Flag));
    }
    let price = |model: &str, input: u32| json!({"model": model, "input": input, "output": input});
    let used = crate::domain::usage::Tokens { input: 1_000_000, output: 1_000_000, ..Default::default() };
    let costs = |config: &Config, model: &str| {
        config
            .prices()
            .cost(model, used.into(), crate::domain::usage::Tier::Standard)
            .map(crate::domain::usage::Usd::as_usd)
    };
    let own = "[[pricing]]\nmodel = \"mine\"\ninput = 3\noutput = 3\n";
    for (toml, given, [mine, built_in, unknown]) in [
        (own, json!([]), [Some(6.0), Some(10.0), None]),
        (own, json!([price("*", 0)]), [Some(6.0), Some(10.0), None]),
        (own, json!([price("mine", 1), price("*", 90)]), [Some(6.0), Some(180.0), None]),
        (own, json!([price("mine", 4)]), [Some(8.0), Some(10.0), None]),
        ("", json!([price("*", 0)]), [None, Some(10.0), None]),
    ] {
        let config = Files::new(toml, "{}").load(&[], &options(json!({"pricing": given})));
        let is_told = config.warnings.iter().any(|warning| warning.contains("`pricing` only raises prices here"));
        let found = ["mine", "gpt-4.1", "gpt-0"].map(|model| costs(&config, model));
        assert_eq!((found, is_told), ([mine, built_in, unknown], given != json!([])), "{toml} {given}");
    }
    let dear = Files::new("", "{}").load(&[], &options(json!({"pricing": [price("x", 1_000)]})));
    assert!(
        dear.prices().highest().input == 1_000_000_000,
        "what has no price is charged at no less than an editor says"
    );
    // Under its other name, before or after the empty list that hides it.
    for twice in [
        json!({"": {"pricing": [price("*", 0)]}, "pricing": []}),
        json!({"pricing": [], "": {"pricing": [price("*", 0)]}}),
    ] {
        assert_eq!(costs(&Files::new("", "{}").load(&[], &options(twice)), "gpt-4.1"), Some(10.0));
    }
    let flag = ("--set".to_owned(), "pricing".to_owned(), json!([price("mine", 1)]));
    let flags = Sources { flags: vec![flag], ..options(json!({"pricing": [price("mine", 9)]})) };
    assert_eq!(costs(&Files::new(own, "{}").load(&[], &flags), "mine"), Some(2.0));
}

#[test]
fn a_mistyped_log_filter_is_a_warning() {
    let files = Files::new("", "{}");
    let config = files.load(&[("CAM_LOG", "debgu")], &Sources::default());
    assert!(
        config.warnings.len() == 1 && config.warnings[0].starts_with("`CAM_LOG` cannot be `debgu`; accepted: error,")
    );
    assert_eq!(files.load(&[("CAM_LOG", "debug")], &Sources::default()).warnings, Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_or_too_long_is_reported_and_not_waited_for() {
    let files = Files::new("[breaker]\nfailures = 8\n", "{}");
    let first = files.load(&[], &Sources::default());
    files.write("config.toml", &"# long\n".repeat(200_000));
    let long = files.reload(&first);
    let pipe = files.paths().config_file;
    let folder = files.paths().data.path;
    rustix::fs::unlink(&pipe).unwrap();
    crate::files::tests::make_pipe(&pipe);
    let piped = files.reload(&long);
    rustix::fs::unlink(&pipe).unwrap();
    rustix::fs::symlink(&folder, &pipe).unwrap();
    let in_place_of_a_folder = files.reload(&piped);
    for (config, why) in [
        (&long, "it is larger than 1 MiB"),
        (&piped, "it is a pipe, not a file"),
        (&in_place_of_a_folder, "it is a folder, not a file"),
    ] {
        assert_eq!(setting(config, "breaker.failures"), (json!(8), Source::Toml), "{why}");
        let warning = format!("config.toml: cannot be read, so its previous values stay: {why}");
        assert!(config.warnings.len() == 1 && config.warnings[0].ends_with(&warning), "{:?}", config.warnings);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes what an editor does, which is not UTF-8")]
fn a_byte_order_mark_is_no_part_of_a_file_and_says_how_it_is_written() {
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(order).collect()
    };
    let (toml, json) = ("[breaker]\r\nfailures = 8\r\n", "{\"quietMode\": true, // so\n}");
    for encode in [
        (|text: &str, _| format!("\u{feff}{text}").into_bytes())
            as fn(&str, &dyn Fn(&str, fn(u16) -> [u8; 2]) -> Vec<u8>) -> Vec<u8>,
        |text, wide| wide(text, u16::to_le_bytes),
        |text, wide| wide(text, u16::to_be_bytes),
    ] {
        let files = Files::new("", "");
        std::fs::write(files.paths().config_file, encode(toml, &wide)).unwrap();
        std::fs::write(files.paths().opencode_config_file, encode(json, &wide)).unwrap();
        let config = files.load(&[], &Sources::default());
        assert_eq!(config.warnings, Vec::<String>::new());
        assert_eq!(setting(&config, "breaker.failures"), (json!(8), Source::Toml));
        assert_eq!(setting(&config, "notifications.quiet"), (json!(true), Source::Json));
    }
}

#[test]
fn where_keys_stood_nothing_to_read_leaves_none_and_the_built_in_one_off() {
    let files = Files::new("[[proxy.keys]]\nname = \"ci\"\nkey = \"sk-a\"\n", "{}");
    let sources = Sources { reads_proxy_keys: true, ..Sources::default() };
    assert!(files.load(&[], &sources).proxy_keys.broken.is_none());
    files.write("config.toml", "x = [");
    let broken = files.load(&[], &sources).proxy_keys;
    #[expect(clippy::disallowed_methods, reason = "the test takes the file away")]
    std::fs::remove_file(files.paths().config_file).unwrap();
    let gone = files.load(&[], &sources).proxy_keys;
    for (keys, why) in
        [(&broken, "it is not valid TOML"), (&gone, "the file is gone, and keys of `proxy.keys` stood in it")]
    {
        assert!(keys.were_there && keys.broken.as_ref().is_some_and(|told| told.contains(why)), "{:?}", keys.broken);
    }
    assert!(!files.load(&[], &Sources::default()).proxy_keys.were_there, "nobody else reads them");
    files.write("config.toml", "# none");
    for _ in 0..2 {
        assert!(!files.load(&[], &sources).proxy_keys.were_there, "the person took them out");
    }
}

#[test]
fn who_is_not_the_owner_turns_narrowing_files_on_and_never_off() {
    let options = |value: Value| json!({ "routing": { "project_files": value } }).as_object().unwrap().clone();
    let none = Sources::default();
    let [on, off] =
        [true, false].map(|value| Sources { initialization_options: options(json!(value)), ..Sources::default() });
    let flag = Sources {
        flags: vec![("--set".to_owned(), "routing.project_files".to_owned(), json!(false))],
        ..Sources::default()
    };
    for (toml, variables, sources, expected, warnings) in [
        ("true", &[("CAM_PROJECT_FILES", "0")][..], &none, true, 1),
        ("true", &[], &off, true, 1),
        ("true", &[("CAM_PROJECT_FILES", "off")], &off, true, 2),
        ("false", &[("CAM_PROJECT_FILES", "1")], &none, true, 0),
        ("false", &[], &on, true, 0),
        ("false", &[("CAM_PROJECT_FILES", "0")], &on, true, 1),
        ("false", &[("CAM_PROJECT_FILES", "0")], &off, false, 0),
        ("true", &[], &flag, true, 1),
        ("false", &[], &flag, false, 0),
    ] {
        let config = Files::new(&format!("routing.project_files = {toml}\n"), "{}").load(variables, sources);
        assert_eq!((config.project_files(), config.warnings.len()), (expected, warnings), "{toml} {variables:?}");
        let stays = "`routing.project_files` can be turned on here, not off; it stays on, as ";
        assert!(config.warnings.iter().all(|warning| warning.contains(stays)), "{:?}", config.warnings);
    }
}
