//! Logins that are begun, cancelled and ended.

use super::*;

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
fn an_address_that_is_pasted_goes_to_the_login_that_waits_for_a_browser() {
    let paste = |app: &mut App| {
        let address = Secret::new("http://localhost:1455/auth/callback?code=a&state=b".to_owned());
        app.update(Event::Input(Input::Paste(address)), crate::tui::testing::NOW)
    };
    let mut app = full();
    press(&mut app, "l b Enter");
    assert!(paste(&mut app).is_empty(), "it has not begun yet");
    report(&mut app, 1, login_begun(None));
    let effects = paste(&mut app);
    let [Effect::PasteAddress(login, address)] = &effects[..] else { panic!("{effects:?}") };
    assert!(login == "login-7" && address.expose().ends_with("state=b"));

    let mut app = full();
    press(&mut app, "l d Enter");
    report(&mut app, 1, login_begun(Some("ABCD-1234")));
    assert!(paste(&mut app).is_empty(), "a code has no address");
}

#[test]
fn who_would_not_see_a_browser_here_begins_at_the_code() {
    for is_away in [false, true] {
        let mut app = full();
        app.is_away = is_away;
        let job = begun(press(&mut app, "l Enter"));
        assert!(matches!(&job, Job::LogIn { is_device, .. } if *is_device == is_away), "{job:?}");
    }
}
