//! Several clients of one `proxy`: each has its key, its accounts and its budget, and no request of it ever leaves them.

mod begun;

use std::time::Duration;

use api::{Answer, LimitKind, Wait};
use serde_json::{Value, json};
use simulated_openai::api;

use crate::support::http::{self, Head, Response};
use crate::support::upstream::small_request;
use crate::support::websocket::{Message, WebSocket, handshake_at};
use crate::support::{Pool, Running, eventually};

/// Four accounts, of which 1 and 2 are of the group `work`, and 4 of `spare`.
fn pool(config: &str) -> Pool {
    let pool = Pool::new(4);
    pool.group(&[&["work"], &["work"], &[], &["spare"]]);
    configure(&pool, config);
    pool
}

fn configure(pool: &Pool, config: &str) {
    std::fs::write(pool.sandbox.path("config.toml"), config).unwrap();
}

/// An entry of `[[proxy.keys]]` whose key is `sk-NAME-key`, and which may use every account unless it says something else of them.
fn entry(name: &str, rest: &str) -> String {
    let all = if rest.contains("accounts") { "" } else { "accounts = [\"*\"]" };
    format!("[[proxy.keys]]\nname = \"{name}\"\nkey = \"sk-{name}-key\"\n{rest}\n{all}\n")
}

struct Proxy {
    running: Running,
    port: u16,
}

impl Proxy {
    fn start(pool: &Pool, args: &[&str]) -> Proxy {
        let bind: &[&str] = if args.contains(&"--bind") { &[] } else { &["--bind", "127.0.0.1:0"] };
        let args = [&["proxy"], bind, args].concat();
        let running = Running::start(pool.sandbox.command(&args));
        let said = eventually("it listens", || {
            let said = running.stderr_so_far();
            said.contains("listening on http://").then_some(said)
        });
        let address = said.split("listening on http://").nth(1).unwrap().split('/').next().unwrap();
        let port = address.split(':').nth(1).unwrap();
        Proxy { port: port.parse().unwrap(), running }
    }

    fn ask(&self, key: &str) -> Response {
        http::post(self.port, "/v1/responses", key, &small_request("gpt-5.4"))
    }

    /// The accounts that serve `key` while each that does is limited after its first answer, and the last answer.
    fn exhausted(&self, pool: &Pool, key: &str) -> (Vec<usize>, Response) {
        let mut served = Vec::new();
        loop {
            let response = self.ask(key);
            if response.status() != 200 {
                served.sort_unstable();
                return (served, response);
            }
            let number = number(pool, &response);
            let kind = LimitKind::Tokens;
            pool.script(number, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind });
            served.push(number);
        }
    }
}

fn number(pool: &Pool, response: &Response) -> usize {
    pool.ids.iter().position(|id| Some(id.as_str()) == response.header("x-account-id")).unwrap() + 1
}

/// A client whose accounts are `own` learns nothing of the others, nor where files of the server are.
#[track_caller]
fn tells_of(pool: &Pool, own: &[usize], head: &Head, body: &[u8]) {
    let told = format!("{:?} {}", head.headers, String::from_utf8_lossy(body));
    let others = (1..=pool.ids.len()).filter(|number| !own.contains(number));
    let names = others.flat_map(|number| [pool.ids[number - 1].clone(), format!("account-{number}")]);
    let folder = pool.sandbox.path("").display().to_string();
    for hidden in names.chain([folder, "notAllowed".to_owned(), "!work".to_owned()]) {
        assert!(!told.contains(&hidden), "{hidden}: {told}");
    }
}

