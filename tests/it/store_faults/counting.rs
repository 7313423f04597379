//! Many processes change the file at once and some are killed: every acknowledged change is counted.
//!
//! Each process counts up the priority of an account of its own, which nobody else writes. After each acknowledgement
//! the file must hold that very number: one that was lost to a sibling's stale copy would be lower, one that was done
//! twice or for another higher.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::keys::{random_below, random_key};
use crate::support::{PATIENCE, Sandbox, Sidecar, full, process, within};

/// What happened in one run.
#[derive(Debug, Default)]
struct Figures {
    acknowledged: AtomicU64,
    /// Killed before the answer: done or not done, both are right.
    unheard: AtomicU64,
    /// Refused since the lock was not free in time, and tried again.
    busy: AtomicU64,
    kills: AtomicU64,
    reads: AtomicU64,
    /// The longest that one update took, in microseconds.
    slowest_micros: AtomicU64,
}

struct Run {
    sandbox: Sandbox,
    figures: Figures,
    /// The pid of each process; 0 while it is started.
    pids: Vec<AtomicU32>,
    done: AtomicBool,
}

fn priority(file: &Value, number: usize) -> u64 {
    file["accounts"][number]["priority"].as_u64().unwrap_or_default()
}

impl Run {
    /// One process after another, until `updates` were acknowledged to them.
    fn work(&self, number: usize, updates: u64) {
        let mut sidecar = self.start(number);
        for wanted in 1..=updates {
            loop {
                let params = json!({ "account": number + 1, "priority": wanted });
                let asked = Instant::now();
                let answer = sidecar.attempt("accounts/update", &params);
                let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.figures.slowest_micros.fetch_max(micros, SeqCst);
                match answer {
                    Some(Ok(account)) => {
                        assert_eq!(account["priority"], wanted);
                        self.figures.acknowledged.fetch_add(1, SeqCst);
                        assert_eq!(
                            priority(&self.sandbox.accounts(), number),
                            wanted,
                            "an acknowledged change is there"
                        );
                        break;
                    }
                    Some(Err(error)) if error.code == -32013 => drop(self.figures.busy.fetch_add(1, SeqCst)),
                    Some(Err(error)) => panic!("{error:?}"),
                    None => {
                        sidecar.kill();
                        self.figures.unheard.fetch_add(1, SeqCst);
                        let held = priority(&self.sandbox.accounts(), number);
                        assert!(held == wanted || held == wanted - 1, "{held} held, {} acknowledged", wanted - 1);
                        sidecar = self.start(number);
                        if held == wanted {
                            break;
                        }
                    }
                }
            }
        }
        self.pids[number].store(0, SeqCst);
        sidecar.kill();
    }

    fn start(&self, number: usize) -> Sidecar {
        self.pids[number].store(0, SeqCst);
        let sidecar = Sidecar::start(&self.sandbox);
        self.pids[number].store(sidecar.pid(), SeqCst);
        sidecar
    }

    /// Reads the file every few milliseconds, without a lock.
    fn read(&self) {
        let mut last = 0;
        while within(Duration::from_millis(3), || self.done.load(SeqCst).then_some(())).is_none() {
            let revision = self.sandbox.accounts()["revision"].as_u64().expect("every reading is whole");
            assert!(revision >= last, "revision {revision} after {last}");
            last = revision;
            self.figures.reads.fetch_add(1, SeqCst);
        }
    }

    /// Kills one process after each pause.
    fn kill(&self, pause: Duration) {
        loop {
            if within(pause, || self.done.load(SeqCst).then_some(())).is_some() {
                return;
            }
            let number = random_below(u32::try_from(self.pids.len()).unwrap());
            let pid = self.pids[usize::try_from(number).unwrap()].swap(0, SeqCst);
            if pid != 0 && process::signal(pid, Signal::KILL) {
                self.figures.kills.fetch_add(1, SeqCst);
            }
        }
    }
}

fn count(processes: usize, updates: u64, pause: Duration) {
    let sandbox = Sandbox::new();
    for number in 1..=processes {
        sandbox.add(&format!("counter-{number}"), &random_key());
    }
    let pids = (0..processes).map(|_| AtomicU32::new(0)).collect();
    let run = Run { sandbox, figures: Figures::default(), pids, done: AtomicBool::new(false) };
    let before = run.sandbox.accounts()["revision"].as_u64().unwrap();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let run = &run;
        let watchers = [scope.spawn(|| run.read()), scope.spawn(move || run.kill(pause))];
        let workers: Vec<_> = (0..processes).map(|number| scope.spawn(move || run.work(number, updates))).collect();
        let outcomes: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        run.done.store(true, SeqCst);
        for outcome in outcomes.into_iter().chain(watchers.map(std::thread::ScopedJoinHandle::join)) {
            outcome.unwrap();
        }
    });
    let took = started.elapsed();
    let file = run.sandbox.accounts();
    for number in 0..processes {
        assert_eq!(priority(&file, number), updates, "counter {number}");
    }
    let figures = &run.figures;
    let acknowledged = figures.acknowledged.load(SeqCst);
    let changes = file["revision"].as_u64().unwrap() - before;
    assert!(changes >= acknowledged, "{changes} revisions for {acknowledged} acknowledged changes");
    assert!(figures.kills.load(SeqCst) > 0, "somebody was killed: {figures:?}");
    let again = Instant::now();
    run.sandbox.run(&["edit", "1", "--priority", "-1"]).ok();
    assert!(again.elapsed() < Duration::from_secs(3), "the next operation works at once");
    let _ = writeln!(
        std::io::stderr(),
        "{processes} processes, {updates} updates each, in {took:?}: {figures:?}, {changes} revisions"
    );
    assert!(took < PATIENCE * 10);
}

#[test]
fn eight_processes_lose_nothing_though_some_are_killed() {
    count(8, 25, Duration::from_millis(60));
}

#[test]
fn fifty_processes_lose_nothing_with_a_kill_each_second() {
    if full() {
        count(50, 200, Duration::from_secs(1));
    } else {
        println!("skipped: set CAM_TEST_FULL=1 for 50 processes of 200 updates");
    }
}
