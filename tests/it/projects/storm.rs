//! A storm over several sidecars and the clients of a proxy that may use different accounts: failovers of every kind, pins here and
//! everywhere, rules and keys that change, break and go while requests are under way, kills and restarts. What the upstream received is the judge: each
//! request carries the name of its session, and must come with an account that was allowed there.
//!
//! A sample runs with all tests. `CAM_TEST_LONG=1` runs a long one, and `CAM_TEST_STORM=100000` one of so many requests.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::api::{Answer, Breakage, LimitKind, Wait};

use super::sidecar_in;
use crate::cli::proxy::Proxy;
use crate::support::http::{self, Connection};
use crate::support::{Pool, Sidecar, eventually, has_time};
use world::{BUILT_IN, CLIENTS_OF_PROXY, GROUPS, OF_PROXY, SESSIONS, Set, key, keys_of, rules_of, sets, write_config};

/// Straight to the terminal: whoever runs a long one wants to see how it goes.
macro_rules! say {
    ($($words:tt)*) => { drop(writeln!(std::io::stderr(), $($words)*)) };
}

/// Where a client asks.
#[derive(Clone, Default)]
struct Door {
    port: u16,
    key: String,
}

/// How much there is of it.
struct Size {
    most: usize,
    /// So many clients ask each door at once.
    clients: usize,
    /// A client rests so long between two requests.
    pause: Duration,
}

/// What the clients and the one that disturbs them share.
struct Storm {
    doors: Vec<Mutex<Door>>,
    /// Held by each request that is under way; who writes to it has the world stand still.
    world: RwLock<()>,
    /// How many changes of the rules every session has followed.
    followed: AtomicUsize,
    asked: AtomicUsize,
    served: AtomicUsize,
    failed_over: AtomicUsize,
    over: AtomicBool,
}

