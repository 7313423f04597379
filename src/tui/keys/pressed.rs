//! Keys as terminals report them, brought to one form.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The key as it was meant: every terminal spells some of them in a way of its own. `None` for a key that is let go, and
/// for one that belongs to the desktop.
pub fn pressed(key: KeyEvent) -> Option<KeyEvent> {
    let desktop = KeyModifiers::SUPER | KeyModifiers::HYPER;
    if key.kind == KeyEventKind::Release || key.modifiers.intersects(desktop) {
        return None;
    }
    let mut with = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
    let code = match key.code {
        // AltGr, by which some layouts reach `@` or `/`.
        KeyCode::Char(letter) if with.contains(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            with = KeyModifiers::NONE;
            KeyCode::Char(letter)
        }
        KeyCode::Char(letter) if with.contains(KeyModifiers::CONTROL) => {
            with -= KeyModifiers::SHIFT;
            let (code, is_key) = controlled(letter);
            if is_key {
                with -= KeyModifiers::CONTROL;
            }
            code
        }
        KeyCode::Char('\r' | '\n') => KeyCode::Enter,
        KeyCode::Char('\t') if !with.contains(KeyModifiers::SHIFT) => KeyCode::Tab,
        KeyCode::Char('\u{8}' | '\u{7f}') => KeyCode::Backspace,
        KeyCode::Char(letter) if with.contains(KeyModifiers::SHIFT) => {
            with -= KeyModifiers::SHIFT;
            KeyCode::Char(letter.to_ascii_uppercase())
        }
        KeyCode::Tab if with.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        code => code,
    };
    if code == KeyCode::BackTab {
        with -= KeyModifiers::SHIFT;
    }
    Some(KeyEvent { code, modifiers: with, ..key })
}

/// What the letter is with Ctrl, and whether that is a key of its own: the byte of Ctrl-M is the one of Enter.
fn controlled(letter: char) -> (KeyCode, bool) {
    match super::layout::latin(letter).to_ascii_lowercase() {
        'h' => (KeyCode::Backspace, true),
        'i' => (KeyCode::Tab, true),
        'j' | 'm' => (KeyCode::Enter, true),
        '[' => (KeyCode::Esc, true),
        letter => (KeyCode::Char(letter), false),
    }
}
