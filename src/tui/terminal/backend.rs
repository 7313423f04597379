//! The backend of ratatui: gathers the bytes of one frame. A frame in which nothing changed has none.

use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A terminal shows what stands between these two at once, not as it arrives.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// More cells than any terminal has; a size beyond that is an error of the program that set it, and would cost memory.
const MOST: Size = Size { width: 1_000, height: 400 };

/// The bytes of a frame.
#[derive(Default)]
pub struct Screen {
    frame: Vec<u8>,
    /// Where the cursor is, if that is known.
    cursor: Option<Position>,
    /// Not at the start.
    is_cursor_shown: bool,
}

impl Screen {
    /// The bytes since the last call, as one update; `None` if there are none.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        if self.frame.is_empty() {
            return None;
        }
        let frame = [BEGIN, &self.frame, END].concat();
        self.frame.clear();
        Some(frame)
    }

    fn pen(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.frame)
    }
}

impl Backend for Screen {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.pen().draw(content)?;
        let before = self.cursor.take().filter(|_| self.is_cursor_shown);
        before.map_or(Ok(()), |cursor| self.set_cursor_position(cursor))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_cursor_shown, false) { self.pen().hide_cursor() } else { Ok(()) }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_cursor_shown, true) { Ok(()) } else { self.pen().show_cursor() }
    }

    /// ratatui asks only to put it back there.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    /// Nobody sees where a hidden cursor is.
    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if !self.is_cursor_shown || self.cursor == Some(position) {
            return Ok(());
        }
        self.cursor = Some(position);
        self.pen().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.pen().clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = crate::sys::terminal::size()?;
        Ok(Size { width: width.min(MOST.width), height: height.min(MOST.height) })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `act` adds to a frame.
    fn bytes(screen: &mut Screen, act: impl FnOnce(&mut Screen) -> io::Result<()>) -> Option<String> {
        act(screen).unwrap();
        screen.take().map(|frame| String::from_utf8(frame).unwrap())
    }

    #[test]
    fn a_frame_is_one_update_and_nothing_costs_nothing() {
        let mut screen = Screen::default();
        assert_eq!(bytes(&mut screen, |screen| screen.draw(std::iter::empty())), None);
        let cell = Cell::new("é");
        let drawn = bytes(&mut screen, |screen| screen.draw([(2, 1, &cell)].into_iter())).unwrap();
        assert!(drawn.starts_with("\x1b[?2026h\x1b[2;3Hé") && drawn.ends_with("\x1b[?2026l"), "{drawn:?}");
        assert_eq!(screen.take(), None);
    }

    #[test]
    fn the_cursor_is_sent_only_when_it_changes() {
        let mut screen = Screen::default();
        assert_eq!(bytes(&mut screen, Screen::hide_cursor), None);
        assert_eq!(bytes(&mut screen, |screen| screen.set_cursor_position((4, 0))), None);
        let shown = bytes(&mut screen, |screen| {
            screen.show_cursor()?;
            screen.set_cursor_position((4, 0))
        });
        assert_eq!(shown.unwrap(), "\x1b[?2026h\x1b[?25h\x1b[1;5H\x1b[?2026l");
        assert_eq!(bytes(&mut screen, Screen::show_cursor), None);
        assert_eq!(bytes(&mut screen, |screen| screen.set_cursor_position((4, 0))), None);
        let cell = Cell::new("x");
        let drawn = bytes(&mut screen, |screen| screen.draw([(0, 0, &cell)].into_iter())).unwrap();
        assert!(drawn.contains("\x1b[1;5H\x1b[?2026l"), "{drawn:?}");
        let hidden = bytes(&mut screen, Screen::hide_cursor).unwrap();
        assert!(hidden.contains("\x1b[?25l"), "{hidden:?}");
        assert_eq!(bytes(&mut screen, Screen::hide_cursor), None);
    }
}
