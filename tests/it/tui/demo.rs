//! `demo --watch`: the screen beside simulated agents, and nothing left of them when it is over.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::Sandbox;
use crate::support::screen::{Ending, Screen};
use crate::support::{eventually, process};

/// How long it may take to put everything away.
const LIMIT: Duration = Duration::from_secs(30);

/// The demo on a terminal, with a temporary folder of its own.
struct Demo {
    folder: PathBuf,
    screen: Screen,
    // Never read; its drop removes the home.
    _sandbox: Sandbox,
}

impl Demo {
    /// Once the screen is there and a request is on it.
    #[track_caller]
    fn start() -> Demo {
        let mut sandbox = Sandbox::new();
        let folder = sandbox.path("tmp");
        std::fs::create_dir(&folder).unwrap();
        sandbox.set("TMPDIR", &folder.display().to_string());
        let screen = Screen::start(&sandbox, &["demo", "--watch", "--sessions", "2"], 100, 30);
        screen.wait_for("simulated · ");
        screen.wait_for("running");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "its files are in one folder");
        Demo { folder, screen, _sandbox: sandbox }
    }

    /// The screen and the sidecars; none where no `/proc` says so.
    fn processes(&self) -> Vec<u32> {
        let pid = self.screen.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    #[track_caller]
    fn ends(self, code: u32, finish: impl FnOnce(Screen) -> Ending) -> Ending {
        let processes = self.processes();
        let ending = finish(self.screen);
        assert_eq!(ending.code, code, "{}", ending.text);
        assert_eq!(std::fs::read_dir(self.folder).unwrap().count(), 0, "something is left");
        eventually("every process is gone", || (!processes.iter().any(|pid| process::runs(*pid))).then_some(()));
        ending
    }
}

#[test]
fn a_newcomer_sees_requests_go_and_leaves_nothing_behind() {
    let demo = Demo::start();
    // An account over its limit, and what was used before.
    for text in ["trial", "over limit"] {
        demo.screen.wait_for(text);
    }
    demo.screen.type_keys("2");
    demo.screen.wait_for("agent-");
    demo.screen.type_keys("4");
    demo.screen.wait_for("requests");
    demo.screen.type_keys("q");
    let ending = demo.ends(0, |screen| screen.finish_as_found(LIMIT));
    assert!(ending.text.contains("were simulated: nothing left this machine"), "{}", ending.text);
}

#[test]
fn a_signal_ends_the_screen_the_agents_and_their_files() {
    let demo = Demo::start();
    demo.screen.signal(Signal::TERM);
    demo.ends(128 + 15, |screen| screen.finish_as_found(LIMIT));
}

#[test]
fn a_demo_whose_screen_is_killed_says_so_and_clears_up() {
    let demo = Demo::start();
    let is_screen = |pid: &u32| {
        let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split('\0').any(|word| word == "tui")
    };
    let Some(screen) = demo.processes().into_iter().find(is_screen) else { return };
    assert!(process::signal(screen, Signal::KILL));
    let ending = demo.ends(1, |screen| screen.finish_within(LIMIT));
    assert!(ending.raw.contains("the screen ended by itself"), "{}", ending.raw);
}
