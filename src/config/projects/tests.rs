//! Rules by example: what is read, what is refused and where, and what stays.

use std::path::PathBuf;

use super::*;
use crate::config::entries::warnings;
use crate::config::toml_file::TomlFile;
use crate::domain::account::AccountId;
use crate::domain::account_set::Named;
use crate::domain::projects::{Allowed, Bounds, Folder, holding};
use crate::domain::usage::Usd;

const HOME: &str = "/home/me";

#[expect(clippy::disallowed_methods, reason = "the tests write the files that are read")]
fn read(folder: &tempfile::TempDir, text: &str) -> TomlFile {
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    TomlFile::read(&path)
}

fn home() -> &'static Path {
    Path::new(HOME)
}

/// The rules of a process that starts, or why it has none.
fn at_start(text: &str) -> Result<Vec<Rule>, String> {
    let folder = tempfile::TempDir::new().unwrap();
    let (projects, complaints) = Projects::default().follow(&read(&folder, text), Some(home()), false);
    let place = folder.path().display().to_string();
    match projects.broken {
        None => {
            assert_eq!(complaints, []);
            Ok(projects.rules.to_vec())
        }
        Some(why) => {
            assert!(projects.rules.is_empty());
            assert_eq!(warnings(complaints), [format!("{why}; no account may be used until that is mended")]);
            Err(why.replace(&place, "[dir]"))
        }
    }
}

#[test]
fn a_rule_has_folders_remotes_accounts_and_a_budget() {
    let rules = at_start(
        "routing.strategy = \"sticky\"\n\n[[projects]]\npath = \"~/work/**\"\naccounts = [\"work\", \"!old\"]\nstrategy = \"round-robin\"\n\
         daily_limit_usd = 2.5\nmonthly_limit_usd = 30\n\n[[projects]]\nremote = \"github.com/acme/*\"\naccounts = \"acme\"\n",
    )
    .unwrap();
    let [first, second] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((first.number, first.name(), first.accounts.to_string()), (1, "~/work/**", "work, !old".to_owned()));
    assert!(first.place.ends_with("config.toml:3"), "{}", first.place);
    assert_eq!((first.strategy, first.daily_limit), (Some(Strategy::RoundRobin), Usd::from_usd(2.5)));
    assert_eq!(first.monthly_limit, Usd::from_usd(30.0));
    assert_eq!(
        (second.number, second.name(), second.accounts.to_string()),
        (2, "github.com/acme/*", "acme".to_owned())
    );
    let inside = Folder { path: PathBuf::from("/home/me/work/x"), ..Folder::default() };
    assert_eq!(holding(&rules, &inside).len(), 1);
    let inline = at_start("projects = [{ path = \"/srv\", accounts = [] }]").unwrap();
    assert_eq!(inline[0].accounts, Selection::default());
}

