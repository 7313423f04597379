//! `opencode auth login`, with somebody who types, and what `/connect` of its screen asks OpenCode's server.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Account, Login, SimulatedChatGpt};

use super::home::{STORED_LOGIN, plugged_in};
use super::server::{JSON, Server};
use crate::support::http::{self, Response};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::logins::{browser, callback_port};
use crate::support::running::wait_for_client;
use crate::support::terminal::Terminal;
use crate::support::{Pool, eventually, require};

/// Goes down one line.
const DOWN: &str = "\u{1b}[B";

const BROWSER: &str = "ChatGPT (browser)";
const DEVICE: &str = "ChatGPT (device code)";

/// OpenCode, its plugin, an issuer of ChatGPT logins and a credential that OpenCode has stored.
struct Home {
    opencode: String,
    pool: Pool,
    issuer: SimulatedChatGpt,
    /// The pages that were opened.
    pages: PathBuf,
}

impl Home {
    /// `None` after saying what is missing.
    fn new() -> Option<Home> {
        let (opencode, mut pool) = plugged_in(0, &json!({}))?;
        let issuer = SimulatedChatGpt::start_on_thread().unwrap();
        pool.sandbox.set_chatgpt(&issuer.base_url());
        let pages = browser(&mut pool.sandbox);
        let home = Home { opencode, pool, issuer, pages };
        std::fs::create_dir_all(home.stored().parent().unwrap()).unwrap();
        std::fs::write(home.stored(), STORED_LOGIN).unwrap();
        Some(home)
    }

    fn stored(&self) -> PathBuf {
        self.pool.sandbox.path("data/opencode/auth.json")
    }

    fn person(&self, name: &str) -> Account {
        self.issuer.add_login(Login::new(&format!("{name}@example.com"), &format!("ws-{name}"), "plus")).account
    }

    /// `opencode auth login`, by that method where one is named.
    fn log_in(&self, method: Option<&str>) -> Option<Terminal> {
        let method = method.map_or_else(String::new, |method| format!(" --method '{method}'"));
        let line = format!("stty cols 120 rows 40; exec {} auth login --provider openai{method}", self.opencode);
        Terminal::start_line(&self.pool.sandbox, &line)
    }

    #[track_caller]
    fn labels(&self) -> Vec<String> {
        let listed = self.pool.sandbox.run(&["list", "--json"]).ok().json();
        let accounts = listed["accounts"].as_array().unwrap();
        accounts.iter().map(|account| account["label"].as_str().unwrap().to_owned()).collect()
    }

    /// The code that a person has to type, once it is on the screen.
    #[track_caller]
    fn code_on(&self, terminal: &Terminal) -> String {
        let code = wait_for_client("a code waits", || self.issuer.waiting_user_codes().pop());
        terminal.wait_for(&format!("{}/codex/device", self.issuer.base_url()));
        terminal.wait_for(&format!("Enter code: {code}"));
        code
    }

    #[track_caller]
    fn check_opencode_stored_nothing(&self) {
        assert_eq!(std::fs::read_to_string(self.stored()).unwrap(), STORED_LOGIN);
    }
}

#[track_caller]
fn check_good(terminal: Terminal) {
    let done = terminal.finish();
    assert!(done.code == 0 && done.stdout.contains("Login successful"), "{done:?}");
}

#[test]
fn a_key_goes_to_the_accounts_file_and_not_to_opencodes_own() {
    let Some(home) = Home::new() else { return };
    let keys: Vec<String> = (0..3).map(|_| random_key()).collect();
    for (choice, label, key) in
        [(None, "first", &keys[0]), (Some("\r"), "second", &keys[1]), (Some(&*format!("{DOWN}\r")), "third", &keys[2])]
    {
        let Some(mut terminal) = home.log_in(None) else { return };
        for method in [BROWSER, DEVICE, "API key"] {
            terminal.wait_for(method);
        }
        terminal.type_keys(&format!("{DOWN}{DOWN}\r"));
        if let Some(choice) = choice {
            terminal.wait_for("Start fresh");
            terminal.type_keys(choice);
        }
        terminal.wait_for("What is the account called?");
        terminal.type_keys(&format!("{label}\r"));
        terminal.wait_for("Its API key");
        terminal.type_keys(&format!("{key}\r"));
        check_good(terminal);
    }
    assert_eq!(home.labels(), ["third"], "the third began afresh");
    assert_eq!(home.pool.sandbox.moved_aside(), 1, "the others were moved aside");
    home.check_opencode_stored_nothing();
    check_no_leak("the accounts file", &home.pool.sandbox.bytes().unwrap(), &keys);
}

