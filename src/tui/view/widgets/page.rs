//! A page about one thing: names and values, sections, and lines that scroll.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::table::put;
use crate::tui::view::ink::Ink;
use crate::tui::view::text;
use crate::tui::view::theme::Role;

/// The widest name of a value.
const NAMES: usize = 13;

/// The lines of a page, for a width.
#[derive(Debug)]
pub struct Page<'i, 'a> {
    ink: &'i Ink<'a>,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl<'i, 'a> Page<'i, 'a> {
    /// An empty page.
    pub fn new(ink: &'i Ink<'a>, width: u16) -> Page<'i, 'a> {
        Page { ink, width: usize::from(width), lines: Vec::new() }
    }

    /// A title, with a line through the rest of the width, and room above it.
    pub fn section(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let cut = text::cut(title, self.width.saturating_sub(4), self.ink.theme);
        self.lines.push(self::title(self.ink, &cut, self.width()));
    }

    /// A name and its value, which may take several lines.
    pub fn field(&mut self, name: &str, value: &str) {
        let room = self.width.saturating_sub(NAMES + 1);
        for (place, line) in text::wrap(value, room, self.ink.theme).into_iter().enumerate() {
            let name = if place == 0 { name } else { "" };
            self.line(name, vec![Span::raw(line)]);
        }
    }

    /// A name and a value of several styles, on one line.
    pub fn line(&mut self, name: &str, value: Vec<Span<'static>>) {
        let mut spans = vec![self.ink.span(&text::left(name, NAMES, self.ink.theme), Role::Faint), Span::raw(" ")];
        spans.extend(value);
        self.lines.push(Line::from(spans));
    }

    /// A name and its value, where there is one.
    pub fn optional(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.field(name, &value);
        }
    }

    /// A sentence over the whole width.
    pub fn sentence(&mut self, sentence: &str, role: Role) {
        let style = self.ink.theme.style(role);
        let lines = text::wrap(sentence, self.width, self.ink.theme);
        self.lines.extend(lines.into_iter().map(|line| Line::styled(line, style)));
    }

    /// A line of its own.
    pub fn row(&mut self, line: Line<'static>) {
        self.lines.push(line);
    }

    /// How wide it is.
    pub fn width(&self) -> u16 {
        u16::try_from(self.width).unwrap_or(u16::MAX)
    }

    /// How wide a value is.
    pub fn value_width(&self) -> usize {
        self.width.saturating_sub(NAMES + 1)
    }

    /// Draws what is seen after `scroll` lines; the end stays at the end of the area.
    pub fn draw(self, buffer: &mut Buffer, area: Rect, scroll: u16) {
        let count = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let scroll = scroll.min(count.saturating_sub(area.height));
        for (line, y) in self.lines.iter().skip(usize::from(scroll)).zip(area.top()..area.bottom()) {
            put(buffer, area, (area.x, y), line, area.width);
        }
    }
}

/// A line with a title in it.
pub fn title(ink: &Ink<'_>, title: &str, width: u16) -> Line<'static> {
    let dash = ink.theme.pick("─", "-");
    let rest = usize::from(width).saturating_sub(text::width(title) + 4);
    Line::from(vec![
        ink.span(&dash.repeat(2), Role::Faint),
        Span::raw(" "),
        ink.span(title, Role::Strong),
        Span::raw(" "),
        ink.span(&dash.repeat(rest), Role::Faint),
    ])
}
