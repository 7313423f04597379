//! The cells of a screen as an SVG that needs no font of its own and stands on any ground: a dark terminal with round
//! corners. Lines, bars and shades are drawn, not written, so that they meet whatever font shows the letters.

use std::collections::BTreeMap;
use std::fmt::Write;

use vt100::{Cell, Color, Screen};

/// A cell in hundredths of a pixel, so that the numbers in the file are short.
const WIDTH: u32 = 840;
const HEIGHT: u32 = 1_800;
const BASELINE: u32 = 1_300;
const MARGIN: u32 = 1_400;

const GROUND: &str = "#0d1117";
const LETTERS: &str = "#d6dde6";

/// The 16 colours of the terminal.
const COLOURS: [&str; 16] = [
    "#484f58", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9", "#6e7681", "#ffa198",
    "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff",
];

/// How a cell is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Style {
    colour: String,
    is_bold: bool,
    is_dim: bool,
    is_underlined: bool,
}

/// The picture of `screen`, called `title`.
pub fn picture(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let [width, height] =
        [u32::from(columns) * WIDTH + 2 * MARGIN, u32::from(rows) * HEIGHT + 2 * MARGIN].map(|side| side / 100);
    let mut styles = BTreeMap::new();
    let (mut grounds, mut letters) = (String::new(), String::new());
    for row in 0..rows {
        let cells: Vec<&Cell> = (0..columns).filter_map(|column| screen.cell(row, column)).collect();
        draw_grounds(row, &cells, &mut grounds);
        draw_letters(row, &cells, &mut styles, &mut letters);
    }
    let mut rules = String::new();
    for (style, name) in &styles {
        let _ = write!(rules, ".{name}{{fill:{}", style.colour);
        for (is_so, rule) in [
            (style.is_bold, ";font-weight:700"),
            (style.is_dim, ";opacity:.62"),
            (style.is_underlined, ";text-decoration:underline"),
        ] {
            rules.push_str(if is_so { rule } else { "" });
        }
        rules.push('}');
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>text{{font:14px ui-monospace,SFMono-Regular,\
         Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}}{rules}</style>\n<rect width=\"{width}\" \
         height=\"{height}\" rx=\"10\" fill=\"{GROUND}\"/>\n{grounds}{letters}</svg>\n",
        title = escaped(title),
    )
}

/// The grounds that differ from the usual one.
fn draw_grounds(row: u16, cells: &[&Cell], to: &mut String) {
    let mut from = 0;
    while from < cells.len() {
        let colour = ground(cells[from]);
        let end = (from..cells.len()).find(|at| ground(cells[*at]) != colour).unwrap_or(cells.len());
        if let Some(colour) = colour {
            rect(to, [x(from), y(row), (end - from) as u32 * WIDTH, HEIGHT], &format!("fill=\"{colour}\""));
        }
        from = end;
    }
}

fn draw_letters(row: u16, cells: &[&Cell], styles: &mut BTreeMap<Style, String>, to: &mut String) {
    let mut at = 0;
    while at < cells.len() {
        let cell = cells[at];
        if cell.contents().trim().is_empty() {
            at += 1;
            continue;
        }
        let style = style(cell);
        let count = styles.len();
        let name = styles.entry(style.clone()).or_insert_with(|| name(count)).clone();
        let end = end_of_run(cells, at, &style);
        let text: String = cells[at..end].iter().map(|cell| shown(cell)).collect();
        if !(drawn(&text, at, row, &name, to)) {
            let length = (end - at) as u32 * WIDTH;
            let _ = writeln!(
                to,
                "<text class=\"{name}\" x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                hundredths(x(at)),
                hundredths(y(row) + BASELINE),
                hundredths(length),
                escaped(&text),
            );
        }
        at = end;
    }
}

/// Where the run ends that begins at `at`: letters of one style, or the same drawn sign again and again.
fn end_of_run(cells: &[&Cell], at: usize, wanted: &Style) -> usize {
    let first = cells[at].contents();
    let is_plain =
        |text: &str| text.chars().all(|letter| letter < '\u{2000}' || matches!(letter, '–' | '—' | '…' | '‘'..='”'));
    if !is_plain(first) {
        let repeats = |next: &usize| cells[*next].contents() == first && style(cells[*next]) == *wanted;
        let is_drawn = first.chars().all(|letter| matches!(letter, '\u{2500}'..='\u{259f}'));
        let width = if cells[at].is_wide() { 2 } else { 1 };
        return if is_drawn {
            (at..cells.len()).find(|next| !repeats(next)).unwrap_or(cells.len())
        } else {
            at + width
        };
    }
    let mut end = at + 1;
    for (next, cell) in cells.iter().enumerate().skip(at + 1) {
        let is_blank = cell.contents().trim().is_empty() && !cell.is_wide_continuation();
        if is_blank {
            continue;
        }
        // Two blanks part columns, which keep their places.
        if next - end > 1 || !is_plain(cell.contents()) || style(cell) != *wanted {
            break;
        }
        end = next + 1;
    }
    end
}

