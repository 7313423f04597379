//! What a session may use is seen: over JSON-RPC, in every answer of the proxy and on the command line.

use super::*;
use crate::support::sandbox::{Output, output};
use crate::support::screen::Screen;

/// What a command says that is run in this folder of the home.
fn run_in(pool: &Pool, name: &str, args: &[&str]) -> Output {
    let mut command = pool.sandbox.command(args);
    command.current_dir(folder(pool, name));
    output(command, b"")
}

/// The screen, opened in this folder of the home, with the page of the first account.
fn screen_in(pool: &Pool, name: &str) -> Screen {
    let mut command = pool.sandbox.command(&[]);
    command.current_dir(folder(pool, name));
    let screen = Screen::start_command(&command, 80, 24);
    screen.wait_for("account-4");
    screen.type_keys("o");
    screen.wait_for("chosen ");
    screen
}

/// The name of the set, the numbers of its accounts, and how many things narrow it.
fn shown(pool: &Pool, set: &Value) -> Option<(String, Vec<usize>, usize)> {
    let ids = set["accounts"].as_array()?.iter();
    let number = |id: &Value| pool.ids.iter().position(|known| id == known).unwrap() + 1;
    let by = set["narrowedBy"].as_array()?.len();
    Some((set["name"].as_str()?.to_owned(), ids.map(number).collect(), by))
}

