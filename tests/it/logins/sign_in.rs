//! Logging in: by the browser, by a device code, over JSON-RPC and on the command line; and every way it fails.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Account, Login, TokenFault};

use crate::support::http::{self, Response};
use crate::support::keys::check_no_leak;
use crate::support::logins::{Logins, callback_port};
use crate::support::{Running, Sidecar, eventually};

const PORT: u16 = 1455;

/// Somebody who has no account in the file yet.
fn newcomer(logins: &Logins, email: &str, workspace: &str, plan: &str) -> Account {
    logins.upstream.add_login(Login::new(email, workspace, plan)).account
}

/// What a browser gets at `url`, without following where it leads.
#[track_caller]
fn visit(url: &str) -> Response {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("no page here: {url}"));
    let (authority, path) = rest.split_once('/').unwrap();
    let port = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    http::request(port, "GET", &format!("/{path}"), &[], b"")
}

/// Plays the browser: logs in on the issuer's page and comes back; the last page.
#[track_caller]
fn browse(url: &str) -> Response {
    let page = visit(url);
    assert_eq!(page.status(), 302, "{}", page.text());
    let back = page.header("location").unwrap().to_owned();
    assert!(back.starts_with("http://localhost:1455/auth/callback?"), "{back}");
    visit(&back)
}

#[track_caller]
fn begin(sidecar: &mut Sidecar, params: &Value) -> (String, String) {
    let begun = sidecar.request("accounts/login", params).unwrap();
    (begun["loginId"].as_str().unwrap().to_owned(), begun["url"].as_str().unwrap().to_owned())
}

#[track_caller]
fn ended(sidecar: &mut Sidecar, login: &str) -> Value {
    let told = sidecar.wait_notification("accounts/didLogin");
    assert_eq!(told["loginId"], login, "{told}");
    told
}

#[test]
fn a_browser_login_opens_the_page_adds_the_account_and_closes_the_port() {
    let _port = callback_port();
    let logins = Logins::new(0);
    logins.upstream.only_registered_ports(true);
    let person = newcomer(&logins, "you@example.com", "ws-1", "plus");
    logins.upstream.signs_in(person);
    let capable = json!({"capabilities": {"window": {"showDocument": {"support": true}}}});
    let mut sidecar = Sidecar::start_with(logins.sandbox.command(&["sidecar"]), &capable);
    let (login, url) = begin(&mut sidecar, &json!({"method": "browser"}));
    let asked = eventually("the client is asked to show the page", || {
        sidecar.next_message(Duration::from_secs(5)).filter(|message| message["method"] == "window/showDocument")
    });
    assert_eq!((asked["params"]["uri"].as_str(), &asked["params"]["external"]), (Some(url.as_str()), &json!(true)));
    sidecar.send(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"success": true}}));
    // A stranger ends nothing, and neither does a page of the wrong name.
    for (path, host, status) in [
        ("/auth/callback?code=x&state=wrong", "localhost:1455", 400),
        ("/auth/callback?error=access_denied", "localhost:1455", 400),
        ("/auth/callback?code=x&state=wrong", "evil.example:1455", 421),
        ("/", "localhost:1455", 404),
    ] {
        let mut stranger = http::Connection::open(PORT);
        stranger.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(stranger.head().unwrap().status, status, "{path} {host}");
    }
    let page = browse(&url);
    assert_eq!(page.status(), 200, "{}", page.text());
    assert!(page.text().contains("You can close this page"), "{}", page.text());
    let told = ended(&mut sidecar, &login);
    let account = sidecar.request("accounts/read", &json!({"account": told["account"]})).unwrap();
    assert_eq!((&account["label"], &account["email"]), (&json!("you@example.com"), &json!("you@example.com")));
    assert_eq!((&account["plan"], &account["accountId"]), (&json!("plus"), &json!("ws-1")));
    let tokens = logins.upstream.tokens(person);
    let file = logins.sandbox.bytes().unwrap();
    check_no_leak("the accounts file", &file, &[&tokens.refresh_token]);
    assert!(!String::from_utf8_lossy(&file).contains(&tokens.access_token));
    eventually("the port is closed", || TcpListener::bind(("127.0.0.1", PORT)).ok());
}

