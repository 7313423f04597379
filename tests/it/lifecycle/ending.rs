//! When a sidecar ends, how soon and with which code. A promised time is asserted three times over: the machine may
//! be busy with other tests.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage};

use crate::support::http::Connection;
use crate::support::upstream::small_request;
use crate::support::{Pool, Sandbox, Sidecar, eventually, process, within};

const IDLE: Duration = Duration::from_secs(2);
const STREAMING: Duration = Duration::from_secs(5);
const ORPHANED: Duration = Duration::from_secs(5);

/// It ends within three times `promised`, with this code, and its session record is gone.
#[track_caller]
fn check_end(sidecar: &mut Sidecar, sandbox: &Sandbox, promised: Duration, code: i32) {
    let Some((status, _)) = sidecar.end_within(promised * 3) else { panic!("it did not end in {:?}", promised * 3) };
    assert_eq!(status.code(), Some(code), "{status}");
    assert!(sandbox.bytes().is_none() || sandbox.session_ids().is_empty(), "its record is gone");
}

/// A way to ask a sidecar to end, and the code it ends with.
type Ending = (&'static str, fn(&mut Sidecar), i32);

const ENDINGS: [Ending; 6] = [
    ("the end of stdin", Sidecar::close_stdin, 0),
    ("`exit` without `shutdown`", |sidecar| sidecar.notify("exit", &Value::Null), 1),
    (
        "`shutdown` and `exit`",
        |sidecar| {
            sidecar.request("shutdown", &Value::Null).unwrap();
            sidecar.notify("exit", &Value::Null);
        },
        0,
    ),
    (
        "`shutdown` and the end of stdin",
        |sidecar| {
            sidecar.request("shutdown", &Value::Null).unwrap();
            sidecar.close_stdin();
        },
        0,
    ),
    ("SIGTERM", |sidecar| assert!(process::signal(sidecar.pid(), Signal::TERM)), 0),
    ("SIGHUP", |sidecar| assert!(process::signal(sidecar.pid(), Signal::HUP)), 0),
];

#[test]
fn an_idle_sidecar_ends_soon_in_every_way() {
    let pool = Pool::new(1);
    for (way, ask_to_end, code) in ENDINGS {
        println!("{way}");
        let mut sidecar = pool.sidecar();
        sidecar.wait_notification("proxy/ready");
        ask_to_end(&mut sidecar);
        check_end(&mut sidecar, &pool.sandbox, IDLE, code);
    }
}

#[test]
fn a_sidecar_without_accounts_or_initialize_ends_as_well() {
    let sandbox = Sandbox::new();
    for (way, ask_to_end, code) in ENDINGS.into_iter().filter(|(way, ..)| !way.contains("`shutdown` and")) {
        println!("{way}");
        let mut sidecar = Sidecar::start(&sandbox);
        ask_to_end(&mut sidecar);
        check_end(&mut sidecar, &sandbox, IDLE, code);
        let mut silent = Sidecar::spawn(sandbox.command(&["sidecar"]));
        eventually("it catches signals", || {
            // Before it does, a signal ends it like any program.
            let caught = u64::from_str_radix(&process::status(silent.pid(), "SigCgt")?, 16).ok()?;
            // SIGHUP is 1, SIGTERM 15.
            let both = 1 | 1 << 14;
            (caught & both == both).then_some(())
        });
        ask_to_end(&mut silent);
        check_end(&mut silent, &sandbox, IDLE, code);
    }
}

#[test]
fn a_sidecar_with_a_stream_open_ends_in_every_way_and_lets_the_upstream_go() {
    // All beside each other: each takes the seconds that it lets its stream go on.
    std::thread::scope(|scope| {
        for ending in ENDINGS {
            scope.spawn(move || check_end_with_a_stream(ending));
        }
    });
}

#[track_caller]
fn check_end_with_a_stream((way, ask_to_end, code): Ending) {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    pool.script(1, Answer::Broken(Breakage::HangMidStream { after_events: 3 }));
    let mut body = small_request("gpt-5.4");
    body["stream"] = json!(true);
    let bearer = format!("Bearer {}", sidecar.api_key());
    let mut client = Connection::open(sidecar.port());
    client.request("POST", "/v1/responses", &[("authorization", &bearer)], body.to_string().as_bytes());
    assert_eq!(client.head().unwrap().status, 200);
    let mut rest = Vec::new();
    client.event(&mut rest).unwrap().expect("the stream has begun");
    ask_to_end(&mut sidecar);
    check_end(&mut sidecar, &pool.sandbox, STREAMING, code);
    let ended = std::iter::from_fn(|| client.event(&mut rest).transpose()).find_map(Result::err);
    assert!(ended.is_some(), "{way}: the client sees that its stream is broken");
    eventually("the upstream's stream is free", || (pool.upstream.traffic().open_streams() == 0).then_some(()));
}

#[test]
fn what_was_asked_is_on_disk_before_shutdown_is_answered() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/update", &json!({ "account": 1, "priority": 8 })).unwrap();
    sidecar.request("shutdown", &Value::Null).unwrap();
    sidecar.kill();
    assert!(pool.sandbox.session_ids().is_empty());
    assert_eq!(pool.sandbox.accounts()["accounts"][0]["priority"], 8);
}

