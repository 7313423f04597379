//! Mixed traffic by eight sidecars for as many minutes as `CAM_TEST_SOAK_MINUTES` says, with answers of up to ten: none is cut,
//! memory stays flat, and the ledger is exact. What it should say is summed up of the answers that the clients got.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::http::Connection;
use crate::support::process::resident_kib;
use crate::support::{Pool, Sidecar, eventually, not_run};

/// Straight to the terminal: whoever waits for half an hour wants to see how it goes.
macro_rules! say {
    ($($words:tt)*) => { drop(writeln!(std::io::stderr(), $($words)*)) };
}

const SIDECARS: usize = 8;
const ACCOUNTS: usize = 3;

/// The longest answer.
const LONGEST: Duration = Duration::from_secs(600);

/// Between two events of a stream.
const PAUSE: Duration = Duration::from_secs(1);

/// Resident memory may be so much more in the last third than it was at most in the second, in KiB.
const MORE_MEMORY: u64 = 4 * 1024;

/// Pico-USD for an input token, a cached one and one of the output, as the configuration below says it in USD per million.
const PRICES: [i64; 3] = [1_250_000, 125_000, 10_000_000];
const PRICING: &str = "[polling]\nenabled = false\n[routing]\nstrategy = \"round_robin\"\n[[pricing]]\nmodel = \"soak-model\"\ninput = 1.25\ncached_input = 0.125\noutput = 10.0\n";

/// Requests, tokens and pico-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    requests: i64,
    input: i64,
    cached: i64,
    output: i64,
    cost: i64,
}

impl Sums {
    fn add(&mut self, usage: &Value, names: [&str; 3]) {
        let [input, cached, output] =
            names.map(|pointer| usage.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("{usage}")));
        self.requests += 1;
        self.input += input;
        self.cached += cached;
        self.output += output;
        self.cost += (input - cached) * PRICES[0] + cached * PRICES[1] + output * PRICES[2];
    }
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    sums: Mutex<Sums>,
    broken: Mutex<Vec<String>>,
    longest: Mutex<Duration>,
    under_way: AtomicUsize,
}

/// Where a client asks.
struct Door {
    port: u16,
    key: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Whole,
    Stream,
    Chat,
}

/// A request of that kind, and all of its answer.
fn ask(door: &Door, connection: &mut Option<Connection>, kind: Kind, padding: usize) -> Result<Value, String> {
    let key = format!("Bearer {}", door.key);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let text = "x".repeat(padding);
    let (path, body) = match kind {
        Kind::Whole => ("/v1/responses", json!({ "model": "soak-model", "input": text })),
        Kind::Stream => ("/v1/responses", json!({ "model": "soak-model", "input": text, "stream": true })),
        Kind::Chat => {
            let messages = json!([{ "role": "user", "content": text }]);
            ("/v1/chat/completions", json!({ "model": "soak-model", "messages": messages }))
        }
    };
    let mut used = connection.take().unwrap_or_else(|| Connection::open(door.port));
    used.set_patience(LONGEST * 2);
    used.request("POST", path, &headers, body.to_string().as_bytes());
    let head = used.head().map_err(|error| format!("no head: {error}"))?;
    let body = used.body().map_err(|error| format!("cut: {error}"))?;
    let body = String::from_utf8_lossy(&body).into_owned();
    if head.status != 200 {
        return Err(format!("{}: {body}", head.status));
    }
    *connection = Some(used);
    let parsed = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{error}: {text}"));
    match kind {
        Kind::Whole | Kind::Chat => Ok(parsed(&body)?["usage"].clone()),
        Kind::Stream => {
            let last = body.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
            let last = parsed(last)?;
            let is_whole = last["type"] == "response.completed";
            if is_whole { Ok(last["response"]["usage"].clone()) } else { Err(format!("it ended with {last}")) }
        }
    }
}

/// Asks until `end`, with a pause for thought, as clients `number` of all does.
fn converse(pool: &Pool, door: &Door, number: usize, end: Instant, seen: &Seen) {
    let mut connection = None;
    for round in number.. {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let kind = [Kind::Whole, Kind::Stream, Kind::Chat, Kind::Stream][round % 4];
        let account = round % ACCOUNTS + 1;
        // Whoever asks next gets it: all of it is traffic of the same kind.
        match round % 40 {
            7 => pool.script(account, Answer::Slow(LONGEST.min(left))),
            17 => pool.script(account, Answer::Slow(Duration::from_secs(45).min(left))),
            27 => {
                let words = usize::try_from(LONGEST.min(left).as_secs()).unwrap();
                pool.script(account, Answer::Say("word ".repeat(words)));
            }
            33 => pool.script(account, Answer::ServerError(500)),
            37 => {
                let retry_after = Wait::RetryAfterMs(Duration::from_millis(200));
                pool.script(account, Answer::RateLimit { retry_after, kind: LimitKind::Requests });
            }
            _ => {}
        }
        let began = Instant::now();
        seen.under_way.fetch_add(1, Ordering::Relaxed);
        let answer = ask(door, &mut connection, kind, round * 613 % 20_000);
        seen.under_way.fetch_sub(1, Ordering::Relaxed);
        {
            let mut longest = seen.longest.lock().unwrap();
            *longest = (*longest).max(began.elapsed());
        }
        match answer {
            Ok(usage) => {
                let names = match kind {
                    Kind::Whole | Kind::Stream => {
                        ["/input_tokens", "/input_tokens_details/cached_tokens", "/output_tokens"]
                    }
                    Kind::Chat => ["/prompt_tokens", "/prompt_tokens_details/cached_tokens", "/completion_tokens"],
                };
                seen.sums.lock().unwrap().add(&usage, names);
            }
            Err(why) => seen.broken.lock().unwrap().push(format!("{kind:?} after {:?}: {why}", began.elapsed())),
        }
        std::thread::sleep(Duration::from_millis(300 + (round * 97 % 700) as u64));
    }
}

