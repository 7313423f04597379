//! What the screen shows of real sessions, as it happens.

use std::time::Duration;

use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::Pool;
use crate::support::screen::Screen;
use crate::support::upstream::ask;

/// A wide screen of this pool's home, with its first account shown.
fn watch(pool: &Pool) -> Screen {
    let screen = Screen::start(&pool.sandbox, &[], 160, 40);
    screen.wait_for("account-1");
    screen
}

#[test]
fn sessions_appear_when_they_start_and_go_when_they_are_killed() {
    let pool = Pool::new(2);
    let screen = watch(&pool);
    screen.type_keys("2");
    let mut sidecars = [pool.sidecar(), pool.sidecar()];
    for sidecar in &sidecars {
        screen.wait_for(&sidecar.pid().to_string());
        screen.wait_for(&sidecar.port().to_string());
    }
    let killed = sidecars[0].pid().to_string();
    sidecars[0].kill();
    screen.wait_until("the killed session is gone", |text| !text.contains(&killed));
    screen.wait_for(&sidecars[1].pid().to_string());
    assert_eq!(sidecars[1].end(), 0);
    let ended = sidecars[1].pid().to_string();
    screen.wait_until("the ended session is gone", |text| !text.contains(&ended));
}

#[test]
fn a_failover_in_a_session_is_seen() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let screen = watch(&pool);
    screen.type_keys("3");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    screen.wait_until("a decision for the first", |text| {
        text.lines().any(|line| line.contains("gpt-5.4") && line.contains("account-1"))
    });
    let retry_after = Wait::RetryAfterMs(Duration::from_secs(600));
    pool.script(1, Answer::RateLimit { retry_after, kind: LimitKind::Requests });
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2"), 2);
    screen.wait_until("a decision for the second", |text| {
        text.lines().any(|line| line.contains("gpt-5.2") && line.contains("account-2"))
    });
    screen.type_keys("1");
    screen.wait_until("the first is limited", |text| {
        text.lines().any(|line| line.contains("account-1") && line.contains("limited"))
    });
}

#[test]
fn a_filter_shows_what_fits() {
    let pool = Pool::new(3);
    let screen = watch(&pool);
    screen.type_keys("/account-2\r");
    let is_listed = |text: &str, label| text.lines().any(|line| line.contains(label) && line.contains("ready"));
    screen.wait_until("the others are gone", |text| {
        !is_listed(text, "account-1") && is_listed(text, "account-2") && !is_listed(text, "account-3")
    });
    screen.type_keys("\x1b");
    screen.wait_until("all are back", |text| is_listed(text, "account-1") && is_listed(text, "account-3"));
}
