//! A process that is asked to end while the issuer has a token of it: it is gone for everybody else in time, and stays alone
//! until the answer is on the disk.

use std::io::Read;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use simulated_openai::chatgpt::TokenFault;

use crate::support::logins::{Access, Logins, small};
use crate::support::{Running, Sidecar, eventually, http, process, within};

/// A sidecar whose request made it send a token, of which the answer is this late; the request's connection.
fn refreshing(logins: &Logins, late: Duration) -> (Sidecar, http::Connection) {
    logins.upstream.script_token(TokenFault::DelayAfterRotating(late));
    let mut command = logins.sandbox.command(&["sidecar"]);
    command.stderr(Stdio::piped());
    let sidecar = Sidecar::start_with(command, &json!({}));
    let mut connection = http::Connection::open(sidecar.port());
    let key = format!("Bearer {}", sidecar.api_key());
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    connection.request("POST", "/v1/responses", &headers, small().to_string().as_bytes());
    eventually("the issuer has the token", || (!logins.upstream.token_calls().is_empty()).then_some(()));
    (sidecar, connection)
}

/// Its door is closed and its record is gone within three times the five seconds that are promised; it runs on.
#[track_caller]
fn check_alone(logins: &Logins, sidecar: &Sidecar) {
    let is_gone = || {
        let is_closed = TcpStream::connect(("127.0.0.1", sidecar.port())).is_err();
        (is_closed && logins.sandbox.session_ids().is_empty()).then_some(())
    };
    within(Duration::from_secs(15), is_gone).expect("its door is closed and its record gone");
    assert!(process::runs(sidecar.pid()), "it waits for its token");
}

#[track_caller]
fn check_kept(logins: &Logins) {
    let exported = logins.sandbox.run(&["export", "--plain"]).ok().json();
    assert_eq!(exported["accounts"][0]["refreshToken"], logins.upstream.tokens(logins.accounts[0]).refresh_token);
}

#[test]
fn an_ending_process_stays_alone_until_a_late_answer_is_on_the_disk() {
    std::thread::scope(|scope| {
        for end in [
            (|sidecar: &mut Sidecar| sidecar.close_stdin()) as fn(&mut Sidecar),
            |sidecar| assert!(process::signal(sidecar.pid(), Signal::TERM)),
            |sidecar| {
                // One signal is not two.
                sidecar.close_stdin();
                assert!(process::signal(sidecar.pid(), Signal::TERM));
            },
        ] {
            scope.spawn(move || {
                let logins = Logins::with(1, Access::Expired);
                let (mut sidecar, _connection) = refreshing(&logins, Duration::from_secs(12));
                end(&mut sidecar);
                check_alone(&logins, &sidecar);
                let (status, _) = sidecar.end_within(Duration::from_secs(30)).expect("it ends with the answer");
                assert_eq!(status.code(), Some(0));
                check_kept(&logins);
            });
        }
    });
}

#[test]
fn a_second_signal_ends_it_at_once_and_says_what_it_may_cost() {
    check_second_signal(true);
    check_second_signal(false);
}

#[track_caller]
fn check_second_signal(is_alone: bool) {
    let logins = Logins::with(1, Access::Expired);
    let (mut sidecar, _connection) = refreshing(&logins, Duration::from_secs(600));
    assert!(process::signal(sidecar.pid(), Signal::TERM));
    if is_alone {
        check_alone(&logins, &sidecar);
    } else {
        // While the request that waits for the token is given its time.
        eventually("its door is closed", || TcpStream::connect(("127.0.0.1", sidecar.port())).is_err().then_some(()));
    }
    assert!(process::signal(sidecar.pid(), Signal::TERM));
    let mut stderr = sidecar.take_stderr();
    let (status, _) = sidecar.end_within(Duration::from_secs(6)).expect("it ends at once");
    assert_eq!(status.code(), Some(0));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("asked to end again") && said.contains("codex-account-manager login"), "{said}");
}

#[test]
fn a_command_under_run_has_ended_and_its_token_is_seen_through() {
    let logins = Logins::with(1, Access::Expired);
    logins.upstream.script_token(TokenFault::DelayAfterRotating(Duration::from_secs(6)));
    let script = "curl --silent --noproxy '*' --max-time 2 -H \"authorization: Bearer $OPENAI_API_KEY\" \
                  -H 'content-type: application/json' -d '{\"model\":\"gpt-5.2-codex\",\"input\":\"x\"}' \
                  \"$OPENAI_BASE_URL/responses\"; exit 7";
    let running = Running::start(logins.sandbox.command(&["run", "--", "sh", "-c", script]));
    let done = running.finish_within(Duration::from_secs(60));
    assert_eq!(done.code, 7, "{done:?}");
    assert!(done.stderr.contains("not on the disk yet"), "{done:?}");
    check_kept(&logins);
}