#[test]
fn each_key_uses_its_accounts_and_no_others() {
    let keys = entry("ci", "accounts = [\"work\"]")
        + &entry("home", "accounts = [\"!work\"]")
        + &entry("none", "accounts = []")
        + &entry("all", "");
    for (key, expected, status) in
        [("ci", &[1, 2][..], 429), ("home", &[3, 4], 429), ("none", &[], 503), ("all", &[1, 2, 3, 4], 429)]
    {
        let pool = pool(&keys);
        let proxy = Proxy::start(&pool, &[]);
        let (served, refused) = proxy.exhausted(&pool, &format!("sk-{key}-key"));
        assert_eq!((&served[..], refused.status()), (expected, status), "{key}");
        if key != "all" {
            let told = refused.text();
            assert!(told.contains(&format!("ey `{key}` (")) && told.contains("config.toml:"), "{told}");
            assert!(!told.contains("sk-"), "{told}");
            // Nor how many there are before its own.
            let accounts = refused.json()["error"]["accounts"].as_array().cloned().unwrap_or_default();
            assert!(accounts.iter().zip(1..).all(|(account, number)| account["index"] == number), "{accounts:?}");
            assert_eq!(accounts.len(), expected.len());
            let set = if expected.is_empty() { "none" } else { key };
            assert_eq!(refused.header("x-account-set"), Some(set));
            tells_of(&pool, expected, &refused.head, &refused.body);
        }
        // The account of another key serves on.
        let other = if key == "ci" { "sk-home-key" } else { "sk-ci-key" };
        assert_eq!(proxy.ask(other).status() == 200, key != "all", "{key}");
    }
    // Narrower than the proxy itself, never wider.
    let pool = pool(&keys);
    let proxy = Proxy::start(&pool, &["--accounts", "account-1,account-3"]);
    assert_eq!(proxy.exhausted(&pool, "sk-ci-key").0, [1]);
    let (served, refused) = proxy.exhausted(&pool, "sk-all-key");
    assert_eq!(served, [3]);
    assert!(refused.text().contains("narrowed by the proxy's own settings."), "{}", refused.text());
    tells_of(&pool, &[1, 3], &refused.head, &refused.body);
}

#[test]
fn a_key_opens_what_is_its_own_and_the_built_in_one_is_off() {
    let pool = pool(&entry("ci", "accounts = [\"work\"]"));
    let proxy = Proxy::start(&pool, &[]);
    let said = proxy.running.stderr_so_far();
    assert!(said.contains("the built-in key is off") && !said.contains("well-known default key"), "{said}");
    for wrong in ["sk-codex-account-manager", "sk-ci-ke", "sk-ci-keyy", "", "ci"] {
        assert_eq!(proxy.ask(wrong).status(), 401, "{wrong:?}");
    }
    let body = small_request("gpt-5.4").to_string();
    let headers = [("x-api-key", "sk-ci-key"), ("content-type", "application/json")];
    let response = http::request(proxy.port, "POST", "/v1/responses", &headers, body.as_bytes());
    assert_eq!(response.status(), 200);
    let refused = http::get(proxy.port, "/metrics", "sk-ci-key");
    assert!(refused.status() == 403 && refused.text().contains("refused to the keys of `[[proxy.keys]]`"));
    assert_eq!(http::post(proxy.port, "/rpc", "sk-ci-key", &json!({})).status(), 401);
    let listed = http::get(proxy.port, "/v1/models", "sk-ci-key");
    assert_eq!(listed.status(), 200);
    tells_of(&pool, &[1, 2], &listed.head, &listed.body);
    // Of one that the person chose all is served.
    let own = Proxy::start(&pool, &["--api-key", "sk-main-key"]);
    assert_eq!([own.ask("sk-main-key").status(), own.ask("sk-ci-key").status()], [200, 200]);
    assert_eq!(http::get(own.port, "/metrics", "sk-main-key").status(), 200);
    // A client's key is none where it is the proxy's own: nothing would narrow it once the entry is gone.
    let both = Proxy::start(&pool, &["--api-key", "sk-ci-key"]);
    let refused = both.ask("sk-ci-key");
    assert!(refused.status() == 503 && refused.text().contains("its key is the proxy's own"), "{}", refused.text());
    // A session of an agent has none of them.
    let sidecar = pool.sidecar();
    assert_eq!(http::post(sidecar.port(), "/v1/responses", "sk-ci-key", &small_request("gpt-5.4")).status(), 401);
}

