//! Proxies and certificates of a company, at every door: serving, refresh, login, `doctor`. All of them use one network.

use std::io::{Read, Write};

use serde_json::json;

use crate::support::company::{AUTHORITY, Company, Kind};
use crate::support::logins::{Access, Logins, ask, post, small};
use crate::support::{Sandbox, Sidecar, eventually};

/// A home whose upstreams are at names that only a proxy knows.
fn behind(company: &str) -> Logins {
    let mut logins = Logins::with(1, Access::Expired);
    logins.sandbox.set("CAM_OPENAI_BASE_URL", &format!("https://{company}"));
    logins.sandbox.set_chatgpt(&format!("https://{company}"));
    logins
}

/// What each door says; the first two of a home that has a login, the third over RPC, all in one text each.
fn doors(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let doctor = sandbox.run(&["doctor"]);
    let login = sandbox.run(&["login", "--device"]);
    let served = post(&Sidecar::start(sandbox), "/v1/responses", &small());
    let refresh = sandbox.run(&["refresh"]);
    assert!(doctor.code == 1 && login.code == 1 && refresh.code == 1 && served.status() >= 500);
    vec![("doctor", doctor.stdout), ("login", login.stderr), ("serving", served.text()), ("refresh", refresh.stderr)]
}

#[test]
fn every_door_goes_by_the_proxy_and_trusts_the_companys_authority() {
    for (variable, scheme, kind, login, host, trusted_by) in [
        ("HTTPS_PROXY", "http", Kind::Http, None, "chat.corp.test", "NODE_EXTRA_CA_CERTS"),
        ("https_proxy", "", Kind::Http, Some("me:p@ss/word"), "chat.corp.test", "SSL_CERT_DIR"),
        ("HTTPS_PROXY", "https", Kind::Https, Some("me:hunter2"), "chat.corp.test", "SSL_CERT_FILE"),
        ("ALL_PROXY", "socks5h", Kind::Socks5, Some("me:hunter2"), "chat.corp.test", "CODEX_CA_CERTIFICATE"),
        ("all_proxy", "socks5", Kind::Socks5, None, "192.0.2.1", "NODE_EXTRA_CA_CERTS"),
    ] {
        let mut logins = behind(host);
        let company = Company::new(&logins.upstream.base_url());
        let proxy = company.proxy(kind, login);
        let user = login.map(|login| format!("{}@", login.replace("p@ss/word", "p%40ss%2Fword"))).unwrap_or_default();
        let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
        logins.sandbox.set(variable, &format!("{scheme}{user}localhost:{}", proxy.port));
        let trusted =
            if trusted_by == "SSL_CERT_DIR" { company.file().parent().unwrap().to_owned() } else { company.file() };
        logins.sandbox.set(trusted_by, trusted.to_str().unwrap());
        let row = format!("{variable}={scheme}{user}… with {trusted_by}");

        let doctor = logins.sandbox.run(&["doctor"]);
        assert!(doctor.stdout.contains(&format!("`https://{host}` answers")), "{row}: {}", doctor.stdout);
        assert!(doctor.stdout.contains(&format!("of `{trusted_by}`")), "{row}: {}", doctor.stdout);
        let asked = proxy.seen().len();
        assert!(asked > 0, "{row}: doctor goes another way");
        // Its token has ended, so that the answer takes a refresh as well.
        let mut sidecar = logins.sidecar();
        ask(&sidecar);
        assert!(proxy.seen().len() >= asked + 2, "{row}: {:?}", proxy.seen());
        logins.sandbox.run(&["refresh"]).ok();
        let begun = sidecar.request("accounts/login", &json!({"method": "device"})).unwrap();
        assert!(begun["userCode"].is_string(), "{row}: {begun}");

        for seen in proxy.seen() {
            assert_eq!((seen.target.as_str(), seen.login.as_deref()), (&*format!("{host}:443"), login), "{row}");
        }
        // Not a word that is not encrypted.
        assert!(kind != Kind::Https || proxy.firsts().iter().all(|first| *first == 0x16), "{row}");
        if let Some(login) = login {
            let password = login.rsplit_once(':').unwrap().1;
            assert!(!format!("{}{}", doctor.stdout, doctor.stderr).contains(password), "{row}: {doctor:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_proxy_is_said_at_every_door_without_its_password() {
    let company = Company::new("http://127.0.0.1:9");
    let wants_another = company.proxy(Kind::Http, Some("somebody:else"));
    let socks = company.proxy(Kind::Socks5, Some("somebody:else"));
    for (variable, value, said) in [
        ("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:1".to_owned(), "`127.0.0.1:1` of `HTTPS_PROXY` cannot be reached"),
        ("all_proxy", "socks4://me:hunter2@127.0.0.1:1".to_owned(), "`all_proxy` cannot be used"),
        ("https_proxy", "'http://me:hunter2@127.0.0.1:1".to_owned(), "`https_proxy` cannot be used"),
        (
            "HTTPS_PROXY",
            format!("me:hunter2@localhost:{}", wants_another.port),
            "407: it wants a user name and a password (by Basic): Ask the help desk",
        ),
        ("HTTPS_PROXY", format!("https://me:hunter2@localhost:{}", wants_another.port), "TLS with the proxy"),
        (
            "ALL_PROXY",
            format!("socks5h://me:hunter2@localhost:{}", socks.port),
            "it does not accept the user name and password",
        ),
    ] {
        let mut logins = behind("chat.corp.test");
        logins.sandbox.set(variable, &value);
        for (door, words) in doors(&logins.sandbox) {
            assert!(words.contains(said), "{door} with {variable}: {words}");
            assert!(!words.contains("hunter2"), "{door} with {variable}: {words}");
        }
        assert!(logins.upstream.requests_of("/oauth/token").is_empty(), "nothing goes past the proxy");
    }
}

#[test]
fn an_authority_that_is_not_trusted_is_named_at_every_door_with_the_variables_to_set() {
    let logins = Logins::with(1, Access::Expired);
    let company = Company::new(&logins.upstream.base_url());
    let Logins { mut sandbox, .. } = logins;
    let base = format!("https://localhost:{}", company.port());
    sandbox.set("CAM_OPENAI_BASE_URL", &base).set_chatgpt(&base);
    sandbox.set("NODE_EXTRA_CA_CERTS", "/gone/ca.pem");
    for (door, words) in doors(&sandbox) {
        assert!(words.contains(AUTHORITY) && words.contains("`SSL_CERT_FILE`"), "{door}: {words}");
        let is_told = words.contains("`NODE_EXTRA_CA_CERTS`: `/gone/ca.pem` does not exist");
        assert!(is_told || ["serving", "refresh"].contains(&door), "{door}: {words}");
    }
    // This machine is reached past every proxy.
    sandbox.set("HTTPS_PROXY", "http://127.0.0.1:1").set("NODE_EXTRA_CA_CERTS", company.file().to_str().unwrap());
    let doctor = sandbox.run(&["doctor"]).stdout;
    assert!(doctor.contains(&format!("`{base}` answers")), "{doctor}");
}

#[test]
fn a_session_warns_once_of_what_it_cannot_use() {
    let mut logins = Logins::new(1);
    logins.sandbox.set("HTTPS_PROXY", "socks4://me:hunter2@127.0.0.1:1");
    let mut sidecar = logins.sidecar();
    let notice = sidecar.wait_notification_where("window/showMessage", |told| told.to_string().contains("HTTPS_PROXY"));
    assert!(!notice.to_string().contains("hunter2"), "{notice}");
    // Loopback needs no proxy, so that this one serves.
    ask(&sidecar);
}

/// An issuer of one answer.
fn issuer(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    format!("http://{address}")
}

#[test]
fn what_an_issuer_or_a_page_in_its_place_says_is_said_by_login_refresh_and_list() {
    for (answer, said, hint) in [
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\n\r\n{\"error\":{\"code\":\
             \"unsupported_country_region_territory\",\"message\":\"Country, region, or territory not supported\"}}",
            "(`unsupported_country_region_territory`): Country, region, or territory not supported",
            "countries and regions",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\nserver: cloudflare\r\n\r\n<!doctype html><title>Just a \
             moment...</title><script>var a</script><p>Enable JavaScript\u{1b}[31m</p>",
            "403: Just a moment... Enable JavaScript\u{fffd}[31m",
            "another network",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://login.hotel.test/a\r\n\r\n",
            "leads to `login.hotel.test`",
            "wants a login first",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<h1>Welcome to the WiFi</h1>",
            "it is a page: Welcome to the WiFi",
            "wants a login first",
        ),
    ] {
        let mut logins = Logins::with(1, Access::Expired);
        logins.sandbox.set("CAM_AUTH_ISSUER", &issuer(answer));
        let login = logins.sandbox.run(&["login", "--device"]).stderr;
        assert!(login.contains(said) && login.contains(hint), "{login}");
        let refresh = logins.sandbox.run(&["refresh"]).stderr;
        assert!(refresh.contains(said) && refresh.contains(hint), "{refresh}");
        let reason = logins.listed(1)["reason"].as_str().unwrap_or_default().to_owned();
        assert!(reason.contains(said), "{reason}");
        // A refresh that succeeds takes the reason back.
        logins.sandbox.set("CAM_AUTH_ISSUER", &logins.upstream.base_url());
        eventually("the account is refreshed", || (logins.sandbox.run(&["refresh"]).code == 0).then_some(()));
        assert_eq!(logins.listed(1)["reason"], json!(null));
    }
}