impl Storm {
    /// Asks at door `place` until it is over, as client `number`.
    fn ask(&self, pool: &Pool, (place, number): (usize, usize), &Size { most, pause, .. }: &Size) {
        let (mut connection, mut round) = (None, number * 7);
        while !self.over.load(Ordering::Relaxed) && self.asked.fetch_add(1, Ordering::Relaxed) < most {
            std::thread::sleep(pause);
            let _under_way = self.world.read().unwrap();
            let mark = format!("{place} {} {number}-{round}", self.followed.load(Ordering::SeqCst));
            round += 1;
            if round % 40 == 0 {
                pool.script(round / 40 * 3 % GROUPS.len() + 1, failure(round / 40 + place));
            }
            let door = self.doors[place].lock().unwrap().clone();
            // One that was killed is there again soon.
            let Some(head) = exchange(&mut connection, &door, &mark, round) else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let (status, retries) = head;
            if status == 401 {
                // Its key was taken back, or is another one now: that is no request.
                self.asked.fetch_sub(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
                continue;
            }
            self.served.fetch_add(usize::from(status == 200), Ordering::Relaxed);
            self.failed_over.fetch_add(usize::from(status == 200 && retries > 0), Ordering::Relaxed);
            if status != 200 {
                // Everything is limited for a moment.
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// One request with its mark; the status and how often it was tried again. `None` when nobody answers.
fn exchange(connection: &mut Option<(u16, Connection)>, door: &Door, mark: &str, round: usize) -> Option<(u16, usize)> {
    let mut used = match connection.take().filter(|(port, _)| *port == door.port) {
        Some((_, used)) => used,
        None => Connection::try_open(door.port).ok()?,
    };
    let model = ["gpt-5.2-codex", "gpt-4o", "gpt-5.1"][round % 3];
    let (path, body) = match round % 4 {
        0 => ("/v1/responses", json!({ "model": model, "input": mark, "stream": true })),
        1 => ("/v1/chat/completions", json!({ "model": model, "messages": [{ "role": "user", "content": mark }] })),
        _ => ("/v1/responses", json!({ "model": model, "input": mark })),
    };
    let port = door.port;
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {}\r\n", door.key);
    let kind = "content-type: application/json\r\n";
    used.send(format!("{head}{kind}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
    let head = used.head().ok()?;
    used.body().ok()?;
    let retries = head.header("x-retry-count").and_then(|count| count.parse().ok()).unwrap_or_default();
    // After one that is refused at the door the connection ends.
    *connection = (head.status != 401).then_some((port, used));
    Some((head.status, retries))
}

/// What each session may use now, and what it may have used since the world stood still the last time.
struct Judge {
    now: Vec<Set>,
    before: Vec<Set>,
    /// The place in the log where the rules were written that are followed now, and how often that was.
    written_at: usize,
    changes: usize,
    judged: usize,
    used: Vec<Set>,
}

impl Judge {
    /// Judges what the upstream received since the world stood still the last time; it does again now.
    fn judge(&mut self, pool: &Pool) {
        let requests = pool.upstream.requests();
        // By their marks: those that were there before the rules were written.
        let mut early: BTreeSet<&str> = BTreeSet::new();
        let bodies: Vec<String> = requests.iter().map(|it| String::from_utf8_lossy(&it.body).into_owned()).collect();
        for (at, (request, body)) in requests.iter().zip(&bodies).enumerate() {
            let account = pool.number_of(request).expect("it has the key of an account") - 1;
            let mark = mark(body);
            let mut words = mark.split(' ');
            let place: usize = words.next().unwrap().parse().unwrap();
            let followed: usize = words.next().unwrap().parse().unwrap();
            if at < self.written_at {
                early.insert(mark);
            }
            let (is_before, is_after) = (early.contains(mark), followed >= self.changes);
            let (before, now) = (&self.before[place], &self.now[place]);
            // What began under the old rules is never widened; what began when the new ones were followed has them alone.
            let may = (!is_after && before.contains(&account)) || (!is_before && now.contains(&account));
            assert!(may, "account {} got `{mark}`: {before:?} before, {now:?} now", account + 1);
            self.used[place].insert(account);
        }
        self.judged += requests.len();
        pool.upstream.traffic().clear_requests();
        self.before.clone_from(&self.now);
        self.written_at = 0;
    }
}

/// What a request carries: the place of its session, how many changes were followed when it was asked, and its own name.
fn mark(body: &str) -> &str {
    let begin = ["\"input\":\"", "\"content\":\""].iter().find_map(|it| Some(body.find(it)? + it.len()));
    let rest = &body[begin.expect("it has a mark")..];
    &rest[..rest.find('"').unwrap()]
}

fn sidecar(pool: &Pool, place: usize) -> Sidecar {
    let (folder, told) = SESSIONS[place];
    let options = if told.is_empty() { json!({}) } else { json!({ "accounts": told }) };
    sidecar_in(pool, &[folder], &options)
}

fn door(sidecar: &Sidecar) -> Door {
    Door { port: sidecar.port(), key: sidecar.api_key().to_owned() }
}

/// The accounts that a session lists as allowed.
fn listed(sidecar: &mut Sidecar) -> Set {
    let listed = sidecar.request("accounts/list", &json!({})).unwrap();
    let accounts = listed["accounts"].as_array().unwrap().iter().enumerate();
    accounts.filter(|(_, account)| account["state"] != "notAllowed").map(|(at, _)| at).collect()
}

/// The proxy has change `change` of its keys: each opens it, and none that is gone does.
fn follow_keys(storm: &Storm, change: usize) {
    for (at, name) in CLIENTS_OF_PROXY.iter().enumerate() {
        let door = &storm.doors[SESSIONS.len() + at];
        let Door { port, key: before } = door.lock().unwrap().clone();
        let is_there = keys_of(change).iter().any(|(of, _)| of == name);
        // To a client's key that opens the proxy, the metrics are forbidden.
        let (key, status) = if is_there { (key(name, change), 403) } else { (before, 401) };
        eventually("the keys are followed", || (http::get(port, "/metrics", &key).status() == status).then_some(()));
        door.lock().unwrap().key = key;
    }
}

/// A failure for an account, of every kind in its turn.
fn failure(turn: usize) -> Answer {
    let limit = |wait| Answer::RateLimit { retry_after: Wait::RetryAfterMs(wait), kind: LimitKind::Requests };
    match turn % 7 {
        0 | 1 => limit(Duration::from_millis(300)),
        2 => Answer::ServerError(500),
        3 => Answer::Overloaded,
        4 => Answer::Broken(Breakage::CutBeforeAnswer),
        5 => {
            let (code, message) = ("rate_limit_exceeded".to_owned(), "Please try again in 0.3s.".to_owned());
            Answer::FailInStream { after_events: 1, code, message }
        }
        _ => Answer::Late(Duration::from_millis(700), Box::new(limit(Duration::from_millis(200)))),
    }
}

/// Whether a session is killed in this turn.
fn kills(turn: usize) -> bool {
    turn % 5 == 4
}

/// Disturbs the sessions: what happens in turn `turn`.
fn disturb(pool: &Pool, sidecars: &mut [Sidecar], storm: &Storm, turn: usize) {
    for at in 0..3 {
        pool.script((turn * 5 + at * 3) % GROUPS.len() + 1, failure(turn + at));
    }
    let account = turn * 3 % GROUPS.len() + 1;
    let place = turn % SESSIONS.len();
    match turn % 5 {
        // A pin that some may not follow.
        0 => drop(sidecars[5].request("accounts/switch", &json!({ "account": account, "scope": "everywhere" }))),
        1 => drop(sidecars[place].request("accounts/switch", &json!({ "account": account }))),
        2 => {
            let strategies = ["sticky", "round_robin", "least_utilized", "priority", "hybrid"];
            let params = json!({ "strategy": strategies[turn / 5 % strategies.len()] });
            drop(sidecars[place].request("routing/setStrategy", &params));
        }
        3 => {
            let params = json!({ "account": Value::Null, "scope": "everywhere" });
            drop(sidecars[5].request("accounts/switch", &params));
        }
        _ => {
            sidecars[place].kill();
            sidecars[place] = sidecar(pool, place);
            *storm.doors[place].lock().unwrap() = door(&sidecars[place]);
        }
    }
}

/// Has so many requests asked, and judges all that comes of them.
fn storm_of(size: &Size) {
    let most = size.most;
    let pool = Pool::new(GROUPS.len());
    pool.group(&GROUPS);
    write_config(&pool, 0);
    let mut sidecars: Vec<Sidecar> = (0..SESSIONS.len()).map(|place| sidecar(&pool, place)).collect();
    let proxy = Proxy::start(&pool.sandbox, &["--accounts", OF_PROXY]);
    let keys = CLIENTS_OF_PROXY.iter().map(|name| key(name, 0)).chain([BUILT_IN.to_owned()]);
    let of_proxy = keys.map(|key| Door { port: proxy.port, key });
    let doors = sidecars.iter().map(door).chain(of_proxy).map(Mutex::new).collect();
    let storm = Storm {
        doors,
        world: RwLock::default(),
        followed: AtomicUsize::new(0),
        asked: AtomicUsize::new(0),
        served: AtomicUsize::new(0),
        failed_over: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    let now = sets(0).unwrap();
    let mut judge =
        Judge { before: now.clone(), used: vec![Set::new(); now.len()], now, written_at: 0, changes: 0, judged: 0 };
    for (place, sidecar) in sidecars.iter_mut().enumerate() {
        assert_eq!(listed(sidecar), judge.now[place], "session {place}");
    }
    pool.upstream.traffic().clear_requests();
    let began = Instant::now();
    let mut turn = 0;
    std::thread::scope(|scope| {
        for place in 0..storm.doors.len() {
            for client in 0..size.clients {
                let (storm, pool) = (&storm, &pool);
                scope.spawn(move || storm.ask(pool, (place, client), size));
            }
        }
        let _over = Over(&storm);
        while storm.asked.load(Ordering::Relaxed) < most {
            for _ in 0..5 {
                if kills(turn) && rules_of(judge.changes).is_none() {
                    // Whoever starts while the rules cannot be read may use nothing.
                    let _still = storm.world.write().unwrap();
                    judge.judge(&pool);
                    disturb(&pool, &mut sidecars, &storm, turn);
                    judge.now[turn % SESSIONS.len()].clear();
                    judge.before.clone_from(&judge.now);
                } else {
                    disturb(&pool, &mut sidecars, &storm, turn);
                }
                turn += 1;
                std::thread::sleep(Duration::from_millis(150));
            }
            {
                let _still = storm.world.write().unwrap();
                judge.judge(&pool);
            }
            // The rules change while requests are under way.
            let next = judge.changes + 1;
            judge.written_at = pool.upstream.traffic().count();
            write_config(&pool, next);
            if let Some(sets) = sets(next) {
                judge.now = sets;
                follow_keys(&storm, next);
            }
            for (place, sidecar) in sidecars.iter_mut().enumerate() {
                eventually("the rules are followed", || (listed(sidecar) == judge.now[place]).then_some(()));
            }
            judge.changes = next;
            storm.followed.store(next, Ordering::SeqCst);
            say!(
                "{:4} s: {} asked, {} served, {} of them after a failover, {} changes of rules, {turn} disturbances",
                began.elapsed().as_secs(),
                storm.asked.load(Ordering::Relaxed).min(most),
                storm.served.load(Ordering::Relaxed),
                storm.failed_over.load(Ordering::Relaxed),
                judge.changes
            );
        }
    });
    judge.judge(&pool);
    let (served, failed_over) = (storm.served.into_inner(), storm.failed_over.into_inner());
    say!(
        "{most} asked, {served} served, {failed_over} after a failover, {} received upstream, 0 outside",
        judge.judged
    );
    assert!(served * 10 >= most * 6, "{served} of {most} were served");
    assert!(failed_over * 100 >= most, "{failed_over} of {most} failed over");
    judge.used.pop();
    let idle: BTreeMap<usize, &Set> = judge.used.iter().enumerate().filter(|(_, used)| used.is_empty()).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// Whoever fails lets the clients end.
struct Over<'s>(&'s Storm);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_request_leaves_what_its_session_may_use() {
    storm_of(&Size { most: 400, clients: 1, pause: Duration::from_millis(80) });
}

#[test]
fn no_request_of_a_long_storm_leaves_what_its_session_may_use() {
    let given = std::env::var("CAM_TEST_STORM").ok().and_then(|count| count.parse().ok());
    if given.is_some() || has_time("150 s") {
        storm_of(&Size { most: given.unwrap_or(4_000), clients: 2, pause: Duration::ZERO });
    }
}
