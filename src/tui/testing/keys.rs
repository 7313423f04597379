//! The keys of a person, for tests.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::NOW;
use crate::secrets::Secret;
use crate::tui::app::App;
use crate::tui::effect::{Effect, JobId};
use crate::tui::event::{Event, Input, JobEvent};

/// Presses keys, which are apart by blanks: a letter, a name such as `Enter`, `C-u` for Ctrl-U, and `'text` for each letter of
/// it.
pub fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let pressed = keys.split_whitespace().flat_map(|key| match key.strip_prefix('\'') {
        Some(text) if !text.is_empty() => text.chars().map(|letter| plain(KeyCode::Char(letter))).collect(),
        _ => vec![named(key)],
    });
    pressed.flat_map(|key| app.update(Event::Input(Input::Key(key)), NOW)).collect()
}

fn plain(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn named(key: &str) -> KeyEvent {
    if let Some(letter) = key.strip_prefix("C-") {
        return KeyEvent::new(KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL);
    }
    plain(match key {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Backspace" => KeyCode::Backspace,
        letter => KeyCode::Char(letter.chars().next().filter(|_| letter.chars().count() == 1).unwrap()),
    })
}

/// Pastes a text.
pub fn paste(app: &mut App, text: &str) {
    app.update(Event::Input(Input::Paste(Secret::new(text.to_owned()))), NOW);
}

/// Clicks on a cell.
pub fn click(app: &mut App, (column, row): (u16, u16)) -> Vec<Effect> {
    let kind = MouseEventKind::Down(MouseButton::Left);
    let mouse = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    app.update(Event::Input(Input::Mouse(mouse)), NOW)
}

/// Lets a job go on.
pub fn report(app: &mut App, id: u64, event: JobEvent) -> Vec<Effect> {
    app.update(Event::Job(JobId(id), event), NOW)
}
