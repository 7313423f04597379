//! Which pin holds, and how it is listed and kept.

use super::*;
use crate::domain::account_set::{Named, Selection};
use crate::domain::projects::{Bound, Bounds};

fn id(name: &str) -> AccountId {
    AccountId::new(name)
}

/// Every account.
fn all() -> Allowed {
    Allowed::default()
}

fn everywhere(account: &str, at: i64) -> Pin {
    Pin { account: Some(account.to_owned()), at, ..Pin::default() }
}

#[test]
fn the_newest_pin_wins_and_an_overtaken_one_does_not_come_back() {
    let codex = ModelFamily::named("codex");
    let mut pins = StoredPins::default();
    pins.pin(None, &id("a"), Timestamp(10));
    pins.pin(Some(&codex), &id("b"), Timestamp(20));
    assert_eq!(pins.effective(None, None, &all()), Some(id("a")));
    assert_eq!(pins.effective(None, Some(&codex), &all()), Some(id("b")));
    let file = everywhere("c", 30);
    assert_eq!(pins.effective(Some(&file), Some(&codex), &all()), Some(id("c")));
    pins.overtaken_by(&file, &all());
    assert_eq!(pins.effective(None, Some(&codex), &all()), None);
}

#[test]
fn a_pin_to_an_account_that_is_not_allowed_is_passed_over_and_overtakes_nothing() {
    let codex = ModelFamily::named("codex");
    let ids = ["a", "b", "c"].map(|id| Named { id, label: id, groups: &[], has_unknown_groups: false });
    let rule = Bound::new("rule 1", Selection::parse("a, b").map_err(|why| why.to_string()));
    let some = Bounds::new(vec![rule]).allowed(&ids);
    let mut pins = StoredPins::default();
    pins.pin(None, &id("a"), Timestamp(10));
    pins.pin(Some(&codex), &id("b"), Timestamp(20));
    let mut outside = everywhere("c", 30);
    outside.families.insert("codex".to_owned(), FamilyPin { account: "c".to_owned(), at: 40 });
    pins.overtaken_by(&outside, &some);
    assert_eq!(pins.effective(Some(&outside), None, &some), Some(id("a")));
    assert_eq!(pins.effective(Some(&outside), Some(&codex), &some), Some(id("b")));
    let listed = pins.listed(Some(&outside), &some);
    assert_eq!(listed.iter().map(|pin| pin.account.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    // Once it is allowed it is the newest.
    assert_eq!(pins.effective(Some(&outside), None, &all()), Some(id("c")));
    pins.pin(None, &id("c"), Timestamp(50));
    assert_eq!(pins.effective(None, None, &some), None);
}

#[test]
fn a_pin_taken_back_here_leaves_the_files_older_pin_unfollowed_and_a_newer_one_followed() {
    let mut pins = StoredPins::default();
    pins.release(None, Timestamp(40));
    assert_eq!(pins.effective(Some(&everywhere("c", 30)), None, &all()), None);
    assert_eq!(pins.effective(Some(&everywhere("c", 50)), None, &all()), Some(id("c")));
}

#[test]
fn a_family_is_released_alone() {
    let codex = ModelFamily::named("codex");
    let mut pins = StoredPins::default();
    pins.pin(None, &id("a"), Timestamp(10));
    pins.release(Some(&codex), Timestamp(20));
    assert_eq!(pins.effective(None, Some(&codex), &all()), None);
    assert_eq!(pins.effective(None, None, &all()), Some(id("a")));
}

#[test]
fn a_familys_pin_everywhere_reaches_that_family_alone() {
    let codex = ModelFamily::named("codex");
    let mut file = Pin::default();
    file.families.insert("codex".to_owned(), FamilyPin { account: "d".to_owned(), at: 5 });
    let pins = StoredPins::default();
    assert_eq!(pins.effective(Some(&file), Some(&codex), &all()), Some(id("d")));
    assert_eq!(pins.effective(Some(&file), None, &all()), None);
}

/// What is done to a session's pins, at ten times its place in the list.
#[derive(Clone, Copy, Debug)]
enum Change {
    Here(&'static str),
    HereFor(&'static str, &'static str),
    TakenBackHere,
    TakenBackHereFor(&'static str),
    Everywhere(&'static str),
    EverywhereFor(&'static str, &'static str),
    TakenBackEverywhere,
}

/// As the pins of a session that sees all of it happen are listed: `account`, `family:account`, `!` for everywhere.
fn listed_after(changes: &[Change]) -> (String, StoredPins, Option<Pin>) {
    let (mut pins, mut file) = (StoredPins::default(), None::<Pin>);
    for (at, change) in (10..).step_by(10).zip(changes) {
        let (now, codex) = (Timestamp(at), |family: &str| ModelFamily::named(family));
        match change {
            Change::Here(account) => pins.switch(Some(&id(account)), None, Scope::Session, now),
            Change::HereFor(family, account) => {
                pins.switch(Some(&id(account)), Some(&codex(family)), Scope::Session, now);
            }
            Change::TakenBackHere => pins.switch(None, None, Scope::Session, now),
            Change::TakenBackHereFor(family) => pins.switch(None, Some(&codex(family)), Scope::Session, now),
            Change::Everywhere(account) => file = Some(everywhere(account, at)),
            Change::EverywhereFor(family, account) => {
                let pin = FamilyPin { account: (*account).to_owned(), at };
                file.get_or_insert_default().families.insert((*family).to_owned(), pin);
            }
            Change::TakenBackEverywhere => file = None,
        }
        if let Some(file) = &file {
            pins.overtaken_by(file, &all());
        }
    }
    let name = |pin: PinReport| {
        let family = pin.family.map(|family| format!("{family}:")).unwrap_or_default();
        format!("{family}{}{}", pin.account, if pin.scope == Scope::Everywhere { "!" } else { "" })
    };
    let names: Vec<String> = pins.listed(file.as_ref(), &all()).into_iter().map(name).collect();
    (names.join(" "), pins, file)
}

#[test]
fn what_is_followed_is_listed_and_nothing_else() {
    use Change::{Everywhere, EverywhereFor, Here, HereFor, TakenBackEverywhere, TakenBackHere, TakenBackHereFor};
    for (changes, expected) in [
        (vec![], ""),
        (vec![Here("a")], "a"),
        (vec![HereFor("codex", "a")], "codex:a"),
        (vec![Here("a"), HereFor("codex", "b")], "a codex:b"),
        (vec![HereFor("codex", "b"), Here("a")], "a"),
        (vec![Everywhere("a")], "a!"),
        (vec![EverywhereFor("codex", "a")], "codex:a!"),
        (vec![Everywhere("a"), EverywhereFor("codex", "b")], "a! codex:b!"),
        (vec![Everywhere("a"), Here("b")], "b"),
        (vec![Here("b"), Everywhere("a")], "a!"),
        (vec![Here("b"), EverywhereFor("codex", "a")], "b codex:a!"),
        (vec![EverywhereFor("codex", "a"), Here("b")], "b"),
        (vec![EverywhereFor("codex", "a"), HereFor("codex", "b"), HereFor("gpt-5.2", "c")], "codex:b gpt-5.2:c"),
        (vec![Here("a"), TakenBackHere], ""),
        (vec![Everywhere("a"), TakenBackHere], ""),
        (vec![Everywhere("a"), TakenBackHere, Everywhere("b")], "b!"),
        (vec![Here("a"), HereFor("codex", "b"), TakenBackHereFor("codex")], "a"),
        (vec![EverywhereFor("codex", "a"), TakenBackHereFor("codex")], ""),
        (vec![Here("a"), Everywhere("b"), TakenBackEverywhere], ""),
        (vec![Everywhere("b"), Here("a"), TakenBackEverywhere], "a"),
    ] {
        let (listed, pins, file) = listed_after(&changes);
        assert_eq!(listed, expected, "{changes:?}");
        // Every account that is listed is the one that is used.
        for pin in pins.listed(file.as_ref(), &all()) {
            assert_eq!(pins.effective(file.as_ref(), pin.family.as_ref(), &all()), Some(pin.account), "{changes:?}");
        }
    }
}

#[test]
fn a_switch_is_in_its_sessions_record_until_one_everywhere_overtakes_it() {
    let record = |id: &str| SessionRecord { id: id.to_owned(), ..SessionRecord::default() };
    let mut state = State { sessions: vec![record("one"), record("two")], ..State::default() };
    let codex = ModelFamily::named("codex");
    let pins_of = |state: &State, position: usize| state.sessions[position].pins.listed(state.pin.as_ref(), &all());
    let pin = |account: &str, family: Option<&ModelFamily>, scope| PinReport {
        account: id(account),
        family: family.cloned(),
        scope,
    };

    keep_in_records(&mut state, "one", Some("a"), None, Scope::Session, Timestamp(10));
    keep_in_records(&mut state, "two", Some("b"), Some(&codex), Scope::Session, Timestamp(20));
    keep_in_records(&mut state, "a command line", Some("c"), None, Scope::Session, Timestamp(30));
    assert_eq!(pins_of(&state, 0), [pin("a", None, Scope::Session)]);
    assert_eq!(pins_of(&state, 1), [pin("b", Some(&codex), Scope::Session)]);

    state.sessions[1].pins.extra.insert("later".to_owned(), serde_json::json!(1));
    state.pin = Some(everywhere("d", 40));
    keep_in_records(&mut state, "a command line", Some("d"), None, Scope::Everywhere, Timestamp(40));
    for position in [0, 1] {
        assert_eq!(pins_of(&state, position), [pin("d", None, Scope::Everywhere)]);
    }
    assert_eq!(state.sessions[0].pins, StoredPins::default());
    assert_eq!(state.sessions[1].pins.extra.len(), 1, "what a later version wrote stays");

    keep_in_records(&mut state, "two", None, None, Scope::Session, Timestamp(50));
    assert_eq!(pins_of(&state, 1), [], "taken back in this one");
    assert_eq!(pins_of(&state, 0), [pin("d", None, Scope::Everywhere)]);
}