/// Draws `text`, one sign so many times, if it is one that is drawn.
fn drawn(text: &str, at: usize, row: u16, name: &str, to: &mut String) -> bool {
    let Some(sign) = text.chars().next().filter(|_| !text.is_empty()) else { return false };
    let count = text.chars().count() as u32;
    let [left, top, wide] = [x(at), y(row), count * WIDTH];
    let class = format!("class=\"{name}\"");
    let eighth = |eighths: u32| HEIGHT * eighths / 8;
    match sign {
        '\u{2581}'..='\u{2588}' => {
            let tall = eighth(sign as u32 - 0x2580);
            rect(to, [left, top + HEIGHT - tall, wide, tall], &class);
        }
        '\u{2580}' => rect(to, [left, top, wide, HEIGHT / 2], &class),
        '\u{2589}'..='\u{258f}' => {
            for number in 0..count {
                rect(to, [left + number * WIDTH, top, WIDTH * (0x2590 - sign as u32) / 8, HEIGHT], &class);
            }
        }
        '▚' | '▞' => {
            for number in 0..count {
                let (left, half) = (left + number * WIDTH, [WIDTH / 2, HEIGHT / 2]);
                let [upper, lower] = if sign == '▚' { [0, half[0]] } else { [half[0], 0] };
                rect(to, [left + upper, top, half[0], half[1]], &class);
                rect(to, [left + lower, top + half[1], half[0], half[1]], &class);
            }
        }
        '\u{2590}' => rect(to, [left + WIDTH / 2, top, WIDTH / 2, HEIGHT], &class),
        '\u{2591}'..='\u{2593}' => {
            let shade = 22 * (sign as u32 - 0x2590);
            rect(to, [left, top, wide, HEIGHT], &format!("{class} fill-opacity=\".{shade:02}\""));
        }
        _ => return lines(sign, [left, top], count, &class, to),
    }
    true
}

/// Draws box lines by their arms: left, right, up, down.
fn lines(sign: char, [left, top]: [u32; 2], count: u32, class: &str, to: &mut String) -> bool {
    let (arms, thick) = match sign {
        '─' | '╌' | '┄' | '┈' => ("lr", 100),
        '│' | '╎' | '┆' | '┊' => ("ud", 100),
        '━' => ("lr", 200),
        '┃' => ("ud", 200),
        '┌' | '╭' => ("rd", 100),
        '┐' | '╮' => ("ld", 100),
        '└' | '╰' => ("ru", 100),
        '┘' | '╯' => ("lu", 100),
        '├' => ("rud", 100),
        '┤' => ("lud", 100),
        '┬' => ("lrd", 100),
        '┴' => ("lru", 100),
        '┼' => ("lrud", 100),
        _ => return false,
    };
    for number in 0..if arms == "lr" { 1 } else { count } {
        let start = left + number * WIDTH;
        let (middle, centre) = (start + WIDTH / 2 - thick / 2, top + HEIGHT / 2 - thick / 2);
        for arm in arms.chars() {
            let bounds = match arm {
                _ if arms == "lr" => [left, centre, count * WIDTH, thick],
                'l' => [start, centre, WIDTH / 2 + thick / 2, thick],
                'r' => [middle, centre, WIDTH / 2 + thick / 2, thick],
                'u' => [middle, top, thick, HEIGHT / 2],
                _ => [middle, centre, thick, HEIGHT / 2 + thick / 2],
            };
            rect(to, bounds, class);
            if arms == "lr" {
                break;
            }
        }
    }
    true
}

fn rect(to: &mut String, bounds: [u32; 4], how: &str) {
    let [x, y, width, height] = bounds.map(hundredths);
    let _ = writeln!(to, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {how}/>");
}

fn style(cell: &Cell) -> Style {
    let (usual, other) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let colour = if cell.inverse() { other.unwrap_or(GROUND.into()) } else { usual.unwrap_or(LETTERS.into()) };
    Style { colour, is_bold: cell.bold(), is_dim: cell.dim(), is_underlined: cell.underline() }
}

fn ground(cell: &Cell) -> Option<String> {
    if cell.inverse() { Some(colour(cell.fgcolor()).unwrap_or(LETTERS.into())) } else { colour(cell.bgcolor()) }
}

fn colour(colour: Color) -> Option<String> {
    let hex = |red: u8, green: u8, blue: u8| format!("#{red:02x}{green:02x}{blue:02x}");
    match colour {
        Color::Default => None,
        Color::Idx(number @ 0..16) => Some(COLOURS[usize::from(number)].to_owned()),
        Color::Idx(number @ 16..232) => {
            let step = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let number = number - 16;
            Some(hex(step(number / 36), step(number / 6 % 6), step(number % 6)))
        }
        Color::Idx(number) => Some([8 + 10 * (number - 232); 3]).map(|[red, green, blue]| hex(red, green, blue)),
        Color::Rgb(red, green, blue) => Some(hex(red, green, blue)),
    }
}

fn shown(cell: &Cell) -> &str {
    match cell.contents() {
        "" if cell.is_wide_continuation() => "",
        "" => " ",
        text => text,
    }
}

/// A class's name: `a`, `b`, … `z`, `aa`, …
fn name(number: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or(0));
    if number < 26 { letter.to_string() } else { format!("{}{letter}", name(number / 26 - 1)) }
}

fn x(column: usize) -> u32 {
    MARGIN + column as u32 * WIDTH
}

fn y(row: u16) -> u32 {
    MARGIN + u32::from(row) * HEIGHT
}

fn hundredths(number: u32) -> String {
    let text = format!("{}.{:02}", number / 100, number % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