#[test]
fn a_login_that_is_denied_cancelled_or_has_no_port_says_so_and_writes_nothing() {
    let _port = callback_port();
    let logins = Logins::new(1);
    let mut sidecar = logins.sidecar();
    eventually("the tokens are sealed", || logins.sandbox.bytes().filter(|file| !file.windows(3).any(|w| w == b"rt_")));
    let before = logins.sandbox.accounts()["accounts"].clone();
    logins.upstream.denies();
    let (login, url) = begin(&mut sidecar, &json!({"method": "browser"}));
    let page = browse(&url);
    assert!(page.status() == 400 && page.text().contains("denied"), "{}", page.text());
    assert!(ended(&mut sidecar, &login)["error"].as_str().unwrap().contains("denied"));

    let (login, _) = begin(&mut sidecar, &json!({"method": "browser"}));
    let taken = sidecar.request("accounts/login", &json!({"method": "browser"})).unwrap_err();
    assert_eq!((taken.code, taken.message.contains("1455")), (-32015, true), "{taken:?}");
    assert!(taken.data["hint"].as_str().unwrap().contains("--device"), "{taken:?}");
    sidecar.request("accounts/cancelLogin", &json!({"loginId": login})).unwrap();
    assert!(ended(&mut sidecar, &login)["error"].as_str().unwrap().contains("cancelled"));
    let gone = sidecar.request("accounts/cancelLogin", &json!({"loginId": login})).unwrap_err();
    assert_eq!(gone.code, -32015);
    let refused = sidecar.request("accounts/login", &json!({"method": "browser", "label": "42"})).unwrap_err();
    assert_eq!(refused.code, -32602);
    assert_eq!(logins.sandbox.accounts()["accounts"], before);
}

#[test]
fn a_browser_that_comes_back_twice_is_shown_one_end() {
    let _port = callback_port();
    let logins = Logins::new(0);
    let person = newcomer(&logins, "you@example.com", "ws-1", "plus");
    logins.upstream.signs_in(person);
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(2)));
    let mut sidecar = logins.sidecar();
    let (login, url) = begin(&mut sidecar, &json!({"method": "browser"}));
    let page = visit(&url);
    let back = page.header("location").unwrap();
    let pages: Vec<Response> = std::thread::scope(|scope| {
        let visiting: Vec<_> = (0..3).map(|_| scope.spawn(|| visit(back))).collect();
        visiting.into_iter().map(|visiting| visiting.join().unwrap()).collect()
    });
    for page in pages {
        assert!(page.status() == 200 && page.text().contains("Logged in"), "{}", page.text());
    }
    assert!(ended(&mut sidecar, &login)["account"].is_string());
    assert_eq!(logins.upstream.token_calls().len(), 1);
}

#[test]
fn another_program_that_logs_in_gets_the_port_and_a_page_of_the_web_does_not() {
    let _port = callback_port();
    let logins = Logins::new(0);
    let mut sidecar = logins.sidecar();
    let (login, _) = begin(&mut sidecar, &json!({"method": "browser"}));
    let ask = |more: &str| {
        let mut other = http::Connection::open(PORT);
        other.send(format!("GET /cancel HTTP/1.1\r\nhost: 127.0.0.1:1455\r\n{more}\r\n").as_bytes()).unwrap();
        other.head().unwrap().status
    };
    assert_eq!(ask("origin: https://evil.example\r\n"), 403);
    assert_eq!(ask("sec-fetch-site: cross-site\r\n"), 403);
    assert_eq!(ask(""), 200);
    eventually("the port is free", || TcpListener::bind(("127.0.0.1", PORT)).ok());
    let told = ended(&mut sidecar, &login);
    assert!(told["error"].as_str().unwrap().contains("cancelled by another program"), "{told}");
}

