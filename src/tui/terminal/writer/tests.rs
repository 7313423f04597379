//! The writer on a terminal that takes everything, nothing, or is gone.

use super::*;

/// A terminal whose line can be held up.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<LineState>>);

#[derive(Default)]
struct LineState {
    shown: Vec<u8>,
    /// How many bytes it takes before somebody discards them; all if `None`.
    room: Option<usize>,
    is_gone: bool,
    /// A terminal that cannot even discard.
    is_stuck: bool,
    discards: usize,
    /// Another program has it.
    is_elsewhere: bool,
    /// How often that was asked.
    asked: usize,
}

impl Line {
    fn with(state: LineState) -> Line {
        Line(Arc::new(Mutex::new(state)))
    }

    fn shown(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().shown.clone()).unwrap()
    }
}

impl Sink for Line {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.0.lock().unwrap();
        if line.is_gone {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let taken = bytes.len().min(line.room.unwrap_or(usize::MAX));
        if taken == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        line.shown.extend_from_slice(&bytes[..taken]);
        line.room = line.room.map(|room| room - taken);
        Ok(taken)
    }

    fn wait(&self, _: Duration) {
        std::thread::yield_now();
    }

    fn discard(&self) {
        let mut line = self.0.lock().unwrap();
        line.discards += 1;
        if !line.is_stuck {
            line.room = Some(1_000);
        }
    }

    fn is_elsewhere(&self) -> bool {
        let mut line = self.0.lock().unwrap();
        line.asked += 1;
        line.is_elsewhere
    }
}

#[test]
fn what_is_sent_is_written_in_order_and_nothing_after_the_last() {
    let line = Line::default();
    let writer = Writer::start(line.clone()).unwrap();
    writer.send(b"too early ");
    writer.open(b"open ");
    assert!(writer.is_idle());
    writer.send(b"one ");
    writer.send(b"two ");
    writer.close(b"last");
    writer.send(b"too late");
    assert_eq!(line.shown(), "open one two last");
    writer.open(b" again");
    writer.close(b" and away");
    assert_eq!(line.shown(), "open one two last again and away");
    assert_eq!(line.0.lock().unwrap().discards, 0);
}

#[test]
fn a_line_that_hangs_loses_what_is_on_its_way_and_gets_the_last() {
    let line = Line::with(LineState { room: Some(3), ..LineState::default() });
    let writer = Writer::start(line.clone()).unwrap();
    writer.open(b"");
    writer.send(b"a long frame");
    assert!(!writer.is_idle());
    writer.close(b"last");
    let shown = line.shown();
    assert!(shown.starts_with("a l") && shown.ends_with("\x18\x1b\\last"), "{shown:?}");
}

#[test]
fn a_terminal_that_takes_nothing_at_all_is_given_up() {
    let line = Line::with(LineState { room: Some(0), is_stuck: true, ..LineState::default() });
    let writer = Writer::start(line.clone()).unwrap();
    writer.open(b"");
    writer.send(b"frame");
    writer.close(b"last");
    assert_eq!(line.shown(), "");
    assert!(line.0.lock().unwrap().discards > 0);
}

#[tokio::test]
async fn a_terminal_that_is_gone_is_reported() {
    let line = Line::with(LineState { is_gone: true, ..LineState::default() });
    let writer = Writer::start(line).unwrap();
    writer.open(b"open");
    writer.send(b"frame");
    writer.changed().await;
    assert!(writer.has_failed() && writer.is_idle());
    writer.close(b"last");
}

#[test]
fn what_was_on_its_way_when_another_program_got_the_terminal_is_not_written_on_its_screen() {
    let line = Line::with(LineState { is_elsewhere: true, ..LineState::default() });
    let writer = Writer::start(line.clone()).unwrap();
    writer.open(b"open ");
    writer.send(b"stale ");
    while line.0.lock().unwrap().asked == 0 {
        std::thread::yield_now();
    }
    writer.send(b"stale too ");
    writer.open(b"again ");
    line.0.lock().unwrap().is_elsewhere = false;
    writer.send(b"new ");
    writer.close(b"last");
    assert_eq!(line.shown(), "\u{18}\u{1b}\\again new last");
}

#[test]
fn whoever_leaves_does_not_wait_for_another_program() {
    let line = Line::with(LineState { is_elsewhere: true, ..LineState::default() });
    let writer = Writer::start(line.clone()).unwrap();
    writer.open(b"open ");
    writer.send(b"one ");
    writer.close(b"last");
    assert_eq!(line.shown(), "open one last");
}
