//! A text that is redrawn where it stands: the cursor goes up over what was drawn before, and every line is written over the
//! old one. Nothing is hidden and no mode is set, so that there is nothing to restore, however the program ends.

use crate::cli::table::Room;
use crate::cli::text::Text;
use crate::theme::Role;
use crate::wording::cut::Keep;

/// A terminal shows what stands between these two at once, not as it arrives.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// The rest of a line, and the rest of the screen.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// The whole screen, from its first cell on.
const CLEAR_ALL: &str = "\x1b[H\x1b[2J";

/// What stands on the terminal.
#[derive(Debug, Default)]
pub struct Frame {
    /// The widths of the lines that were drawn; the cursor is below them.
    drawn: Vec<usize>,
    /// As they were written.
    written: Vec<String>,
}

impl Frame {
    /// Somebody else has written to the terminal: the next frame begins below that.
    pub fn forget(&mut self) {
        *self = Frame::default();
    }

    /// The bytes that show `text` on a terminal of so many columns and rows; none where it stands there already.
    pub fn next(&mut self, text: &Text, (columns, rows): (usize, usize), room: Room, has_colours: bool) -> String {
        let most = rows.saturating_sub(1).max(1);
        let mut lines = text.lines();
        if lines.len() > most {
            let more = lines.len() - most + 1;
            lines.truncate(most - 1);
            lines.push(Text::of(Role::Faint, format!("{} {more} more lines", room.sign())));
        }
        let lines: Vec<Text> =
            lines.iter().map(|line| line.in_one_line().cut(columns, Keep::Start, room.sign())).collect();
        let written: Vec<String> = lines.iter().map(|line| line.written(has_colours)).collect();
        // Where the window became smaller than what was drawn, the terminal has moved lines by rules of its own.
        let is_moved = self.drawn.len() > most || self.drawn.iter().any(|width| *width > columns);
        if written == self.written && !is_moved {
            return String::new();
        }
        let before = match self.drawn.len() {
            _ if is_moved => CLEAR_ALL.to_owned(),
            0 => "\r".to_owned(),
            drawn => format!("\x1b[{drawn}A\r"),
        };
        // A line that stands there already is left alone.
        let old = if is_moved { &[] } else { self.written.as_slice() };
        let is_new = |number: usize, line: &String| old.get(number) != Some(line);
        let bytes: String = written
            .iter()
            .enumerate()
            .map(|(number, line)| if is_new(number, line) { format!("{line}{CLEAR_LINE}\n") } else { "\n".to_owned() })
            .collect();
        self.drawn = lines.iter().map(Text::width).collect();
        self.written = written;
        format!("{BEGIN}{before}{bytes}{CLEAR_BELOW}{END}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { columns: Some(20), is_unicode: true };

    /// A terminal on which something stood before.
    fn terminal() -> vt100::Parser {
        let mut terminal = vt100::Parser::new(8.try_into().unwrap(), 20.try_into().unwrap(), 0);
        terminal.process(b"$ list\r\n");
        terminal
    }

    fn draw(terminal: &mut vt100::Parser, frame: &mut Frame, text: &str, size: (usize, usize)) -> usize {
        let bytes = frame.next(&text.into(), size, ROOM, true);
        terminal.process(bytes.replace('\n', "\r\n").as_bytes());
        bytes.len()
    }

    #[test]
    fn a_text_is_redrawn_where_it_stands() {
        let (mut terminal, mut frame) = (terminal(), Frame::default());
        for (text, shown) in [
            ("one\ntwo\nthree", "$ list\none\ntwo\nthree"),
            ("ONE\ntwo\nthree", "$ list\nONE\ntwo\nthree"),
            ("ONE\nt", "$ list\nONE\nt"),
            ("a line that is much too long\nb", "$ list\na line that is much…\nb"),
            ("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\n5\n6\n… 3 more lines"),
            ("end", "end"),
        ] {
            draw(&mut terminal, &mut frame, text, (20, 8));
            assert_eq!(terminal.screen().contents().trim_end(), shown);
        }
        assert_eq!(draw(&mut terminal, &mut frame, "end", (20, 8)), 0, "what stands there is not written again");
    }

    #[test]
    fn a_smaller_window_is_drawn_from_its_first_line() {
        let (mut terminal, mut frame) = (terminal(), Frame::default());
        draw(&mut terminal, &mut frame, "a line of twenty xxx\nb", (20, 8));
        terminal.screen_mut().set_size(8.try_into().unwrap(), 10.try_into().unwrap());
        draw(&mut terminal, &mut frame, "a line of twenty xxx\nb", (10, 8));
        assert_eq!(terminal.screen().contents().trim_end(), "a line of…\nb");
        terminal.screen_mut().set_size(8.try_into().unwrap(), 30.try_into().unwrap());
        draw(&mut terminal, &mut frame, "a line of twenty xxx\nb", (30, 8));
        assert_eq!(terminal.screen().contents().trim_end(), "a line of twenty xxx\nb");
    }
}