#[test]
fn a_device_login_waits_for_the_code_on_the_command_line() {
    let logins = Logins::new(0);
    let person = newcomer(&logins, "you@example.com", "ws-1", "pro");
    for pending in [403, 404] {
        logins.upstream.set_device_pending_status(pending);
        let running = Running::start(logins.sandbox.command(&["login", "--device", "--label", "laptop"]));
        let code = eventually("a code is shown", || {
            let said = running.stderr_so_far();
            let (_, rest) = said.split_once("enter the code ")?;
            rest.contains('\n').then(|| rest.lines().next().unwrap().to_owned())
        });
        assert!(running.stderr_so_far().contains("/codex/device"));
        assert!(logins.upstream.approve_device(&code, person), "{code}");
        let done = running.finish();
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.stdout.contains("account 1 (laptop, pro)"), "{done:?}");
        // Nobody has to read a token for this.
        check_no_leak(
            "the output",
            format!("{}{}", done.stdout, done.stderr).as_bytes(),
            &[&logins.upstream.tokens(person).refresh_token],
        );
    }
    let listed = logins.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 1, "logged in again is the same account: {listed}");
}

#[test]
fn why_the_issuer_gives_no_code_is_said_on_the_page_and_to_whoever_logs_in() {
    let _port = callback_port();
    let logins = Logins::new(0);
    let mut sidecar = logins.sidecar();
    for (answer, said, is_harmless) in [
        ("error=access_denied&error_description=missing_codex_entitlement", "administrator of the workspace", true),
        ("error=access_denied&error_description=Your+workspace+needs+SSO", "Your workspace needs SSO", true),
        ("error=unsupported_country_region_territory", "country or region", true),
        ("error=temporarily_unavailable&error_description=Later", "temporarily_unavailable", true),
        (
            "error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE%1B%5B31m",
            "alert(1)",
            false,
        ),
    ] {
        let (login, url) = begin(&mut sidecar, &json!({"method": "browser"}));
        let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
        let page = visit(&format!("http://localhost:1455/auth/callback?{answer}&state={state}"));
        let error = ended(&mut sidecar, &login)["error"].as_str().unwrap().to_owned();
        let text = page.text();
        assert!(page.status() == 400 && text.contains(said), "{answer}: {text}");
        assert!(
            error.contains(said) || said == "administrator of the workspace" && error.contains("workspace"),
            "{error}"
        );
        assert!(
            !text.contains("<script>") && !text.contains("allow it") && !error.contains("allow it"),
            "{text}: {error}"
        );
        assert!(!text.contains(['\u{202e}', '\u{1b}']) && !error.contains(['\u{202e}', '\u{1b}']), "{text}: {error}");
        assert!(is_harmless || text.contains("&lt;script&gt;"), "{text}");
        eventually("the port is free", || TcpListener::bind(("127.0.0.1", PORT)).ok());
    }
}

#[test]
fn a_device_login_that_is_denied_or_not_offered_says_so() {
    let logins = Logins::new(0);
    let mut sidecar = logins.sidecar();
    let begun = sidecar.request("accounts/login", &json!({"method": "device"})).unwrap();
    let code = begun["userCode"].as_str().unwrap();
    assert!(begun["expiresAt"].as_i64().unwrap() > crate::support::logins::now());
    assert!(logins.upstream.deny_device(code));
    let told = ended(&mut sidecar, begun["loginId"].as_str().unwrap());
    assert!(told["error"].as_str().unwrap().contains("denied"), "{told}");
    logins.upstream.set_device_flow(false);
    let refused = sidecar.request("accounts/login", &json!({"method": "device"})).unwrap_err();
    assert_eq!((refused.code, refused.message.contains("device code")), (-32016, true), "{refused:?}");
    assert_eq!(sidecar.request("accounts/list", &json!({})).unwrap()["accounts"], json!([]));
}