#[test]
fn what_cannot_be_read_as_rules_leaves_no_account_and_says_where() {
    let unreadable = "2: rule 1 of `projects`: ";
    // The line of the key that is wrong.
    let (third, fourth, fifth) =
        ("3: rule 1 of `projects`: ", "4: rule 1 of `projects`: ", "5: rule 1 of `projects`: ");
    for (text, line, why) in [
        ("\n[[projects]]\npth = \"/x\"\naccounts = []", third, "unknown key `pth` (did you mean `path`?)"),
        (
            "\n[[projects]]\nfolder = \"/x\"\naccounts = []",
            third,
            "unknown key `folder`; a rule has path, remote, accounts, strategy, daily_limit_usd, monthly_limit_usd",
        ),
        (
            "\n[[projects]]\naccounts = [\"a\"]",
            unreadable,
            "it has neither `path` nor `remote`; `path = \"/**\"` is for every folder",
        ),
        ("\n[[projects]]\npath = \"/x\"", unreadable, "it has no `accounts`; an empty list allows none"),
        (
            "\n[[projects]]\npath = \"x\"\naccounts = []",
            third,
            "`path` cannot be `x`: it begins with neither `~/` nor the root of the file system",
        ),
        (
            "\n[[projects]]\npath = \"$HOME/x\"\naccounts = []",
            third,
            "`path` cannot be `$HOME/x`: variables are not read here; write `~/` for the home folder",
        ),
        ("\n[[projects]]\npath = \"/[x\"\naccounts = []", third, "`path` cannot be `/[x`: invalid range pattern"),
        ("\n[[projects]]\npath = 3\naccounts = []", third, "`path` cannot be `3`; it is a text"),
        (
            "\n[[projects]]\nremote = \"/srv\"\naccounts = []",
            third,
            "`remote` cannot be `/srv`: it is not like `github.com/acme/*`",
        ),
        (
            "\n[[projects]]\npath = \"/x\"\naccounts = [\"!\"]",
            fourth,
            "`accounts` cannot be read: `!` names no account; write the name of a group, an id or a label",
        ),
        (
            "\n[[projects]]\npath = \"/x\"\naccounts = [1]",
            fourth,
            "`accounts` cannot be read: it is a list of groups, labels and ids, each in quotes",
        ),
        (
            "\n[[projects]]\npath = \"/x\"\naccounts = []\ndaily_limit_usd = -1",
            fifth,
            "`daily_limit_usd` cannot be `-1`; it is a number of USD from 0 to less than nine million",
        ),
        ("[[project]]\npath = \"/x\"\naccounts = []", "", " unknown list `project` (did you mean `projects`?)"),
        ("[[Projects]]\npath = \"/x\"", "", " unknown list `Projects` (did you mean `projects`?)"),
        ("[project]\npath = \"/x\"", "", " unknown list `project` (did you mean `projects`?)"),
        ("project = [{ path = \"/x\" }]", "", " unknown list `project` (did you mean `projects`?)"),
        ("[[rules]]\npath = \"/x\"\naccounts = []", "", " unknown list `rules` (did you mean `projects`?)"),
        ("[[routing.projects]]\nremote = \"*/a\"\naccount = 1", "", " unknown list `routing.projects` (did you mean"),
        ("folders = [{ path = \"/x\", accounts = [] }]", "", " unknown list `folders` (did you mean `projects`?)"),
        ("[a.b]\nremote = \"*/a\"\naccounts = []", "", " unknown list `a.b` (did you mean `projects`?)"),
        ("[[x]]\nPath = \"/x\"\nAccounts = []", "", " unknown list `x` (did you mean `projects`?)"),
        ("[[x]]\nfolder = \"/x\"\naccounts = []", "", " unknown list `x` (did you mean `projects`?)"),
        ("[[x]]\npath = \"/x\"\nallow = []", "", " unknown list `x` (did you mean `projects`?)"),
        ("[[x]]\ndir = \"/x\"\nuse = \"a\"", "", " unknown list `x` (did you mean `projects`?)"),
        ("[[x]]\n[[x.y]]\nrepository = \"/x\"\nallowed_accounts = \"a\"", "", " unknown list `x.y` (did you mean"),
        ("[rules]\n\"~/x/**\" = [\"a\"]", "", " unknown list `rules` (did you mean `projects`?)"),
        ("x = { 'github.com/acme/*' = 'a' }", "", " unknown list `x` (did you mean `projects`?)"),
        ("[[project]]\npath = /x", "2: it is not valid TOML: ", ""),
        ("[projects]\npath = /x", "2: it is not valid TOML: ", ""),
        (
            "\n[[projects]]\nremote = [\"a/b\", \"c/d\"]\naccounts = []",
            third,
            "`remote` is one text, not a list; write a rule for each",
        ),
        ("projects = [\n{ path = \"/x\", acounts = [] }]", "2: rule 1 of `projects`: unknown key `acounts`", ""),
        (
            "projects = 3",
            "1:",
            " `projects` is not a list of tables; write `[[projects]]`, with two brackets, for each",
        ),
        ("x = 1\nprojects = [3]", "2:", " `projects` is not a list of tables"),
        ("\n[projects]\npath = \"/x\"", "2:", " `projects` is not a list of tables"),
        ("[[projects]]\npath = /x\naccounts = []", "2: it is not valid TOML: ", ""),
        ("[[ \"projects\" ]]\npath = /x", "2: it is not valid TOML: ", ""),
        ("a = \nprojects = []", "1: it is not valid TOML: ", ""),
        ("x = [ projects = [{ path = \"/x\" }]", "1: it is not valid TOML: ", ""),
        ("x = 1 [[ \"projects\" ]]", "1: it is not valid TOML: ", ""),
        ("a =\n[[\"\\u0070rojects\"]]", "1: it is not valid TOML: ", ""),
    ] {
        let told = at_start(text).unwrap_err();
        let begin = format!("[dir]/config.toml:{line}{why}");
        assert!(told.starts_with(&begin), "{text}\n{told}\n{begin}");
    }
    let folder = tempfile::TempDir::new().unwrap();
    let two = "[[projects]]\npath = \"x\"\naccounts = []\n[[projects]]\nremote = \"a\"\naccounts = []";
    let (_, complaints) = Projects::default().follow(&read(&folder, two), Some(home()), false);
    assert_eq!(complaints.len(), 2, "one for each rule: {complaints:?}");
    let strategy = at_start("[[projects]]\npath = \"/x\"\naccounts = []\nstrategy = \"best\"").unwrap_err();
    assert!(strategy.contains("`strategy` cannot be `best`; accepted: `sticky`"), "{strategy}");
}

