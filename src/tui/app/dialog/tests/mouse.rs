//! What clicks do to dialogs.

use super::*;
use crate::tui::testing::keys::click;

/// Draws as the loop does; the rows that are seen.
fn draw(app: &mut App) -> Vec<String> {
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(80, 24)).unwrap();
    let (mut regions, look) = (None, look(true, true));
    terminal.draw(|frame| regions = Some(crate::tui::view::draw(frame, app, &look, crate::tui::testing::NOW))).unwrap();
    app.regions = regions.unwrap();
    rows(terminal.backend().buffer())
}

/// Where `text` begins.
fn find(shown: &[String], text: &str) -> (u16, u16) {
    let row = shown.iter().position(|line| line.contains(text)).unwrap();
    let column = shown[row].split(text).next().unwrap().chars().count();
    (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
}

#[test]
fn the_mouse_chooses_and_does_and_never_reaches_what_is_covered() {
    let mut app = full();
    press(&mut app, "Enter");
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
fn the_hints_at_the_bottom_can_be_clicked_while_nothing_covers_them() {
    let mut app = full();
    let help = find(&draw(&mut app), "? help");
    click(&mut app, help);
    assert!(matches!(&app.dialog, Some(Open { dialog: Dialog::Help(_), .. })), "{:?}", app.dialog);
    for keys in ["Esc a", "Esc /"] {
        press(&mut app, keys);
        draw(&mut app);
        click(&mut app, help);
        assert!(!matches!(&app.dialog, Some(Open { dialog: Dialog::Help(_), .. })), "{keys}");
    }
    assert_eq!(app.filters.typing.as_ref().map(crate::tui::app::line::Line::text), Some(""));
}