#[test]
fn workspaces_of_one_person_are_kept_apart_and_a_login_ends_needs_login() {
    let logins = Logins::new(0);
    let mut sidecar = logins.sidecar();
    let own = newcomer(&logins, "you@example.com", "ws-own", "plus");
    let team = newcomer(&logins, "you@example.com", "ws-team", "team");
    for person in [own, team, own] {
        logins.upstream.approve_next_device(person);
        let begun = sidecar.request("accounts/login", &json!({"method": "device"})).unwrap();
        assert!(ended(&mut sidecar, begun["loginId"].as_str().unwrap())["account"].is_string());
    }
    let listed = logins.sandbox.run(&["list", "--json"]).ok().json();
    let labels: Vec<_> =
        listed["accounts"].as_array().unwrap().iter().map(|account| account["label"].clone()).collect();
    assert_eq!(labels, ["you@example.com", "you@example.com (team)"]);
    // Its family is revoked, so that it needs a login; logging in again takes it back.
    logins.upstream.expire_access(own);
    logins.upstream.invalidate_refresh(own);
    crate::support::logins::ask(&sidecar);
    assert_eq!(logins.listed(1)["state"], "needsLogin");
    logins.upstream.approve_next_device(own);
    let begun = sidecar.request("accounts/login", &json!({"method": "device"})).unwrap();
    ended(&mut sidecar, begun["loginId"].as_str().unwrap());
    assert_eq!(logins.listed(1)["state"], "ready");
}

#[test]
fn a_fresh_start_moves_the_accounts_aside_once_the_login_is_good() {
    let logins = Logins::new(2);
    let person = newcomer(&logins, "new@example.com", "ws-new", "plus");
    let denied = Running::start(logins.sandbox.command(&["login", "--device", "--fresh"]));
    let code = eventually("a code waits", || logins.upstream.waiting_user_codes().pop());
    assert!(logins.upstream.deny_device(&code));
    let done = denied.finish();
    assert_eq!((done.code, done.stderr.contains("hint:")), (1, true), "{done:?}");
    assert_eq!(logins.sandbox.accounts()["accounts"].as_array().unwrap().len(), 2);
    logins.upstream.approve_next_device(person);
    logins.sandbox.run(&["login", "--device", "--fresh"]).ok();
    let accounts = logins.sandbox.accounts();
    assert_eq!(accounts["accounts"].as_array().unwrap().len(), 1, "{accounts}");
    assert_eq!(accounts["accounts"][0]["email"], "new@example.com");
    assert_eq!(logins.sandbox.moved_aside(), 1);
}

#[test]
fn ctrl_c_gives_a_login_up_and_says_so() {
    let logins = Logins::new(0);
    let running = Running::start(logins.sandbox.command(&["login", "--device"]));
    eventually("a code waits", || logins.upstream.waiting_user_codes().pop());
    eventually("it says how to give up", || running.stderr_so_far().contains("Ctrl-C").then_some(()));
    running.signal(rustix::process::Signal::INT);
    let done = running.finish();
    assert!(done.code == 1 && done.stderr.contains("the login was cancelled"), "{done:?}");
    assert_eq!(logins.sandbox.accounts()["accounts"], json!([]));
}

#[test]
fn nobody_logs_in_for_tokens_that_could_not_be_sealed() {
    let logins = Logins::new(0);
    logins.sandbox.add("work", &crate::support::keys::random_key());
    std::fs::remove_file(logins.sandbox.path("cam-data/master.key")).unwrap();
    let done = logins.sandbox.run(&["login", "--device"]);
    assert!(done.code == 3 && done.stderr.contains("hint:"), "{done:?}");
    assert!(logins.upstream.waiting_user_codes().is_empty());
}

#[test]
fn a_login_under_another_plan_is_the_same_account() {
    let logins = Logins::new(0);
    for plan in ["plus", "pro"] {
        logins.upstream.approve_next_device(newcomer(&logins, "you@example.com", "ws-1", plan));
        let done = logins.sandbox.run(&["login", "--device"]).ok();
        assert!(!done.stderr.contains("merge"), "{done:?}");
        assert_eq!(logins.listed(1)["plan"], plan);
    }
    assert_eq!(logins.sandbox.accounts()["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn members_of_one_team_are_accounts_of_their_own() {
    let logins = Logins::new(0);
    for email in ["one@example.com", "two@example.com", "one@example.com"] {
        logins.upstream.approve_next_device(newcomer(&logins, email, "ws-team", "team"));
        logins.sandbox.run(&["login", "--device"]).ok();
    }
    let accounts = logins.sandbox.accounts()["accounts"].clone();
    let known: Vec<_> = accounts.as_array().unwrap().iter().map(|account| &account["userId"]).collect();
    assert_eq!(known, ["user-oneexamplecom", "user-twoexamplecom"]);
}