#[test]
fn a_chatgpt_login_by_browser_is_added_by_the_page_it_opens() {
    if !require("curl") {
        return;
    }
    let _port = callback_port();
    let Some(home) = Home::new() else { return };
    home.issuer.signs_in(home.person("first"));
    let Some(mut terminal) = home.log_in(None) else { return };
    terminal.wait_for(BROWSER);
    terminal.type_keys("\r");
    terminal.wait_for("Log in on the page that opens");
    check_good(terminal);
    assert_eq!(home.labels(), ["first@example.com"]);
    let opened = std::fs::read_to_string(&home.pages).unwrap();
    assert!(opened.starts_with(&format!("{}/oauth/authorize?", home.issuer.base_url())), "{opened}");
    assert_eq!(opened.lines().count(), 1, "{opened}");

    home.issuer.signs_in(home.person("second"));
    let Some(mut terminal) = home.log_in(Some(BROWSER)) else { return };
    terminal.wait_for("There is one account");
    terminal.type_keys(&format!("{DOWN}\r"));
    check_good(terminal);
    assert_eq!((home.labels(), home.pool.sandbox.moved_aside()), (vec!["second@example.com".to_owned()], 1));

    home.issuer.denies();
    let Some(mut terminal) = home.log_in(Some(BROWSER)) else { return };
    terminal.wait_for("There is one account");
    terminal.type_keys(&format!("{DOWN}\r"));
    let done = terminal.finish();
    assert!(done.code != 0 && done.stdout.contains("the login was denied on the page; begin it again"), "{done:?}");
    assert_eq!(
        (home.labels(), home.pool.sandbox.moved_aside()),
        (vec!["second@example.com".to_owned()], 1),
        "nothing was moved for it"
    );
    home.check_opencode_stored_nothing();
}

#[test]
fn a_chatgpt_login_by_a_code_shows_it_and_waits() {
    let Some(home) = Home::new() else { return };
    let Some(terminal) = home.log_in(Some(DEVICE)) else { return };
    let code = home.code_on(&terminal);
    assert!(home.issuer.approve_device(&code, home.person("first")));
    check_good(terminal);
    assert_eq!(home.labels(), ["first@example.com"]);

    let Some(mut terminal) = home.log_in(Some(DEVICE)) else { return };
    terminal.wait_for("Add another");
    terminal.type_keys("\r");
    assert!(home.issuer.deny_device(&home.code_on(&terminal)));
    let done = terminal.finish();
    assert!(done.code != 0 && done.stdout.contains("the login was denied on the page"), "{done:?}");

    // Who leaves takes the login along.
    let Some(mut terminal) = home.log_in(Some(DEVICE)) else { return };
    terminal.wait_for("Add another");
    terminal.type_keys("\r");
    home.code_on(&terminal);
    terminal.type_keys("\u{3}");
    terminal.finish();
    eventually("no session is alive", || home.pool.sandbox.session_ids().is_empty().then_some(()));
    assert_eq!(home.labels(), ["first@example.com"]);
    home.check_opencode_stored_nothing();
}

#[test]
fn whoever_connects_anew_gives_up_the_login_before() {
    let _port = callback_port();
    let Some(home) = Home::new() else { return };
    let server = Server::start(&home.pool.sandbox, &home.opencode);
    let port = server.port;
    let ask = |step: &str, method: usize| -> Response {
        let body = json!({ "method": method, "inputs": {} }).to_string();
        http::request(port, "POST", &format!("/provider/openai/oauth/{step}"), JSON, body.as_bytes())
    };
    let methods: Value = http::request(port, "GET", "/provider/auth", &[("host", "127.0.0.1")], b"").json();
    let labels: Vec<&Value> = methods["openai"].as_array().unwrap().iter().map(|method| &method["label"]).collect();
    assert_eq!(labels, [BROWSER, DEVICE, "API key"]);

    let page = ask("authorize", 0).json();
    assert!(page["url"].as_str().unwrap().starts_with(&home.issuer.base_url()), "{page}");
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, 1455)).is_err(), "it waits for the browser");
    let shown = ask("authorize", 1).json();
    let code = home.issuer.waiting_user_codes().pop().unwrap();
    assert_eq!((&shown["method"], &shown["instructions"]), (&json!("auto"), &json!(format!("Enter code: {code}"))));
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, 1455)).is_ok(), "nobody waits for the browser any more");
    assert!(home.issuer.approve_device(&code, home.person("first")));
    assert_eq!(ask("callback", 1).text(), "true");
    assert_eq!(home.labels(), ["first@example.com"]);

    ask("authorize", 1);
    assert!(home.issuer.deny_device(&home.issuer.waiting_user_codes().pop().unwrap()));
    let failed = ask("callback", 1);
    assert_eq!(failed.status(), 500, "{}", failed.text());
    home.check_opencode_stored_nothing();
}
