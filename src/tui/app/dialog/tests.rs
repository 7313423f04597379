//! What keys do to dialogs, and what dialogs ask for.

use super::*;
use crate::domain::account::AccountId;
use crate::domain::routing::Strategy;
use crate::manager::accounts::{AccountChange, Change};
use crate::protocol::accounts::SwitchScope;
use crate::protocol::pins::Pin;
use crate::tui::effect::Scope;
use crate::tui::event::{Event, Input, JobEvent, Outcome};
use crate::tui::fact::Fact;
use crate::tui::testing::facts::{account, file, full, household, knowing, sessions};
use crate::tui::testing::keys::{click, paste, press, report};
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

#[track_caller]
fn changed(effects: Vec<Effect>) -> (AccountId, AccountChange) {
    match begun(effects) {
        Job::Update(id, change) => (id, *change),
        other => panic!("{other:?}"),
    }
}

fn form(app: &App) -> &Form {
    match &app.dialog {
        Some(Open { dialog: Dialog::Form(form), .. }) => form,
        other => panic!("{other:?}"),
    }
}

/// What is wrong with the field that is typed in.
fn wrong(app: &App) -> Option<String> {
    form(app).error(form(app).at)
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
    report(&mut app, 2, ended(Outcome::Account(Box::new(account(1, "work")))));
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
    report(&mut app, 1, ended(Outcome::Account(Box::new(household().swap_remove(1)))));
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
    assert_eq!(said(&app), "Every session chooses by itself again");

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
        ("e Tab Tab '-1", "a limit in USD is a number that is not negative and below nine million"),
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
    assert_eq!(wrong(&app).as_deref(), Some("an account is called `team key` already"));
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

fn login_begun(code: Option<&str>) -> JobEvent {
    JobEvent::Progress(Progress::LoginBegun {
        login: "login-7".into(),
        url: "https://auth.example/device".into(),
        code: code.map(str::to_owned),
        expires_at: crate::tui::testing::NOW.0 + 60_000,
    })
}

#[test]
fn a_login_by_code_shows_it_copies_it_and_is_cancelled_by_esc() {
    let mut app = full();
    let job = begun(press(&mut app, "l Down Tab 'home Enter"));
    assert!(matches!(&job, Job::LogIn { is_device: true, label: Some(label) } if label == "home"), "{job:?}");
    assert!(report(&mut app, 1, login_begun(Some("ABCD-1234"))).is_empty());
    for (key, copied) in [("y", "https://auth.example/device"), ("c", "ABCD-1234")] {
        let effects = press(&mut app, key);
        assert!(matches!(&effects[..], [Effect::Copy(text)] if text == copied), "{effects:?}");
    }
    let effects = press(&mut app, "Esc");
    assert!(matches!(&effects[..], [Effect::CancelLogin(login)] if login == "login-7"), "{effects:?}");
    assert!(app.dialog.is_none());
    report(&mut app, 1, refused());
    while said(&app).starts_with("Copied") {
        press(&mut app, "Esc");
    }
    assert_eq!(said(&app), "The login was cancelled");
}

#[test]
fn a_login_by_browser_opens_the_page_and_one_that_fails_can_be_begun_again() {
    let mut app = full();
    let job = begun(press(&mut app, "l Enter"));
    assert!(matches!(job, Job::LogIn { is_device: false, label: None }), "{job:?}");
    let effects = report(&mut app, 1, login_begun(None));
    assert!(matches!(&effects[..], [Effect::Open(_)]), "{effects:?}");
    report(&mut app, 1, refused());
    let Some(Open { dialog: Dialog::LogIn(login), problem: Some(_), .. }) = &app.dialog else { panic!() };
    assert_eq!(login.waiting, None);
    begun(press(&mut app, "Enter"));
    report(&mut app, 2, ended(Outcome::Account(Box::new(household().swap_remove(0)))));
    assert_eq!(said(&app), "Logged in: account 1 (work, pro)");
}

#[test]
fn a_login_that_is_given_up_before_it_has_begun_is_cancelled_then() {
    let mut app = full();
    assert_eq!(press(&mut app, "l Enter Esc").len(), 1, "only its begin");
    let effects = report(&mut app, 1, login_begun(None));
    assert!(matches!(&effects[..], [Effect::CancelLogin(_)]), "{effects:?}");
}

#[test]
fn who_leaves_gives_up_the_login_that_waits() {
    let mut app = full();
    press(&mut app, "l Enter");
    report(&mut app, 1, login_begun(None));
    let effects = press(&mut app, "C-c");
    assert!(matches!(&effects[..], [Effect::CancelLogin(_), Effect::Quit]), "{effects:?}");
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
fn text_that_is_typed_is_no_command_whatever_the_keyboard() {
    let mut app = full();
    assert!(press(&mut app, "e C-u 'qйx?").is_empty());
    let form::field::Value::Plain(line) = &form(&app).fields[0].value else { panic!() };
    assert_eq!(line.text(), "qйx?");
    assert!(matches!(&press(&mut app, "C-c")[..], [Effect::Quit]));
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
fn the_mouse_chooses_and_does_and_never_reaches_what_is_covered() {
    let mut app = full();
    press(&mut app, "Enter");
    // As the loop does after each frame.
    let draw = |app: &mut App| {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
        let (mut regions, look) = (None, look(true, true));
        terminal
            .draw(|frame| regions = Some(crate::tui::view::draw(frame, app, &look, crate::tui::testing::NOW)))
            .unwrap();
        app.drawn(regions.unwrap());
        rows(terminal.backend().buffer())
    };
    let find = |shown: &[String], text: &str| {
        let row = shown.iter().position(|line| line.contains(text)).unwrap();
        let column = shown[row].split(text).next().unwrap().chars().count();
        (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
    };
    let shown = draw(&mut app);
    let session = find(&shown, "Session 5202");
    assert!(click(&mut app, (0, 0)).is_empty());
    assert!(app.dialog.is_some(), "a click beside it leaves it open");
    assert!(click(&mut app, session).is_empty());
    let job = begun(click(&mut app, session));
    assert!(matches!(&job, Job::Switch { scope: Scope::Session(id), .. } if id == "s-nvim"), "{job:?}");

    let mut app = full();
    press(&mut app, "x");
    let shown = draw(&mut app);
    let job = begun(click(&mut app, find(&shown, "Yes")));
    assert!(matches!(job, Job::Remove(_)), "{job:?}");
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
