//! Rotations under SIGKILL and SIGSTOP, at every step between what is posted and what is written, with slow issuers. Losses
//! are counted apart: what a kill costs at most is one new login of that one account, and only once the issuer has rotated;
//! a stop costs nothing. A few of each in every run; `CAM_TEST_FULL=1` runs a thousand.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use simulated_openai::chatgpt::{TokenFault, TokenOutcome};

use super::kills::expired;
use crate::support::keys::random_below;
use crate::support::logins::{Logins, now};
use crate::support::{eventually, full, process};

/// How far a refresh had come when it was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Nothing,
    Posted,
    Rotated,
    Answered,
    Written,
}

/// The steps at which it is killed; `Written` comes by itself.
const STEPS: [Reached; 4] = [Reached::Nothing, Reached::Posted, Reached::Rotated, Reached::Answered];

/// One that takes as long as nobody waits.
const SLOW: Duration = Duration::from_secs(60);

fn below(microseconds: u32) -> Duration {
    Duration::from_micros(random_below(microseconds).into())
}

/// One login whose token ends again and again.
struct World {
    logins: Logins,
    other: Value,
}

impl World {
    fn new() -> World {
        let logins = Logins::new(2);
        let other = expired(&logins);
        World { logins, other }
    }

    /// The calls of the issuer so far.
    fn calls(&self) -> usize {
        self.logins.upstream.token_calls().len()
    }

    fn outcome(&self) -> Option<TokenOutcome> {
        self.logins.upstream.token_calls().pop().map(|call| call.outcome)
    }

    /// Lets the access token of the first login end, in the file alone.
    fn end_token(&self) {
        let mut file = self.logins.sandbox.accounts();
        file["accounts"][0]["accessExpiresAt"] = json!(now() - 1_000);
        self.logins.sandbox.write_accounts(file.to_string().as_bytes());
    }

