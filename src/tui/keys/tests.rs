//! What keys ask for, however a terminal spells them.

use std::collections::BTreeSet;

use super::*;

const ACCOUNTS: Place = Place::View(Tab::Accounts);

#[track_caller]
fn check(code: KeyCode, modifiers: KeyModifiers, place: Place, expected: Option<Action>) {
    assert_eq!(action(KeyEvent::new(code, modifiers), place), expected, "{code:?} with {modifiers:?} at {place:?}");
}

#[test]
fn a_key_is_known_in_each_form_that_terminals_give_it() {
    let (none, shift, control) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
    for (code, modifiers, expected) in [
        (KeyCode::Char('j'), none, Some(Action::Down)),
        (KeyCode::Char('J'), none, Some(Action::Down)),
        (KeyCode::Char('G'), none, Some(Action::Last)),
        (KeyCode::Char('g'), shift, Some(Action::Last)),
        (KeyCode::Char('G'), shift, Some(Action::Last)),
        (KeyCode::Char('?'), shift, Some(Action::Help)),
        (KeyCode::Char('r'), none, Some(Action::Refresh)),
        (KeyCode::Char('R'), shift, Some(Action::RefreshOne)),
        (KeyCode::Char('с'), control, Some(Action::Quit)),
        (KeyCode::Char('C'), control | shift, Some(Action::Quit)),
        (KeyCode::Char('й'), none, Some(Action::Quit)),
        (KeyCode::Char('П'), none, Some(Action::Last)),
        (KeyCode::Char('m'), control, Some(Action::Switch)),
        (KeyCode::Char('\n'), none, Some(Action::Switch)),
        (KeyCode::Tab, shift, Some(Action::PreviousView)),
        (KeyCode::BackTab, shift, Some(Action::PreviousView)),
        (KeyCode::Down, shift, Some(Action::Down)),
        (KeyCode::Char('/'), control | KeyModifiers::ALT, Some(Action::Filter)),
        (KeyCode::Char('q'), KeyModifiers::SUPER, None),
        (KeyCode::Char('q'), KeyModifiers::ALT, None),
        (KeyCode::Char('q'), control, None),
        (KeyCode::Char('é'), none, None),
    ] {
        check(code, modifiers, ACCOUNTS, expected);
    }
}

#[test]
fn a_key_that_is_let_go_does_nothing_and_one_that_is_kept_pressed_only_moves() {
    let of = |letter, kind| action(KeyEvent::new_with_kind(KeyCode::Char(letter), KeyModifiers::NONE, kind), ACCOUNTS);
    assert_eq!(of('d', KeyEventKind::Press), Some(Action::Disable));
    assert_eq!(of('d', KeyEventKind::Release), None);
    assert_eq!(of('d', KeyEventKind::Repeat), None);
    assert_eq!(of('j', KeyEventKind::Repeat), Some(Action::Down));
}

#[test]
fn enter_does_what_the_place_is_for() {
    for (place, expected) in [
        (Place::View(Tab::Accounts), Action::Switch),
        (Place::Page(Tab::Accounts), Action::Switch),
        (Place::View(Tab::Sessions), Action::Switch),
        (Place::View(Tab::Decisions), Action::Open),
    ] {
        check(KeyCode::Enter, KeyModifiers::NONE, place, Some(expected));
    }
    check(KeyCode::Char('x'), KeyModifiers::NONE, Place::View(Tab::Usage), None);
}

#[test]
fn no_key_does_two_things_at_one_place() {
    for tab in Tab::ALL {
        for place in [Place::View(tab), Place::Page(tab)] {
            let mut seen = BTreeSet::new();
            for (code, modifiers) in BINDINGS.iter().filter(|each| each.holds(place)).flat_map(|each| each.keys) {
                assert!(seen.insert(format!("{code:?} {modifiers:?}")), "{code:?} at {place:?}");
            }
        }
    }
}

#[test]
fn every_key_of_the_table_is_found_by_it() {
    for binding in BINDINGS {
        let place = binding.places.first().copied().unwrap_or(ACCOUNTS);
        for (code, modifiers) in binding.keys {
            check(*code, *modifiers, place, Some(binding.action));
        }
    }
}