#[test]
fn without_rules_a_file_that_cannot_be_read_forbids_nothing() {
    for text in [
        "",
        "a = ",
        "# [[projects]]\na = ",
        "[projects_of_mine\n",
        "[[pricing]]\nmodel = \"x\"",
        "project = 1",
        "[[x]]\npath = \"/x\"",
        "[x]\naccounts = []",
        "[x]\npath = \"/x\"\nkeys = []",
        "[[x]]\nname = \"x\"\npath = \"/x\"\nmodels = [\"a\"]",
        "[x]\n\"/x\" = 1",
        "[[accounts]]\nlabel = \"main\"\nkey = \"sk-x\"\nproject = \"p\"\ngroups = [\"a\"]",
        "[x]\npath = \"/x\"\nuse = true",
        "[routing]\nproject_files = \"maybe",
        "x = [\"projects\"]\na = ",
        "a = 1 # projects = \nb = ",
        "[[pricing]]\nmodel = \"projects\"\ninput = ",
    ] {
        assert!(at_start(text).unwrap().is_empty(), "{text}");
    }
}

/// What is no text of ours is looked at all the same.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes what is not UTF-8")]
fn a_file_that_cannot_be_read_has_the_rules_that_can_be_made_out_in_it() {
    const RULE: &str = "[[projects]]\npath = \"/x\"\naccounts = []\n";
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(RULE.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (bytes, has_rules) in [
        ([b"# f\xfcr\n", RULE.as_bytes()].concat(), true),
        (b"# f\xfcr\n# [[projects]]\n".to_vec(), false),
        ([RULE.as_bytes(), &b"# long\n".repeat(200_000)].concat(), true),
        (b"# long\n".repeat(200_000), false),
        ([&b"# long\n".repeat(200_000), RULE.as_bytes()].concat(), true),
        (b"# long\n".repeat(1_200_000), true),
        (wide[..wide.len() - 1].to_vec(), true),
        // UTF-16 that does not say so, and lines that end as on an old Mac.
        (wide[2..].to_vec(), true),
        (format!("# mine\n{RULE}").replace('\n', "\r").into_bytes(), true),
        (b"# mine\r# [[projects]]\ra = \r".to_vec(), false),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let (projects, warning) = Projects::default().follow(&TomlFile::read(&path), Some(home()), false);
        assert_eq!(projects.broken.is_some(), has_rules, "{warning:?}");
        assert!(projects.rules.is_empty());
    }
}

/// Rules that were good stay, whatever becomes of the file, until it is good again.
#[test]
fn a_running_process_keeps_the_rules_that_were_good() {
    const GOOD: &str = "[[projects]]\npath = \"/x\"\naccounts = [\"a\"]\n";
    let folder = tempfile::TempDir::new().unwrap();
    let (good, complaints) = Projects::default().follow(&read(&folder, GOOD), Some(home()), false);
    assert_eq!((good.rules.len(), complaints.len()), (1, 0));
    let bad = ["[[projects]]\npath = \"/x\"", "[[projects]]\npath = ", "x = ", &"# long\n".repeat(200_000)];
    for text in bad {
        let (kept, complaints) = good.follow(&read(&folder, text), Some(home()), false);
        let [warning] = &warnings(complaints)[..] else { panic!("one") };
        assert!(warning.ends_with("; the rules of `projects` that held before stay until that is mended"), "{warning}");
        assert_eq!((kept.rules.len(), kept.broken.clone()), (1, None));
        let (changed, complaints) = kept.follow(&read(&folder, "# none"), Some(home()), false);
        assert_eq!((changed.rules.len(), changed.broken, complaints.len()), (0, None, 0), "the person took them out");
    }
    let gone = TomlFile::read(&folder.path().join("elsewhere"));
    let (kept, complaints) = good.follow(&gone, Some(home()), false);
    assert!(kept.rules.len() == 1 && warnings(complaints)[0].contains("the file is gone"));

    let (broken, _) = Projects::default().follow(&read(&folder, bad[0]), Some(home()), false);
    let (still, _) = broken.follow(&gone, Some(home()), false);
    assert!(broken.broken.is_some() && still.broken.is_some());
    let (mended, complaints) = still.follow(&read(&folder, GOOD), Some(home()), false);
    assert_eq!((mended.rules.len(), mended.broken, complaints.len()), (1, None, 0));
}

/// A process that starts knows nothing but what another one noted.
#[test]
fn where_rules_stood_nothing_to_read_leaves_no_account() {
    let folder = tempfile::TempDir::new().unwrap();
    let gone = TomlFile::read(&folder.path().join("gone.toml"));
    let closed = TomlFile::read(folder.path());
    let broken = || read(&folder, "a = ");
    for (file, why) in [
        (&gone, "the file is gone, and rules of `projects` stood in it: put it back, or make one with a line"),
        (&closed, "it cannot be read (it is a folder, not a file), and rules of `projects` stood in it"),
        (&broken(), "it is not valid TOML"),
    ] {
        let (projects, complaints) = Projects::default().follow(file, Some(home()), true);
        let told = projects.broken.unwrap();
        assert!(told.contains(why), "{told}");
        assert_eq!(warnings(complaints), [format!("{told}; no account may be used until that is mended")]);
        let (projects, _) = Projects::default().follow(file, Some(home()), false);
        assert_eq!(projects.broken, None);
    }
    let (projects, _) = Projects::default().follow(&read(&folder, "\n"), Some(home()), true);
    assert!(projects.broken.unwrap().ends_with("stood in it: put them back, or write a line such as `# none`"));
    let (projects, complaints) = Projects::default().follow(&read(&folder, "# none"), Some(home()), true);
    assert_eq!((projects.broken, complaints.len()), (None, 0));
}

/// An editor may send its whole section, and a shell a variable made of one that is not set.
#[test]
fn what_is_given_narrows_by_each_of_its_names() {
    let told = |options: Value, variable: Option<&str>| {
        let options = options.as_object().unwrap().clone();
        let sources = Sources { accounts: vec!["a".to_owned()], initialization_options: options, ..Sources::default() };
        let variables = variable.map(|text| ("CAM_ACCOUNTS".to_owned(), text.to_owned()));
        let bounds = given_bounds(&sources, &variables.into_iter().collect());
        let shown = |bound: Bound| {
            format!("{}: {}", bound.name, bound.accounts.map_or_else(|why| why, |words| words.to_string()))
        };
        bounds.into_iter().map(shown).collect::<Vec<_>>().join("; ")
    };
    let options = "`initializationOptions.accounts`";
    for (given, variable, expected) in [
        (serde_json::json!({}), None, String::new()),
        (serde_json::json!({}), Some(""), "; `CAM_ACCOUNTS`: ".to_owned()),
        (serde_json::json!({}), Some(" "), "; `CAM_ACCOUNTS`: ".to_owned()),
        (serde_json::json!({ "accounts": "b" }), Some("c"), format!("; {options}: b; `CAM_ACCOUNTS`: c")),
        (serde_json::json!({}), Some("b,c\n!c\r\n"), "; `CAM_ACCOUNTS`: b, c; `CAM_ACCOUNTS`: !c".to_owned()),
        (serde_json::json!({}), Some("b\n\nc"), "; `CAM_ACCOUNTS`: b; `CAM_ACCOUNTS`: ; `CAM_ACCOUNTS`: c".to_owned()),
        (serde_json::json!({ "codexAccountManager": { "accounts": ["b"] } }), None, format!("; {options}: b")),
        (
            serde_json::json!({ "accounts": "b", "codex-account-manager": { "accounts": [] } }),
            None,
            format!("; {options}: b; {options}: "),
        ),
    ] {
        assert_eq!(told(given, variable), format!("`--accounts`: a{expected}"));
    }
}

/// A process of ours that a program starts knows nothing of the flags, but has the variables.
#[test]
fn a_program_is_narrowed_as_what_starts_it() {
    let named = ["a", "b", "c", "d"].map(|id| Named { id, label: id, groups: &[], has_unknown_groups: false });
    let left = |flags: &[&str], variable: Option<&str>| {
        let accounts = flags.iter().map(|text| (*text).to_owned()).collect();
        let sources = Sources { accounts, ..Sources::default() };
        let environment: Environment =
            variable.map(|text| ("CAM_ACCOUNTS".to_owned(), text.to_owned())).into_iter().collect();
        let given = narrowing_variables(&sources, &environment);
        let allowed = Bounds::new(given_bounds(&sources, &environment)).allowed(&named);
        let given: Vec<String> = given.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        (given.concat(), allowed)
    };
    for (flags, variable, expected) in [
        (&[][..], None, ""),
        (&["a,b"], None, "CAM_ACCOUNTS=a,b"),
        (&[], Some("a,b"), "CAM_ACCOUNTS=a,b"),
        (&["!b", "!c"], Some("a,b,c"), "CAM_ACCOUNTS=a,b,c\n!b\n!c"),
        (&["!c", "!b"], Some("a,b,c\n!c"), "CAM_ACCOUNTS=a,b,c\n!c\n!b"),
        (&["a,b\nb,c"], Some("*"), "CAM_ACCOUNTS=*\na,b\nb,c"),
        (&["a", "nobody"], None, "CAM_ACCOUNTS=a\nnobody"),
        (&["a", ""], Some("a,b"), "CAM_ACCOUNTS="),
        (&["a"], Some(" "), "CAM_ACCOUNTS="),
        (&["a"], Some("b\n\nc"), "CAM_ACCOUNTS="),
    ] {
        let (given, here) = left(flags, variable);
        assert_eq!(given, expected, "{flags:?} {variable:?}");
        let (_, there) = left(&[], given.strip_prefix("CAM_ACCOUNTS="));
        let admitted = |allowed: &Allowed| named.map(|it| allowed.admits(&AccountId::new(it.id.to_owned())));
        assert_eq!(admitted(&there), admitted(&here), "{flags:?} {variable:?}");
    }
    let set = |value: Value| ("--set".to_owned(), "routing.project_files".to_owned(), value);
    let other = ("--set".to_owned(), "polling.enabled".to_owned(), Value::Bool(true));
    for (flags, expected) in [
        (vec![set(Value::Bool(false)), other.clone()], vec![]),
        (vec![other, set(Value::from("on"))], vec![("CAM_PROJECT_FILES", "true".to_owned())]),
    ] {
        let sources = Sources { flags, ..Sources::default() };
        assert_eq!(narrowing_variables(&sources, &Environment::default()), expected);
    }
}

#[test]
fn settings_that_change_narrow_in_each_section_and_take_back_with_null() {
    for (settings, expected) in [
        (serde_json::json!({}), None),
        (serde_json::json!([]), None),
        (serde_json::json!({ "codexAccountManager": {} }), None),
        (serde_json::json!({ "codexAccountManager": { "accounts": null } }), Some(vec![])),
        (serde_json::json!({ "accounts": "a" }), Some(vec!["a"])),
        (
            serde_json::json!({ "codexAccountManager": {}, "codex-account-manager": { "accounts": "b" } }),
            Some(vec!["b"]),
        ),
        (
            serde_json::json!({ "codexAccountManager": { "accounts": "a" }, "codex-account-manager": { "accounts": "b" } }),
            Some(vec!["a", "b"]),
        ),
    ] {
        let bounds = of_settings(&settings);
        let words =
            bounds.map(|bounds| bounds.iter().map(|bound| bound.accounts.clone().unwrap().to_string()).collect());
        assert_eq!(words, expected.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>()), "{settings}");
    }
}