    fn refresh(&self) -> Child {
        let mut command = self.logins.sandbox.command(&["refresh", "1"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A refresh that is killed at this step, or a little later; how far it had come.
    fn kill_at(&self, step: Reached) -> Reached {
        self.end_token();
        let (calls, upstream) = (self.calls(), &self.logins.upstream);
        match step {
            Reached::Posted => upstream.script_token(TokenFault::DelayBeforeRotating(SLOW)),
            Reached::Rotated => upstream.script_token(TokenFault::DelayAfterRotating(SLOW)),
            Reached::Nothing | Reached::Answered | Reached::Written => {}
        }
        let mut child = self.refresh();
        let has_come = |wanted: fn(&TokenOutcome) -> bool| {
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(20) {
                if self.calls() > calls && self.outcome().as_ref().is_some_and(wanted) {
                    return;
                }
                std::hint::spin_loop();
            }
            panic!("{step:?} never came: {:?}", self.outcome());
        };
        match step {
            // The first is killed at once; the others may come as far as they do.
            Reached::Nothing if calls == 0 => {}
            Reached::Nothing => std::thread::sleep(below(30_000)),
            Reached::Posted => {
                has_come(|outcome| *outcome == TokenOutcome::InFlight);
                std::thread::sleep(below(20_000));
            }
            Reached::Rotated => {
                has_come(|outcome| *outcome == TokenOutcome::Rotated);
                std::thread::sleep(below(20_000));
            }
            Reached::Answered | Reached::Written => {
                has_come(|outcome| matches!(outcome, TokenOutcome::Rotated | TokenOutcome::Lost));
                let (started, wait) = (Instant::now(), below(4_000));
                while started.elapsed() < wait {
                    std::hint::spin_loop();
                }
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if step == Reached::Nothing {
            // The issuer may read what was sent when its sender is gone.
            std::thread::sleep(Duration::from_millis(100));
        }
        if self.calls() == calls {
            return Reached::Nothing;
        }
        let is_over = |outcome: &TokenOutcome| match step {
            Reached::Rotated => *outcome == TokenOutcome::Lost,
            _ => *outcome != TokenOutcome::InFlight,
        };
        match eventually("the issuer sees that it is gone", || self.outcome().filter(is_over)) {
            TokenOutcome::Lost => Reached::Rotated,
            TokenOutcome::Rotated if self.logins.stored(1).get("refreshPending").is_some() => Reached::Answered,
            TokenOutcome::Rotated => Reached::Written,
            _ => Reached::Posted,
        }
    }

    /// What is promised afterwards; whether the account asks for a login.
    #[track_caller]
    fn is_lost(&mut self, told: &str) -> bool {
        let started = Instant::now();
        let next = self.logins.sandbox.run(&["refresh", "1", "--json"]);
        assert!(started.elapsed() < Duration::from_secs(10), "{told}: the next refresh works at once");
        let exported = self.logins.sandbox.run(&["export", "--plain"]).ok().json();
        assert_eq!(self.logins.sandbox.accounts()["accounts"][1], self.other, "{told}: nobody else is touched");
        let state = next.json()["accounts"][0]["state"].clone();
        if next.code == 0 {
            assert_eq!(state, json!("ready"), "{told}: {next:?}");
            let latest = self.logins.upstream.tokens(self.logins.accounts[0]).refresh_token;
            assert_eq!(exported["accounts"][0]["refreshToken"], latest, "{told}: the newest token is there");
            return false;
        }
        assert_eq!((next.code, &state), (1, &json!("needsLogin")), "{told}: {next:?}");
        self.other = expired(&self.logins);
        true
    }

    /// A refresh that is stopped somewhere, with an issuer that takes its time; it ends well all the same.
    #[track_caller]
    fn stop(&self) {
        self.end_token();
        let slow = below(300_000);
        self.logins.upstream.script_token(match random_below(2) {
            0 => TokenFault::DelayBeforeRotating(slow),
            _ => TokenFault::DelayAfterRotating(slow),
        });
        let mut child = self.refresh();
        std::thread::sleep(below(250_000));
        if process::signal(child.id(), Signal::STOP) {
            std::thread::sleep(below(300_000));
            assert!(process::signal(child.id(), Signal::CONT));
        }
        let ended = process::end_within(&mut child, Duration::from_secs(20));
        assert!(ended.is_some_and(|(status, _)| status.success()), "a refresh that was stopped: {ended:?}");
    }
}

/// How many kills came at each step, and how many logins they cost.
type Counts = BTreeMap<Reached, (usize, usize)>;

/// So many kills at each step and so many stops.
fn run(kills: usize, stops: usize) -> Counts {
    let mut world = World::new();
    let mut counts = Counts::new();
    for number in 0..kills.max(stops) {
        for step in STEPS.into_iter().filter(|_| number < kills) {
            let reached = world.kill_at(step);
            let is_lost = world.is_lost(&format!("killed when {reached:?}"));
            let (count, lost) = counts.entry(reached).or_default();
            *count += 1;
            *lost += usize::from(is_lost);
        }
        if number < stops {
            world.stop();
            assert!(!world.is_lost("stopped"), "a stop costs a login");
        }
    }
    let calls = world.logins.upstream.token_calls();
    let reused = calls.iter().filter(|call| call.outcome == TokenOutcome::Reused).count();
    let lost: usize = counts.values().map(|(_, lost)| lost).sum();
    assert_eq!(reused, lost, "a used token is sent only where its successor was lost");
    assert_eq!(world.logins.upstream.max_token_calls_in_flight(), 1);
    counts
}

#[test]
fn kills_and_stops_cost_a_login_only_between_the_rotation_and_our_disk() {
    let started = Instant::now();
    // Each kill and each stop is one rotation at least.
    let (kills, stops) = if full() { (61, 256) } else { (5, 8) };
    let runs: Vec<Counts> = std::thread::scope(|scope| {
        let threads = if full() { 2 } else { 1 };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(move || run(kills, stops))).collect();
        running.into_iter().map(|running| running.join().unwrap()).collect()
    });
    let mut counts = Counts::new();
    for (reached, (count, lost)) in runs.iter().flatten() {
        let sum = counts.entry(*reached).or_default();
        *sum = (sum.0 + count, sum.1 + lost);
    }
    println!("kills and logins lost: {counts:?}; {} stops, none lost; {:?}", stops * runs.len(), started.elapsed());
    for reached in [Reached::Nothing, Reached::Posted, Reached::Written] {
        assert_eq!(counts.get(&reached).map_or(0, |(_, lost)| *lost), 0, "{reached:?}: {counts:?}");
    }
    for reached in [Reached::Nothing, Reached::Posted, Reached::Rotated] {
        assert!(counts.contains_key(&reached), "{reached:?} was never met: {counts:?}");
    }
    // What is noted beside the file is there a moment after the answer: most of these lose nothing.
    let (count, lost) = counts.get(&Reached::Answered).copied().unwrap_or_default();
    assert!(!full() || lost * 2 <= count, "{counts:?}");
}
