//! The screen as text, and its styles as a second layer that can be read.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::NOW;
use crate::clock::Clock;
use crate::tui::app::App;
use crate::tui::view::{self, look::Look};

/// How a terminal looks in tests.
pub fn look(has_colours: bool, is_unicode: bool) -> Look {
    Look {
        has_colours,
        is_unicode,
        clock: Clock::from_fn(|| NOW).in_zone("UTC"),
        is_simulated: false,
        home: Some("/home/me".to_owned()),
    }
}

/// The screen of `app` at its size.
pub fn drawn(app: &App, look: &Look) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal.draw(|frame| drop(view::draw(frame, app, look, NOW))).unwrap();
    terminal.backend().buffer().clone()
}

/// The rows of a screen, without the blanks at their ends.
pub fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y: u16| {
        let mut text = String::new();
        let mut covered = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if covered == 0 {
                text.push_str(symbol);
                covered = symbol.width().max(1);
            }
            covered -= 1;
        }
        text.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect()
}

/// The styles of a screen: for each row that has any, runs of columns and what they look like.
pub fn styles(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..buffer.area.width {
            let name = name(&buffer[(x, y)]);
            match runs.last_mut() {
                Some((_, end, last)) if *last == name && *end + 1 == x => *end = x,
                _ => runs.push((x, x, name)),
            }
        }
        let shown = runs.into_iter().filter(|(.., name)| !name.is_empty());
        let shown: Vec<String> = shown.map(|(start, end, name)| format!("{start}-{end} {name}")).collect();
        if !shown.is_empty() {
            writeln!(text, "{y:>3}: {}", shown.join(", ")).unwrap();
        }
    }
    text
}

fn name(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(format!("{:?}", cell.fg).to_lowercase());
    }
    // A QR code brings its own.
    let is_of_code = (cell.fg, cell.bg) == (Color::White, Color::Black);
    assert!(cell.bg == Color::Reset || is_of_code, "no ground is ever coloured");
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::UNDERLINED, "underlined"),
    ] {
        if cell.modifier.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.join("+")
}

/// `app` at one size as text.
pub fn at(app: &mut App, size: (u16, u16), look: &Look) -> String {
    app.size = size;
    rows(&drawn(app, look)).join("\n")
}

/// `app` at the four sizes, without colours and with them, and in ASCII. The styles are shown once: they differ by nothing
/// but places at other sizes.
pub fn sheet(app: &mut App) -> String {
    let mut text = String::new();
    for size in [(60, 15), (80, 24), (120, 40), (200, 60)] {
        writeln!(text, "=== {}x{}\n{}\n", size.0, size.1, at(app, size, &look(false, true))).unwrap();
        let coloured = at(app, size, &look(true, true));
        assert_eq!(coloured, at(app, size, &look(false, true)), "colours change no letter");
    }
    app.size = (80, 24);
    for (has_colours, title) in [(true, "80x24 in colours"), (false, "80x24 without colours")] {
        writeln!(text, "=== styles at {title}\n{}", styles(&drawn(app, &look(has_colours, true)))).unwrap();
    }
    let ascii = at(app, (80, 24), &look(false, false));
    assert!(ascii.is_ascii(), "{ascii}");
    writeln!(text, "=== 80x24 in ASCII\n{ascii}").unwrap();
    text
}

/// Compares with `snapshots/NAME.snap`; `INSTA_UPDATE=always` renews it.
#[track_caller]
pub fn check(name: &str, app: &mut App) {
    let sheet = sheet(app);
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(format!("screen_{name}"), sheet) });
}
