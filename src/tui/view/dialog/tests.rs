//! Every dialog in every state, at each size.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::tui::app::App;
use crate::tui::event::{JobEvent, Progress};
use crate::tui::fact::{FilePin, Problem};
use crate::tui::regions::Regions;
use crate::tui::testing::NOW;
use crate::tui::testing::facts::{full, knowing};
use crate::tui::testing::keys::{paste, press, report};
use crate::tui::testing::screen::{look, rows, styles};
use crate::tui::view::look::Look;
use crate::tui::view::{bottom, dialog};

/// Of a key that is typed, nothing is ever drawn.
const KEY: &str = "sk-nobody-reads-this";

/// The dialogs over the views, without these: they have snapshots of their own.
fn over(app: &App, size: (u16, u16), look: &Look) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let mut regions = Regions::default();
    terminal
        .draw(|frame| {
            bottom::draw(frame, frame.area(), app, look, &mut regions);
            dialog::draw(frame, app, look, NOW, &mut regions);
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

#[track_caller]
fn check(name: &str, app: &App) {
    let mut text = String::new();
    for size in [(60, 15), (80, 24), (120, 40)] {
        let shown = rows(&over(app, size, &look(false, true))).join("\n");
        assert_eq!(shown, rows(&over(app, size, &look(true, true))).join("\n"), "colours change no letter");
        writeln!(text, "=== {}x{}\n{}\n", size.0, size.1, shown.trim_matches('\n')).unwrap();
    }
    writeln!(text, "=== styles at 80x24\n{}", styles(&over(app, (80, 24), &look(true, true)))).unwrap();
    let ascii = rows(&over(app, (80, 24), &look(false, false))).join("\n");
    assert!(ascii.is_ascii(), "{ascii}");
    writeln!(text, "=== 80x24 in ASCII\n{}", ascii.trim_matches('\n')).unwrap();
    assert!(!text.contains("nobody-reads"), "{text}");
    assert!(!format!("{app:?}").contains("nobody-reads"));
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(format!("dialog_{name}"), text) });
}

fn refused(app: &mut App) {
    let problem = Problem {
        text: "another process holds the lock of the accounts file".into(),
        hint: Some("try again in a moment; `codex-account-manager doctor` says who".into()),
    };
    report(app, 1, JobEvent::Ended(Err(problem)));
}

#[test]
fn switch() {
    let mut app = full();
    press(&mut app, "Enter");
    check("switch", &app);
    press(&mut app, "Down Right");
    check("switch_session", &app);
    press(&mut app, "Enter");
    check("switch_working", &app);
    refused(&mut app);
    check("switch_refused", &app);
}

#[test]
fn switch_of_a_session() {
    let mut app = full();
    press(&mut app, "2 Enter Down");
    check("switch_of_a_session", &app);
}

#[test]
fn unpin() {
    let mut app = full();
    let pins = &mut app.known.accounts.as_mut().unwrap().pins;
    pins.push(FilePin { account: "acct-3".into(), family: Some("codex".into()) });
    press(&mut app, "u Down");
    check("unpin", &app);
}

#[test]
fn remove() {
    let mut app = full();
    press(&mut app, "x");
    check("remove", &app);
}

#[test]
fn edit() {
    let mut app = full();
    press(&mut app, "j j e C-u Tab 'x");
    check("edit", &app);
}

#[test]
fn add() {
    let mut app = full();
    press(&mut app, "a 'spare Tab");
    paste(&mut app, KEY);
    press(&mut app, "Tab 'http://proxy.example.com");
    check("add", &app);
    press(&mut app, "C-u Enter");
    refused(&mut app);
    check("add_refused", &app);
}

#[test]
fn log_in() {
    let mut app = full();
    press(&mut app, "l Down Tab '42");
    check("log_in", &app);
    press(&mut app, "Backspace Backspace Enter");
    let begun = |url: &str, code: Option<&str>| {
        JobEvent::Progress(Progress::LoginBegun {
            login: "login-7".into(),
            url: url.into(),
            code: code.map(str::to_owned),
            expires_at: NOW.0 + 9 * 60_000 + 41_000,
        })
    };
    report(&mut app, 1, begun("https://auth.openai.com/codex/device", Some("ABCD-12345")));
    check("log_in_by_code", &app);
    let mut app = full();
    press(&mut app, "l Enter");
    let url = format!("https://auth.openai.com/oauth/authorize?client_id=app_x&state={}", "0123456789".repeat(30));
    report(&mut app, 1, begun(&url, None));
    check("log_in_by_browser", &app);
}

#[test]
fn strategy() {
    let mut app = full();
    press(&mut app, "s Down Right");
    check("strategy", &app);
}

#[test]
fn copy() {
    let mut app = full();
    press(&mut app, "y Down");
    check("copy", &app);
}

#[test]
fn help() {
    let mut app = full();
    press(&mut app, "?");
    check("help", &app);
    press(&mut app, "End");
    check("help_end", &app);
}

#[test]
fn messages() {
    let mut app = full();
    app.messages.done("Added account 3 (spare)", NOW);
    check("message_done", &app);
    refused(&mut app);
    app.messages.warn("the ledger cannot be read: database is locked", NOW);
    press(&mut app, "Esc");
    app.messages.fail(
        Problem {
            text: "the accounts file `~/.config/opencode/openai-codex-accounts.json` is not valid JSON".into(),
            hint: Some("restore `.cam/previous.json` beside it, or mend the file by hand".into()),
        },
        NOW,
    );
    check("message_warning", &app);
    press(&mut app, "Esc");
    check("message_error", &app);
    press(&mut app, "m Down");
    check("message_page", &app);
}

#[test]
fn refresh() {
    let mut app = full();
    press(&mut app, "r");
    report(&mut app, 1, JobEvent::Progress(Progress::Refreshing { done: 1, of: 3, label: "仕事".into() }));
    check("refresh", &app);
}

#[test]
fn filter() {
    let mut app = full();
    press(&mut app, "/ '仕事 'x");
    check("filter", &app);
}

#[test]
fn no_dialog_is_drawn_beyond_a_screen_of_any_size() {
    let dialogs = ["Enter", "x", "e", "a", "l", "s", "y", "?", "m", "/", "2 Enter", "l Down Enter"];
    for keys in dialogs {
        for mut app in [full(), knowing(Vec::new())] {
            press(&mut app, keys);
            for size in (1..=40).step_by(3).flat_map(|columns| (1..=20).step_by(2).map(move |rows| (columns, rows))) {
                over(&app, size, &look(true, true));
            }
        }
    }
}