#[test]
fn what_cannot_be_read_serves_nothing_and_no_key_is_ever_shown() {
    let config = entry("unknown", "accounts = [\"wrok\"]")
        + &entry("typo", "acounts = [\"work\"]")
        + &entry("twin", "")
        + "[[proxy.keys]]\nname = \"twin\"\nkey = \"sk-second-key\"\naccounts = [\"*\"]\n"
        + "[[proxy.keys]]\nname = \"gone\"\nkey_file = \"gone.key\"\n"
        + "[[proxy.keys]]\nname = \"default\"\nkey = \"sk-codex-account-manager\"\n"
        + &entry("good", "")
        + "[[projects]]\npath = \"/**\"\naccounts = [\"spare\"]\n";
    let pool = pool(&config);
    let proxy = Proxy::start(&pool, &[]);
    for (key, told) in [
        ("sk-unknown-key", "key `unknown` ("),
        ("sk-unknown-key", "no account has the group, id or label `wrok`"),
        ("sk-typo-key", "unknown key `acounts` (did you mean `accounts`?)"),
        ("sk-twin-key", "key 4 has the same name"),
        ("sk-second-key", "key 3 has the same name"),
    ] {
        let refused = proxy.ask(key);
        assert_eq!(refused.status(), 503, "{key}");
        assert!(refused.text().contains(told) && refused.text().contains("config.toml:"), "{}", refused.text());
    }
    for key in ["sk-codex-account-manager", "sk-gone-key"] {
        assert_eq!(proxy.ask(key).status(), 401, "{key}");
    }
    assert_eq!(proxy.ask("sk-good-key").status(), 200);
    let doctor = pool.sandbox.run(&["doctor"]);
    let said = proxy.running.stderr_so_far();
    assert!(said.contains("no rule of `[[projects]]` holds for `proxy`"), "{said}");
    for told in [
        "key 5 of `proxy.keys`: its key file",
        "key 6 of `proxy.keys`: its key is the built-in one",
        "no account has the group, id or label `wrok`; it serves nothing; did you mean `work`?",
    ] {
        assert!(said.contains(told), "{said}");
        assert!(doctor.stdout.contains(told), "{doctor:?}");
    }
    for told in ["No account can serve: key `unknown` (config.toml:1): no account has", " key=good\n"] {
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(doctor.code, 1);
    let shown = pool.sandbox.run(&["config", "show"]);
    let usage = pool.sandbox.run(&["usage", "--by", "key"]);
    for text in [said, doctor.stdout, doctor.stderr, shown.stdout, shown.stderr, usage.stdout, usage.stderr] {
        assert!(!text.contains("-key\"") && !text.contains("sk-good") && !text.contains("sk-second"), "{text}");
    }
}

#[test]
fn keys_and_their_files_are_followed() {
    let pool = pool("");
    std::fs::write(pool.sandbox.path("ci.key"), "sk-first\n").unwrap();
    let proxy = Proxy::start(&pool, &[]);
    assert_eq!(proxy.ask("sk-codex-account-manager").status(), 200);
    let becomes = |what: &str, key: &str, status: u16| {
        eventually(what, || (proxy.ask(key).status() == status).then_some(()));
    };
    let in_file = "[[proxy.keys]]\nname = \"ci\"\nkey_file = \"ci.key\"\naccounts = [\"work\"]\n";
    configure(&pool, in_file);
    becomes("the key is there", "sk-first", 200);
    assert_eq!(proxy.ask("sk-codex-account-manager").status(), 401, "the built-in one is off from then on");
    std::fs::write(pool.sandbox.path("ci.key"), "sk-another").unwrap();
    becomes("the new key is there", "sk-another", 200);
    assert_eq!(proxy.ask("sk-first").status(), 401);
    configure(&pool, "[[proxy.keys");
    let kept = "the keys of `proxy.keys` that held before stay until that is mended";
    eventually("it is told", || proxy.running.stderr_so_far().contains(kept).then_some(()));
    assert_eq!([proxy.ask("sk-another").status(), proxy.ask("sk-codex-account-manager").status()], [200, 401]);
    // A process that starts cannot tell which keys there are.
    let other = Proxy::start(&pool, &[]);
    assert_eq!([other.ask("sk-another").status(), other.ask("sk-codex-account-manager").status()], [401, 401]);
    configure(&pool, &in_file.replace("work", "spare"));
    eventually("the other accounts hold", || {
        let response = proxy.ask("sk-another");
        (response.status() == 200 && number(&pool, &response) == 4).then_some(())
    });
    std::fs::remove_file(pool.sandbox.path("ci.key")).unwrap();
    becomes("who takes the file away takes the key back", "sk-another", 401);
    configure(&pool, &entry("ci", ""));
    becomes("the key is in the configuration", "sk-ci-key", 200);
    // Neither what the configuration says of the proxy's own key by then, nor that the last entry goes, lets the built-in one in.
    configure(&pool, "[proxy]\napi_key = \"sk-own-key\"\n");
    becomes("the last key is taken back", "sk-ci-key", 401);
    let refused = proxy.ask("sk-codex-account-manager");
    assert!(refused.status() == 401 && refused.text().contains("The built-in key is off here."), "{}", refused.text());
    let refused = proxy.ask("sk-ci-key").text();
    assert!(!refused.contains("built-in"), "that is nobody's business");
    assert!(refused.contains("No entry of `[[proxy.keys]]` has this key; it may have been taken back."), "{refused}");
    let said = proxy.running.stderr_so_far();
    assert!(said.contains("Key `ci` was replaced") && said.contains("Key `ci` was taken back"), "{said}");
    assert_eq!(Proxy::start(&pool, &[]).ask("sk-own-key").status(), 200);
    // Written out it is the same key.
    configure(&pool, &("[proxy]\napi_key = \"sk-codex-account-manager\"\n".to_owned() + &entry("ci", "")));
    let written_out = Proxy::start(&pool, &[]);
    assert_eq!(
        [written_out.ask("sk-ci-key").status(), written_out.ask("sk-codex-account-manager").status()],
        [200, 401]
    );
    // That there were keys is remembered where the file is gone.
    std::fs::remove_file(pool.sandbox.path("config.toml")).unwrap();
    let without = Proxy::start(&pool, &[]);
    assert_eq!(without.ask("sk-codex-account-manager").status(), 401);
    assert!(without.running.stderr_so_far().contains("the file is gone, and keys of `proxy.keys` stood in it"));
}

#[test]
fn an_address_that_others_reach_never_takes_the_built_in_key() {
    let pool = pool(&entry("ci", ""));
    let proxy = Proxy::start(&pool, &["--bind", "0.0.0.0:0"]);
    assert_eq!([proxy.ask("sk-ci-key").status(), proxy.ask("sk-codex-account-manager").status()], [200, 401]);
    configure(&pool, "# no key\n");
    eventually("the key is taken back", || (proxy.ask("sk-ci-key").status() == 401).then_some(()));
    assert_eq!(proxy.ask("sk-codex-account-manager").status(), 401);
}

#[test]
fn what_another_client_made_is_no_way_around() {
    let pool = pool(&(entry("ci", "accounts = [\"work\"]") + &entry("home", "accounts = [\"!work\"]")));
    let proxy = Proxy::start(&pool, &["--api-key", "sk-main-key", "--strategy", "sticky"]);
    let made = proxy.ask("sk-ci-key");
    let owner = number(&pool, &made);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let mut body = small_request("gpt-5.4");
    body["previous_response_id"] = json!(id);
    let refused = http::post(proxy.port, "/v1/responses", "sk-home-key", &body);
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (503, &json!("resource_owner_unavailable")));
    assert!(refused.text().contains("key `home` ("), "{}", refused.text());
    tells_of(&pool, &[3, 4], &refused.head, &refused.body);
    let refused = http::get(proxy.port, &format!("/v1/responses/{id}"), "sk-home-key");
    tells_of(&pool, &[3, 4], &refused.head, &refused.body);
    assert_eq!(refused.json()["error"]["code"], "resource_owner_unavailable");
    for key in ["sk-ci-key", "sk-main-key"] {
        let response = http::post(proxy.port, "/v1/responses", key, &body);
        assert_eq!((response.status(), number(&pool, &response)), (200, owner), "{key}");
    }
    // One name of a conversation is two conversations, of which each stays where it is.
    let body = json!({ "model": "gpt-5.4", "input": "x", "prompt_cache_key": "same" });
    let ask = |key: &str| number(&pool, &http::post(proxy.port, "/v1/responses", key, &body));
    let first = [ask("sk-ci-key"), ask("sk-home-key")];
    for _ in 0..4 {
        assert_eq!([ask("sk-ci-key"), ask("sk-home-key")], first);
    }
}

