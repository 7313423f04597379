//! What is typed into forms, what is wrong with it, and what is sent.

use super::super::form::field::Value;
use super::*;
use crate::manager::accounts::verbs::{AccountChange, Change};
use crate::tui::testing::keys::paste;

#[track_caller]
fn changed(effects: Vec<Effect>) -> (AccountId, AccountChange) {
    match begun(effects) {
        Job::Update(id, change) => (id, *change),
        other => panic!("{other:?}"),
    }
}

/// What is wrong with the field that is typed in.
fn wrong(app: &App) -> Option<String> {
    form(app).error(form(app).at)
}

#[test]
fn only_what_was_changed_is_sent() {
    let (id, change) = changed(press(&mut full(), "e End 'er Tab C-u '7 Enter"));
    assert_eq!((id.as_str(), change.label.as_deref()), ("acct-1", Some("worker")));
    assert!(matches!(change.priority, Change::Set(7)));
    assert!(matches!((change.daily_limit_usd, change.models, change.api_key), (Change::Keep, Change::Keep, None)));

    let mut app = full();
    assert!(press(&mut app, "e Enter").is_empty(), "nothing is changed");
    assert!(app.dialog.is_none());

    let (_, change) = changed(press(&mut full(), "j j e Tab Tab C-u Tab C-u '25.5 Tab 'gpt-5*, Tab Enter"));
    assert!(matches!(change.daily_limit_usd, Change::Clear));
    assert!(matches!(change.monthly_limit_usd, Change::Set(usd) if (usd - 25.5).abs() < f64::EPSILON));
    assert!(matches!(change.models, Change::Set(models) if models == ["gpt-5*"]));
}

#[test]
fn a_field_is_checked_as_it_is_typed_by_the_rules_of_the_manager() {
    for (keys, error) in [
        ("e C-u", "a label needs at least one character"),
        ("e C-u '42", "a label is not all digits, because digits mean an account's number"),
        ("e C-u 'TEAM Tab BackTab", ""),
        ("e Tab 'x", "a priority is a whole number"),
        ("e Tab Tab 'ten", "give an amount such as 2.50, or nothing for no limit"),
        ("e Tab Tab '-1", "a limit in USD is a number from 0 to less than nine million"),
        ("e Tab Tab '$2.50", ""),
        (
            "j j e BackTab BackTab 'ftp://x",
            "the base URL is refused: it must begin with `https://`, or with `http://` and a loopback host",
        ),
        ("j j e BackTab 'ké", "a key is one word of visible ASCII characters"),
        ("a Tab Enter", "a label needs at least one character"),
        ("a 'new Enter", "a new account needs its key"),
    ] {
        let mut app = full();
        assert!(press(&mut app, keys).is_empty(), "{keys}");
        assert_eq!(wrong(&app).unwrap_or_default(), error, "{keys}");
    }
    let mut app = full();
    press(&mut app, "e C-u 'Team");
    paste(&mut app, " KEY\n");
    assert_eq!(wrong(&app).as_deref(), Some("the label `team key` is already in use"));
}

#[test]
fn nothing_is_wrong_that_nobody_has_typed_yet() {
    let mut app = full();
    press(&mut app, "a");
    assert_eq!(wrong(&app), None);
    press(&mut app, "Tab BackTab");
    assert_eq!(wrong(&app), None);
}

#[test]
fn a_new_address_needs_the_key_with_it() {
    let mut app = full();
    assert!(press(&mut app, "j j e BackTab BackTab 'https://example.com Enter").is_empty());
    assert_eq!(wrong(&app).as_deref(), Some("a new base URL needs the key in the same call"));
    let (_, change) = changed(press(&mut app, "'sk-new Enter"));
    assert_eq!(change.api_key.unwrap().expose(), "sk-new");
}

#[test]
fn a_key_that_is_added_is_printed_by_nothing_and_kept_when_it_is_refused() {
    let mut app = full();
    press(&mut app, "a 'spare Tab");
    paste(&mut app, "sk-very-secret\n");
    let Job::Add(change) = begun(press(&mut app, "Enter")) else { panic!() };
    assert_eq!(
        (change.label.as_deref(), change.api_key.as_ref().unwrap().expose().as_str()),
        (Some("spare"), "sk-very-secret")
    );
    assert!(!format!("{change:?} {app:?}").contains("very-secret"));
    report(&mut app, 1, refused());
    assert!(!form(&app).fields[1].is_empty());
    let Job::Add(again) = begun(press(&mut app, "Enter")) else { panic!() };
    assert_eq!(again.api_key.unwrap().expose(), "sk-very-secret");
    for (has_colours, is_unicode) in [(true, true), (false, false)] {
        assert!(!rows(&drawn(&app, &look(has_colours, is_unicode))).join("\n").contains("secret"));
    }
}

#[test]
fn text_that_is_typed_is_no_command_whatever_the_keyboard() {
    let mut app = full();
    assert!(press(&mut app, "e C-u 'qйx?").is_empty());
    let Value::Plain(line) = &form(&app).fields[0].value else { panic!() };
    assert_eq!(line.text(), "qйx?");
    assert!(matches!(&press(&mut app, "C-c")[..], [Effect::Quit]));
}