#[test]
fn a_record_that_was_taken_away_does_not_come_back_before_the_end() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    sidecar.request("shutdown", &Value::Null).unwrap();
    // It looks at the file every second.
    let back = within(Duration::from_millis(2_500), || (!pool.sandbox.session_ids().is_empty()).then_some(()));
    assert_eq!(back, None);
    sidecar.notify("exit", &Value::Null);
    check_end(&mut sidecar, &pool.sandbox, IDLE, 0);
}

/// A shell starts a sidecar that keeps its stdin open, and tells both pids; the shell is then killed.
#[test]
fn a_sidecar_whose_parent_is_killed_ends() {
    let pool = Pool::new(1);
    let sandbox = &pool.sandbox;
    let pipe = sandbox.path("stdin");
    assert!(sandbox.program("mkfifo").arg(&pipe).status().unwrap().success());
    // Opened for both ends, so that it never ends.
    let mut keep_open = std::fs::OpenOptions::new();
    let mut stdin = keep_open.read(true).write(true).open(&pipe).unwrap();
    for says_hello in [false, true] {
        // Nothing else shows that one without a session is ready.
        if !says_hello && !process::are_shown() {
            continue;
        }
        let script = "exec 3<\"$1\"; \"$0\" sidecar <&3 >out & echo $! >child; wait";
        let mut shell: Command = sandbox.program("sh");
        shell.args(["-c", script, crate::support::sandbox::BINARY, pipe.to_str().unwrap()]);
        let mut shell = shell.stdout(Stdio::null()).spawn().unwrap();
        let child: u32 = eventually("the shell tells the child's pid", || {
            std::fs::read_to_string(sandbox.path("child")).ok()?.trim().parse().ok()
        });
        if says_hello {
            let params = json!({ "processId": shell.id(), "capabilities": {} });
            let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
            std::io::Write::write_all(&mut stdin, crate::support::sidecar::frame(&hello.to_string()).as_bytes())
                .unwrap();
            eventually("it has a session", || (!sandbox.session_ids().is_empty()).then_some(()));
        } else {
            eventually("it watches its parent", || {
                let mut files = std::fs::read_dir(format!("/proc/{child}/fd")).ok()?;
                let is_pidfd = |file: std::io::Result<std::fs::DirEntry>| {
                    let target = std::fs::read_link(file.unwrap().path()).unwrap_or_default();
                    target.to_string_lossy().contains("pidfd")
                };
                files.any(is_pidfd).then_some(())
            });
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        let ended = within(ORPHANED * 3, || (!process::runs(child)).then_some(()));
        assert!(ended.is_some(), "hello {says_hello}: it outlives its parent");
        assert!(sandbox.session_ids().is_empty());
        std::fs::remove_file(sandbox.path("child")).unwrap();
    }
}

#[test]
fn a_sidecar_whose_named_parent_dies_ends() {
    let pool = Pool::new(1);
    let mut parent = pool.sandbox.program("sleep").arg("600").spawn().unwrap();
    let params = json!({ "processId": parent.id() });
    let mut sidecar = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &params);
    sidecar.wait_notification("proxy/ready");
    parent.kill().unwrap();
    parent.wait().unwrap();
    check_end(&mut sidecar, &pool.sandbox, ORPHANED, 0);
}