#[test]
fn a_socket_has_the_accounts_of_its_key() {
    let pool = pool(&(entry("ci", "accounts = [\"spare\"]") + &entry("none", "accounts = []")));
    let proxy = Proxy::start(&pool, &[]);
    let handshake = |target: &str, key: &str| {
        let (head, mut connection) = handshake_at((proxy.port, key), target, &[]);
        let body = if head.status == 101 { Vec::new() } else { connection.body().unwrap() };
        tells_of(&pool, if key == "sk-ci-key" { &[4] } else { &[] }, &head, &body);
        head
    };
    for target in ["/v1/responses", "/v1/realtime?model=gpt-realtime"] {
        let head = handshake(target, "sk-ci-key");
        assert_eq!((head.status, head.header("x-account-id")), (101, Some(pool.ids[3].as_str())), "{target}");
        assert_eq!(handshake(target, "sk-none-key").status, 426, "{target}");
        assert_eq!(handshake(target, "sk-other-key").status, 401, "{target}");
    }
    let mut socket = WebSocket::open_at((proxy.port, "sk-ci-key"), "/v1/responses");
    let kind = LimitKind::Tokens;
    pool.script(4, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind });
    assert_eq!(proxy.ask("sk-ci-key").status(), 429);
    socket.say(&json!({ "type": "response.create", "model": "gpt-5.4", "input": "x" }));
    let Ok(Message::Text(refused)) = socket.next() else { panic!("the turn was not refused") };
    assert!(refused.contains("all_accounts_rate_limited") && refused.contains("key `ci` ("), "{refused}");
    let head = Head { status: 429, headers: Vec::new() };
    tells_of(&pool, &[4], &head, refused.as_bytes());
}

