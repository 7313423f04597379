//! What keys do to dialogs, and what dialogs ask for.

mod forms;
mod logins;
mod mouse;

use super::*;
use crate::domain::account::AccountId;
use crate::domain::routing::Strategy;
use crate::protocol::pins::Pin;
use crate::protocol::pins::SwitchScope;
use crate::tui::effect::Scope;
use crate::tui::event::{Event, Input, JobEvent, Outcome};
use crate::tui::fact::Fact;
use crate::tui::testing::facts::{account, file, full, household, knowing, sessions};
use crate::tui::testing::keys::{press, report};
use crate::tui::testing::screen::{drawn, look, rows};

fn refused() -> JobEvent {
    JobEvent::Ended(Err(Problem { text: "it is refused".into(), hint: Some("ask again".into()) }))
}

fn ended(outcome: Outcome) -> JobEvent {
    JobEvent::Ended(Ok(outcome))
}

fn said(app: &App) -> &str {
    app.messages.current().map(|message| message.text.as_str()).unwrap_or_default()
}

/// The one job that was begun.
#[track_caller]
fn begun(effects: Vec<Effect>) -> Job {
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Begin(_, job)]) => job,
        other => panic!("{other:?}"),
    }
}

fn form(app: &App) -> &Form {
    match &app.dialog {
        Some(Open { dialog: Dialog::Form(form), .. }) => form,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_switch_asks_whom_and_for_which_models() {
    for (keys, family, scope) in [
        ("Enter Enter", None, Scope::Everywhere),
        ("Enter Down Enter", None, Scope::Session("s-opencode".into())),
        ("Enter j j Right Enter", Some("codex"), Scope::Session("s-nvim".into())),
        ("Enter End Left Enter", Some("gpt-5.2-codex"), Scope::Session("s-proxy".into())),
        ("Enter Right Left Enter", None, Scope::Everywhere),
    ] {
        let Job::Switch { account, family: of, scope: whom } = begun(press(&mut full(), keys)) else {
            panic!("{keys}")
        };
        assert_eq!(account, Some(AccountId::new("acct-1")), "{keys}");
        assert_eq!((of.as_deref(), whom), (family, scope), "{keys}");
    }
}

#[test]
fn a_switch_of_a_session_asks_for_the_account() {
    let mut app = full();
    let job = begun(press(&mut app, "2 Enter Home Down Enter"));
    let Job::Switch { account, scope: Scope::Session(session), .. } = job else { panic!("{job:?}") };
    let selected = app.selected_session().unwrap().id.clone();
    assert_eq!((account, session), (Some(AccountId::new("acct-2")), selected));
}

#[test]
fn a_dialog_stays_with_what_was_chosen_when_its_verb_fails_and_goes_when_it_is_done() {
    let mut app = full();
    press(&mut app, "Enter Down Enter");
    assert!(press(&mut app, "Enter Up x q").is_empty(), "it waits");
    report(&mut app, 1, refused());
    let Some(Open { dialog: Dialog::Switch(switch), job: None, problem: Some(problem) }) = &app.dialog else {
        panic!("{:?}", app.dialog)
    };
    assert_eq!((switch.menu.at, problem.text.as_str()), (1, "it is refused"));
    assert_eq!(said(&app), "", "it is read in the dialog");
    assert_eq!(app.messages.kept().len(), 1);
    press(&mut app, "Enter");
    report(&mut app, 2, ended(Outcome::Switched(Box::new(account(1, "work")), Vec::new())));
    assert!(app.dialog.is_none());
    assert_eq!(said(&app), "Switched session 4711 to account 1 (work)");
}

#[test]
fn a_dialog_that_is_left_while_its_verb_goes_on_says_the_end_at_the_bottom() {
    let mut app = full();
    press(&mut app, "Enter Enter Esc");
    assert!(app.dialog.is_none());
    report(&mut app, 1, refused());
    assert_eq!(said(&app), "it is refused");
}

#[test]
fn a_switch_to_an_account_that_cannot_serve_warns() {
    let mut app = full();
    press(&mut app, "Down Enter Enter");
    report(&mut app, 1, ended(Outcome::Switched(Box::new(household().swap_remove(1)), Vec::new())));
    assert_eq!(said(&app), "Switched every session to account 2 (個人用アカウント)");
    press(&mut app, "Esc");
    assert!(said(&app).ends_with("it is used as soon as it can serve: rate limited for gpt-5.2-codex"));
}

#[test]
fn the_only_pin_is_taken_back_at_once_and_of_several_one_is_chosen() {
    let mut app = full();
    let job = begun(press(&mut app, "u"));
    assert!(matches!(job, Job::Switch { account: None, family: None, scope: Scope::Everywhere }), "{job:?}");
    report(&mut app, 1, ended(Outcome::Done));
    assert_eq!(said(&app), "The strategy chooses again in every session");

    let mut app = full();
    let pins = &mut app.known.accounts.as_mut().unwrap().pins;
    pins.push(crate::tui::fact::FilePin { account: "acct-3".into(), family: Some("codex".into()) });
    let job = begun(press(&mut app, "u Down Enter"));
    let Job::Switch { account: None, family, scope: Scope::Everywhere } = job else { panic!("{job:?}") };
    assert_eq!(family.as_deref(), Some("codex"));

    // One session has a pin of its own, and follows the one of all.
    let mut app = full();
    let pin = |account: &str, scope| Pin { account: account.into(), family: None, scope };
    let mut sessions = sessions();
    sessions[1].pins = vec![pin("acct-3", SwitchScope::Session), pin("acct-1", SwitchScope::Everywhere)];
    app.update(Event::Fact(Fact::Sessions(sessions)), crate::tui::testing::NOW);
    let job = begun(press(&mut app, "j j u Enter"));
    assert!(matches!(&job, Job::Switch { account: None, scope: Scope::Session(id), .. } if id == "s-nvim"), "{job:?}");

    let mut app = knowing(Vec::new());
    assert!(press(&mut app, "u").is_empty());
    assert_eq!(said(&app), "No account is pinned");
}

#[test]
fn nothing_is_removed_without_a_yes() {
    for keys in ["x Enter", "x n", "x Esc", "x q", "x Right Right Enter", "x Tab h Enter"] {
        let mut app = full();
        assert!(press(&mut app, keys).is_empty(), "{keys}");
        assert!(app.dialog.is_none(), "{keys}");
    }
    for keys in ["x y", "x Right Enter", "x н"] {
        let job = begun(press(&mut full(), keys));
        assert!(matches!(&job, Job::Remove(id) if id.as_str() == "acct-1"), "{keys}: {job:?}");
    }
}

#[test]
fn a_strategy_is_chosen_everywhere_or_for_one_session() {
    let job = begun(press(&mut full(), "s End Enter"));
    assert!(matches!(job, Job::SetStrategy { strategy: Strategy::Hybrid, scope: Scope::Everywhere }), "{job:?}");
    let mut app = full();
    let job = begun(press(&mut app, "2 s Down Enter"));
    let Job::SetStrategy { strategy: Strategy::RoundRobin, scope: Scope::Session(session) } = job else {
        panic!("{job:?}")
    };
    assert_eq!(session, app.selected_session().unwrap().id);
}

#[test]
fn what_is_selected_can_be_copied() {
    for (keys, text) in [
        ("y Enter", "acct-1"),
        ("y j Enter", "work"),
        ("2 y Enter", "http://127.0.0.1:41202/v1"),
        ("3 y Enter", "req-6"),
    ] {
        let mut app = full();
        let effects = press(&mut app, keys);
        assert!(matches!(&effects[..], [Effect::Copy(copied)] if copied == text), "{keys}: {effects:?}");
        assert!(said(&app).starts_with("Copied the "), "{}", said(&app));
    }
}

#[test]
fn the_page_of_keys_does_what_is_selected_on_it() {
    let mut app = full();
    press(&mut app, "? Enter");
    assert!(matches!(&app.dialog, Some(Open { dialog: Dialog::Help(_), .. })) || app.pages.open.is_some());
    let mut app = full();
    let Some(at) = Help::at(app.place()).rows().iter().position(|(binding, _)| binding.action == Action::Add) else {
        panic!()
    };
    press(&mut app, &format!("? {} Enter", "Down ".repeat(at)));
    assert!(form(&app).is_new());
}

#[test]
fn a_filter_narrows_the_list_as_it_is_typed() {
    let mut app = full();
    press(&mut app, "/ 'team");
    assert_eq!(app.filter(), "team");
    assert_eq!(app.account().map(|account| account.id.as_str()), Some("acct-3"));
    press(&mut app, "Enter");
    assert!(app.filters.typing.is_none());
    press(&mut app, "/ Esc");
    assert_eq!(app.filter(), "");
}

#[test]
fn an_account_that_is_gone_is_asked_about_by_nobody() {
    let mut app = knowing(vec![file(Vec::new())]);
    for key in ["e", "x", "d", "R", "y", "Enter"] {
        assert!(press(&mut app, key).is_empty(), "{key}");
        assert!(app.dialog.is_none(), "{key}");
    }
}

#[test]
fn enter_that_is_kept_pressed_opens_a_dialog_and_does_not_answer_it() {
    let mut app = full();
    let enter = |kind| KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, kind);
    for kind in [KeyEventKind::Press, KeyEventKind::Repeat, KeyEventKind::Release] {
        assert!(app.update(Event::Input(Input::Key(enter(kind))), crate::tui::testing::NOW).is_empty(), "{kind:?}");
    }
    assert!(app.dialog.is_some());
}

#[test]
fn esc_goes_back_while_a_result_is_shown_and_dismisses_an_error_first() {
    let mut app = full();
    press(&mut app, "o");
    app.messages.done("it is done", crate::tui::testing::NOW);
    press(&mut app, "Esc");
    assert_eq!((app.pages.open.is_none(), said(&app)), (true, ""));
    press(&mut app, "o");
    app.messages.fail(Problem { text: "it is refused".into(), hint: None }, crate::tui::testing::NOW);
    press(&mut app, "Esc");
    assert_eq!((app.pages.open.is_none(), said(&app)), (false, ""));
    press(&mut app, "Esc");
    assert!(app.pages.open.is_none());
}
