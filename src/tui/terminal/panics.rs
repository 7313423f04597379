//! A panic's message, on a terminal that can be read again.

use std::sync::Arc;

use super::modes::Takeover;

/// From now on a panic gives the terminal back before its message is printed, and ends the screen: what it belongs to is
/// broken, and a message below a screen that goes on would be lost.
pub fn give_back_first(takeover: &Arc<Takeover>) {
    let takeover = Arc::clone(takeover);
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        takeover.end();
        print(panic);
        takeover.note_panic();
    }));
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::super::{Ended, Report, Terminal};

    /// A terminal that shows a frame.
    async fn terminal() -> Terminal {
        let mut terminal = Terminal::enter("a title").unwrap();
        terminal.draw(|frame| frame.render_widget("shown", frame.area())).unwrap();
        terminal.writer.changed().await;
        terminal
    }

    #[tokio::test]
    #[ignore = "another test starts this on a terminal of its own"]
    async fn child_that_panics_while_it_draws() {
        let mut terminal = terminal().await;
        terminal.draw(|_| panic!("the second frame")).unwrap();
    }

    #[tokio::test]
    #[ignore = "another test starts this on a terminal of its own"]
    async fn child_with_a_thread_that_panics() {
        let mut terminal = terminal().await;
        std::thread::spawn(|| panic!("the second frame"));
        assert_eq!(terminal.next().await, Report::Ended(Ended::Panicked));
        terminal.draw(|frame| frame.render_widget("late", frame.area())).unwrap();
    }

    /// All that the child writes on its terminal.
    fn written_by(child: &str) -> String {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("tui::terminal::panics::tests::{child}"), "--ignored", "--nocapture"]);
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut written = Vec::new();
        pair.master.try_clone_reader().unwrap().read_to_end(&mut written).unwrap();
        child.wait().unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn the_message_of_a_panic_stands_on_a_terminal_that_was_given_back_once() {
        for child in ["child_that_panics_while_it_draws", "child_with_a_thread_that_panics"] {
            let written = written_by(child);
            let (screen, after) = written.split_once("\x1b[?1049l").unwrap_or_else(|| panic!("{written:?}"));
            assert!(screen.contains("shown") && !screen.contains("the second frame"), "{written:?}");
            // Lines end as they do on a terminal that is not raw.
            assert!(after.contains("the second frame\r\n"), "{written:?}");
            assert!(!after.contains('\x1b') && !after.contains("late"), "{written:?}");
        }
    }
}