/// What the ledger says of it, `None` while it cannot be read.
fn in_ledger(pool: &Pool) -> Option<Sums> {
    let data = pool.sandbox.path("cam-data");
    let names = std::fs::read_dir(data).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let file = names.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "sqlite"))?;
    let ledger = rusqlite::Connection::open(file).ok()?;
    let sums = "SELECT sum(requests), sum(input), sum(cached), sum(output), sum(cost) FROM days WHERE requests > 0";
    ledger
        .query_row(sums, [], |row| {
            Ok(Sums {
                requests: row.get(0)?,
                input: row.get(1)?,
                cached: row.get(2)?,
                output: row.get(3)?,
                cost: row.get(4)?,
            })
        })
        .ok()
}

#[test]
fn hours_of_mixed_traffic_are_served_whole_in_flat_memory_and_counted_exactly() {
    let minutes: Option<f64> = std::env::var("CAM_TEST_SOAK_MINUTES").ok().and_then(|minutes| minutes.parse().ok());
    let Some(minutes) = minutes else {
        return not_run("`CAM_TEST_SOAK_MINUTES=30` runs half an hour of mixed traffic");
    };
    let pool = Pool::new(ACCOUNTS);
    std::fs::write(pool.sandbox.path("config.toml"), PRICING).unwrap();
    pool.upstream.traffic().set_recording(false);
    pool.upstream.traffic().set_stream_pause(PAUSE);
    let mut sidecars: Vec<Sidecar> = (0..SIDECARS).map(|_| pool.sidecar()).collect();
    let began = Instant::now();
    let whole = Duration::from_secs_f64(minutes * 60.0);
    let end = began + whole;
    let seen = Seen::default();
    // By thirds of the time: the first is the warming up.
    let mut memory: BTreeMap<usize, [u64; 3]> = BTreeMap::new();
    std::thread::scope(|scope| {
        for (place, sidecar) in sidecars.iter().enumerate() {
            for client in 0..3 {
                let (pool, seen) = (&pool, &seen);
                let door = Door { port: sidecar.port(), key: sidecar.api_key().to_owned() };
                scope.spawn(move || converse(pool, &door, place * 5 + client * 13, end, seen));
            }
        }
        let mut told = began;
        while Instant::now() < end {
            std::thread::sleep(Duration::from_secs(1));
            let third = began.elapsed().as_millis() * 3 / whole.as_millis();
            for (place, sidecar) in sidecars.iter().enumerate() {
                let most = &mut memory.entry(place).or_default()[usize::try_from(third).unwrap().min(2)];
                *most = (*most).max(resident_kib(sidecar.pid()).unwrap());
            }
            if told.elapsed() >= Duration::from_secs(60) {
                told = Instant::now();
                say!(
                    "{:5} s: {} answers, {} under way, {} connections upstream, {} broken, at most {} KiB",
                    began.elapsed().as_secs(),
                    seen.sums.lock().unwrap().requests,
                    seen.under_way.load(Ordering::Relaxed),
                    pool.upstream.traffic().open_connections(),
                    seen.broken.lock().unwrap().len(),
                    memory.values().flatten().max().unwrap(),
                );
            }
        }
    });
    for sidecar in &mut sidecars {
        assert_eq!(sidecar.end(), 0);
    }
    let expected = *seen.sums.lock().unwrap();
    say!("longest answer: {:?}", seen.longest.lock().unwrap());
    say!("sidecar  most resident memory by thirds, in KiB");
    for (place, thirds) in &memory {
        say!("{:>7}  {thirds:?}", place + 1);
    }
    say!("clients: {expected:?}\nledger:  {:?}", in_ledger(&pool));
    let broken = seen.broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} answers were not whole: {broken:#?}", broken.len());
    for (place, [_, second, last]) in memory {
        assert!(last <= second + MORE_MEMORY, "sidecar {}: {second} KiB, later {last} KiB", place + 1);
    }
    eventually("the ledger says what the clients saw", || (in_ledger(&pool) == Some(expected)).then_some(()));
}