#[test]
fn a_client_reads_the_set_everywhere_and_hears_of_its_change() {
    let pool = pool(WORK);
    for (folders, options, expected) in [
        (&["work"][..], json!({}), Some(("work", vec![1, 2], 1))),
        (&["work"], json!({ "accounts": ["!account-2"] }), Some(("work & !account-2", vec![1], 2))),
        (&["work"], json!({ "accounts": ["spare"] }), Some(("none", vec![], 2))),
        (&["private"], json!({ "accounts": ["spare"] }), Some(("spare", vec![4], 1))),
        (&["private"], json!({}), None),
    ] {
        let expected = expected.map(|(name, accounts, by)| (name.to_owned(), accounts, by));
        let mut sidecar = sidecar_in(&pool, folders, &options);
        let ready = sidecar.wait_notification("proxy/ready");
        let status = sidecar.request("status/read", &json!({})).unwrap();
        let own =
            status["sessions"].as_array().unwrap().iter().find(|session| session["self"] == true).unwrap().clone();
        let list = sidecar.request("accounts/list", &json!({})).unwrap();
        let explained = sidecar.request("routing/explain", &json!({})).unwrap();
        for (place, value) in [
            ("proxy/ready", &ready),
            ("status/read", &status),
            ("its session", &own),
            ("list", &list),
            ("explain", &explained),
        ] {
            assert_eq!(shown(&pool, &value["accountSet"]), expected, "{place} {folders:?} {options}");
        }
    }
    let mut sidecar = sidecar_in(&pool, &["work"], &json!({}));
    write(&pool, "[[projects]]\npath = \"~/work/**\"\naccounts = [\"work\", \"wrok\"]\n");
    let change = sidecar.wait_notification_where("accounts/didChange", |params| params["cause"] == "accountSet");
    let mut left: Vec<&str> = change["accounts"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    left.sort_unstable();
    let mut work = [pool.ids[0].as_str(), &pool.ids[1]];
    work.sort_unstable();
    assert_eq!(left, work);
    let set = sidecar.request("accounts/list", &json!({})).unwrap()["accountSet"].clone();
    assert_eq!(set["narrowedBy"][0]["fault"], "no account has the group, id or label `wrok`");
    // Its record says it to siblings.
    eventually("the record has the new set", || {
        let status = sidecar.request("status/read", &json!({})).unwrap();
        let own = status["sessions"].as_array().unwrap().iter().find(|session| session["self"] == true).unwrap();
        let fault = &own["accountSet"]["narrowedBy"][0]["fault"];
        (own["accountSet"]["name"] == "none" && *fault == "no account has the group, id or label `wrok`").then_some(())
    });
}

#[test]
fn every_answer_says_among_which_accounts_it_was_chosen() {
    let pool = pool(WORK);
    let (inside, outside) = (sidecar_in(&pool, &["work"], &json!({})), sidecar_in(&pool, &["private"], &json!({})));
    let none = sidecar_in(&pool, &["work"], &json!({ "accounts": "spare" }));
    let two = sidecar_in(&pool, &["work"], &json!({ "accounts": "!spare, !label:account-2" }));
    let set = |sidecar: &Sidecar| {
        let response = answer(sidecar, "gpt-5");
        (response.status(), response.header("x-account-set").map(str::to_owned))
    };
    assert_eq!(set(&inside), (200, Some("work".to_owned())));
    assert_eq!(set(&outside), (200, None));
    assert_eq!(set(&none), (503, Some("none".to_owned())));
    assert_eq!(set(&two), (200, Some("work%20%26%20%21spare%2C%20%21label%3Aaccount-2".to_owned())));
    exhausted(&pool, &inside);
    assert_eq!(set(&inside), (429, Some("work".to_owned())));
}

#[test]
fn the_command_line_answers_for_its_folder_where_it_is_asked_about_one() {
    let pool = pool(&format!("{WORK}strategy = \"round_robin\"\n"));
    let _session = sidecar_in(&pool, &["work"], &json!({}));
    let explained = run_in(&pool, "work/site", &["explain"]).ok().stdout;
    assert!(explained.contains("This folder uses work, by rule 1 (`"), "{explained}");
    let outside = explained.lines().find(|line| line.contains("account-3")).unwrap();
    assert!(outside.contains("rule 1 (`") && outside.contains("`) does not allow it here"), "{outside}");
    let explained = run_in(&pool, "work", &["explain", "--json"]).ok().json();
    assert_eq!(shown(&pool, &explained["accountSet"]), Some(("work".to_owned(), vec![1, 2], 1)));
    assert_eq!(explained["candidates"][3]["reasons"], json!(["notAllowed"]));
    let said = run_in(&pool, "private", &["explain"]).ok().stdout;
    assert!(said.contains("No rule holds for this folder: every account may be used."), "{said}");

    let said = run_in(&pool, "private", &["explain", "../work"]).ok().stdout;
    assert!(said.starts_with("A request without a model from `../work` gets account "), "{said}");
    assert!(said.contains("\n`../work` uses work, by rule 1 (`"), "{said}");
    let refused = run_in(&pool, "private", &["explain", "~/nowhere"]);
    assert!(refused.code == 2 && refused.stderr.contains("`~/nowhere` is no folder"), "{refused:?}");

    let status = run_in(&pool, "work", &["status"]).ok().stdout;
    assert!(status.contains("MAY USE") && status.contains("This folder uses work, by rule 1 (`"), "{status}");
    assert!(status.contains(", in this folder by `round_robin`."), "{status}");
    let status = run_in(&pool, "work", &["status", "--json"]).ok().json();
    assert_eq!(shown(&pool, &status["accountSet"]), Some(("work".to_owned(), vec![1, 2], 1)));
    assert_eq!(shown(&pool, &status["sessions"][0]["accountSet"]), Some(("work".to_owned(), vec![1, 2], 1)));
    // How the accounts stand is the same everywhere, and a switch for every session is no matter of this folder.
    assert!(status["accounts"].as_array().unwrap().iter().all(|account| account["state"] == "ready"), "{status}");
    let mut command = pool.sandbox.command(&["list"]);
    command.current_dir(folder(&pool, "work")).env("CAM_ACCOUNTS", "spare");
    let listed = output(command, b"").ok().stdout;
    assert!(listed.contains("GROUPS") && !listed.contains("not allowed"), "{listed}");
    let switched = run_in(&pool, "work", &["switch", "account-3"]).ok();
    assert!(switched.stderr.contains("in this folder it is not used: rule 1 (`"), "{switched:?}");

    write(&pool, "[[projects]]\npath = \"~/work/**\"\naccount = [\"work\"]\n");
    let explained = run_in(&pool, "work", &["explain"]).ok().stdout;
    assert_eq!(explained.matches("an error in `config.toml` keeps it out").count(), pool.ids.len(), "{explained}");
    assert!(explained.contains("This folder uses no account.\n"), "{explained}");
    assert!(explained.contains("(did you mean `accounts`?).\n"), "{explained}");
}

#[test]
fn doctor_says_what_the_folder_may_use_and_finds_every_rule_that_cannot_do_what_it_is_for() {
    let pool = pool("");
    let no_git = pool.sandbox.path("no-git");
    std::fs::create_dir(&no_git).unwrap();
    let rule = |path: &str, accounts: &str| format!("[[projects]]\npath = \"{path}\"\naccounts = {accounts}\n");
    let home = rule("~/**", "[\"spare\"]");
    let remote = "[[projects]]\nremote = \"github.com/acme/*\"\naccounts = [\"work\"]\n";
    for (rules, has_git, expected) in [
        (String::new(), true, vec![("warning", "projectFileOff", "/work/.codex-accounts.toml` narrows nothing")]),
        (
            rule("~/Work", "[\"work\"]"),
            true,
            vec![
                ("ok", "", "no rule holds for this folder: every account may be used"),
                ("warning", "projectRuleFitsNothing", "the folder `~/Work` does not exist; did you mean `~/work`?"),
            ],
        ),
        (WORK.to_owned(), true, vec![("ok", "", "this folder uses work, by rule 1 (`")]),
        (
            rule("~/work", "[]"),
            true,
            vec![("warning", "noAccountAllowed", "this folder uses no account, by rule 1 (`")],
        ),
        (
            rule("~/work", "[\"wrok\"]"),
            true,
            vec![("problem", "noAccountAllowed", "uses no account"), ("problem", "projectRule", "id or label `wrok`")],
        ),
        (
            WORK.to_owned() + &rule("/work-of-nobody", "[\"wrok\"]"),
            true,
            vec![
                ("ok", "", "uses work"),
                (
                    "problem",
                    "projectRule",
                    "id or label `wrok`; no account may be used where it holds; did you mean `work`?",
                ),
                ("warning", "projectRuleFitsNothing", "the folder `/work-of-nobody` does not exist"),
            ],
        ),
        // What is wrong with all of them is said once, with the configuration.
        (rule("~/work", "[]").replace("path", "pth"), true, vec![]),
        (home + WORK, true, vec![("ok", "", "uses spare"), ("warning", "projectRuleHidden", "never holds: rule 1 (`")]),
        (
            remote.to_owned(),
            false,
            vec![
                ("ok", "", "no rule holds for this folder"),
                ("problem", "gitMissing", "rule 1 (`github.com/acme/*`, "),
            ],
        ),
        // A pattern without a host cannot be read.
        (remote.replace("github.com/", ""), true, vec![]),
        (
            WORK.repeat(2),
            true,
            vec![
                ("ok", "", "uses work"),
                ("warning", "projectRuleHidden", "is for the same folders; make one rule of them"),
            ],
        ),
        (
            rule("~/work/*", "[\"work\"]"),
            true,
            vec![
                ("ok", "", "no rule holds for this folder"),
                ("warning", "projectRuleBesideFolder", "/work` itself; write `"),
            ],
        ),
        (
            format!("routing.project_files = true\n{WORK}"),
            true,
            vec![("problem", "noAccountAllowed", ".codex-accounts.toml` have no account in common")],
        ),
    ] {
        write(&pool, &rules);
        let narrowing = folder(&pool, "work").join(".codex-accounts.toml");
        if rules.is_empty() || rules.starts_with("routing") {
            std::fs::write(&narrowing, "accounts = [\"spare\"]").unwrap();
        } else if narrowing.exists() {
            std::fs::remove_file(&narrowing).unwrap();
        }
        let mut command = pool.sandbox.command(&["doctor", "--json"]);
        command.current_dir(folder(&pool, "work"));
        if !has_git {
            command.env("PATH", &no_git);
        }
        let found = output(command, b"").json()["findings"].as_array().unwrap().clone();
        let found: Vec<&Value> = found.iter().filter(|finding| finding["check"] == "projects").collect();
        assert_eq!(found.len(), expected.len(), "{rules}: {found:?}");
        for (found, (verdict, kind, message)) in found.iter().zip(expected) {
            assert_eq!(
                (found["verdict"].as_str(), found["kind"].as_str().unwrap_or_default()),
                (Some(verdict), kind),
                "{found}"
            );
            assert!(found["message"].as_str().unwrap().contains(message), "{rules}: {found}");
            let mend = ["command", "hint"].iter().filter(|name| found[**name].is_string()).count();
            assert_eq!(mend == 0, verdict == "ok", "{found}");
        }
    }
}

#[test]
fn the_screen_answers_for_its_folder_and_acts_for_every_session() {
    let pool = pool(WORK);
    let screen = screen_in(&pool, "work/site");
    screen.wait_until("it says what holds in its folder", |text| {
        let said = [
            "Which account a new request gets now in ~/work/site ──",
            "may use       work, by rule 1 (`~/work/**`, ~/",
            "account-2: can serve",
            "account-3: is not allowed here",
        ];
        said.iter().all(|part| text.contains(part))
    });
    write(&pool, &WORK.replace("\"work\"", "\"spare\""));
    screen.wait_until("a rule is followed", |text| text.contains("may use       spare, by rule 1"));
    screen.wait_for("chosen        account-4");
    write(&pool, &format!("{WORK}daily_limit_usd = 0\n").replace("\"work\"", "\"spare\""));
    screen.wait_until("a spent budget is named", |text| {
        text.contains("budget        rule 1 (`") && text.contains("account-4: is kept out by a spent budget")
    });
    screen.type_keys("\r");
    screen.wait_for("Running and new sessions use account-1");
    screen.type_keys("\r");
    screen.wait_for("Switched every session to account 1 (account-1)");
    screen.type_keys("q");
    assert_eq!(screen.finish().code, 0);

    let screen = screen_in(&pool, "private");
    let text = screen.text();
    assert!(text.contains("Which account a new request gets now ──") && !text.contains("may use"), "{text}");
    screen.type_keys("q");
    assert_eq!(screen.finish().code, 0);
}