#[test]
fn what_was_opened_with_a_key_ends_when_the_key_is_another_one_or_gone() {
    let in_file = "[[proxy.keys]]\nname = \"ci\"\nkey_file = \"ci.key\"\naccounts = [\"*\"]\n";
    let built_in = "sk-codex-account-manager";
    let turn = json!({ "type": "response.create", "model": "gpt-5", "input": "x" });
    for (what, before, key, after) in [
        ("another key in its file", in_file, "sk-first", in_file),
        ("another entry of its name", in_file, "sk-first", &entry("ci", "")),
        ("no entry", in_file, "sk-first", &entry("home", "")),
        ("the built-in key, beside keys", "", built_in, in_file),
    ] {
        let pool = pool(before);
        std::fs::write(pool.sandbox.path("ci.key"), "sk-first\n").unwrap();
        let proxy = Proxy::start(&pool, &[]);
        let mut socket = WebSocket::open_at((proxy.port, key), "/v1/responses");
        let mut tunnel = WebSocket::open_at((proxy.port, key), "/v1/realtime?model=gpt-realtime");
        assert_eq!(tunnel.event().unwrap()["type"], "session.created", "{what}");
        socket.say(&turn);
        assert_eq!(socket.response().pop().unwrap()["type"], "response.completed", "{what}");
        configure(&pool, after);
        if key != built_in {
            std::fs::write(pool.sandbox.path("ci.key"), "sk-another\n").unwrap();
        }
        eventually(what, || (proxy.ask(key).status() == 401).then_some(()));
        let asked = pool.upstream.requests().len();
        socket.say(&turn);
        assert_eq!(socket.next().unwrap(), Message::Close, "{what}");
        assert!(!matches!(tunnel.next(), Ok(Message::Text(_))), "{what}");
        assert_eq!(pool.upstream.requests().len(), asked, "{what}");
    }
}

#[test]
fn a_key_has_a_budget_and_usage_is_told_by_key() {
    let prices = "[[pricing]]\nmodel = \"gpt-5.4\"\ninput = 100\noutput = 100\n";
    let pool = pool(&(prices.to_owned() + &entry("ci", "daily_limit_usd = 0.000001") + &entry("dev", "")));
    let proxy = Proxy::start(&pool, &["--api-key", "sk-main-key"]);
    assert_eq!(proxy.ask("sk-ci-key").status(), 200);
    let refused = proxy.ask("sk-ci-key");
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (429, &json!("all_accounts_rate_limited")));
    let told = refused.text();
    assert!(
        told.contains("Key `ci` (") && told.contains("has spent its $0.000001") && told.contains("overLimit"),
        "{told}"
    );
    assert!(refused.header("retry-after").is_some() && refused.json()["error"]["resets_at"].is_u64());
    for key in ["sk-dev-key", "sk-main-key", "sk-main-key"] {
        assert_eq!(proxy.ask(key).status(), 200);
    }
    let usage = eventually("all is in the ledger", || {
        let usage: Value = pool.sandbox.run(&["usage", "--by", "key", "--json"]).ok().json();
        (usage["total"]["requests"] == 4).then_some(usage)
    });
    let rows = usage["rows"].as_array().unwrap();
    let mut rows: Vec<(Option<&str>, u64)> =
        rows.iter().map(|row| (row["key"].as_str(), row["requests"].as_u64().unwrap())).collect();
    rows.sort_unstable();
    assert_eq!(rows, [(None, 2), (Some("ci"), 1), (Some("dev"), 1)]);
    let shown = pool.sandbox.run(&["usage", "--by", "key"]).ok().stdout;
    assert!(shown.contains("KEY") && shown.contains("\n-  "), "{shown}");
}
