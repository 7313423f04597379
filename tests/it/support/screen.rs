//! A program on a pseudo-terminal of its own: what is typed goes in, what it draws is parsed as a terminal would, and how it
//! leaves the terminal can be compared with how it found it.

use std::fs::File;
use std::num::NonZeroU16;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::termios::{OptionalActions, Termios, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::{Sandbox, process, within};

/// How long a screen may take to show something: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands on the terminal before the program starts, and has to stand there after it.
const BEFORE: &str = "$ what was here before\r\n$ ";

/// What ends each mode that a screen turns on, in the order in which they have to come.
const GIVEN_BACK: &[&str] =
    &["\x1b[?2026l", "\x1b[?2004l", "\x1b[?1006l", "\x1b[?1000l", "\x1b[?25h", "\x1b[23;2t", "\x1b[?1049l"];

/// The program and its terminal. Both are gone when this is dropped.
pub struct Screen {
    child: Box<dyn Child + Send + Sync>,
    /// The side of a terminal's window; `None` once that is closed.
    window: Option<Arc<OwnedFd>>,
    /// The program's side, held open: the settings of a terminal that nobody has open are forgotten.
    device: File,
    reader: Option<JoinHandle<()>>,
    shown: Arc<Shown>,
    /// The settings before the program started.
    found: Termios,
}

/// What the terminal shows, and how it came to that.
struct Shown {
    state: Mutex<State>,
    /// The window is not read.
    is_paused: AtomicBool,
    is_over: AtomicBool,
}

struct State {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

/// How a program on a terminal ended.
#[derive(Debug)]
pub struct Ending {
    /// The exit code; 128 and more when a signal ended it.
    pub code: u32,
    /// What the terminal shows at last.
    pub text: String,
    /// Every byte that it was sent.
    pub raw: String,
}

impl Screen {
    /// The product with these words on a terminal of so many columns and rows.
    #[track_caller]
    pub fn start(sandbox: &Sandbox, words: &[&str], columns: u16, rows: u16) -> Screen {
        Screen::start_command(&sandbox.command(words), columns, rows)
    }

    /// Any command, in a terminal that can do all that terminals can unless its environment says otherwise.
    #[track_caller]
    pub fn start_command(command: &Command, columns: u16, rows: u16) -> Screen {
        Screen::start_builder(builder(command), columns, rows)
    }

    /// A command whose terminal is not the controlling one, so that no signal says when it is gone.
    #[track_caller]
    pub fn start_without_control(command: &Command, columns: u16, rows: u16) -> Screen {
        let mut builder = builder(command);
        builder.set_controlling_tty(false);
        Screen::start_builder(builder, columns, rows)
    }

    #[track_caller]
    fn start_builder(builder: CommandBuilder, columns: u16, rows: u16) -> Screen {
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, ..PtySize::default() }).unwrap();
        let name = pair.master.tty_name().unwrap();
        let device =
            std::fs::OpenOptions::new().read(true).write(true).custom_flags(NO_CONTROLLING_TERMINAL).open(name);
        let device = device.unwrap();
        let found = tcgetattr(&device).unwrap();
        rustix::io::write(&device, BEFORE.replace("\r\n", "\n").as_bytes()).unwrap();
        let window = Arc::new(own(pair.master.as_raw_fd().unwrap()));
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair);
        let parser = vt100::Parser::new(length(rows), length(columns), 0);
        let shown = Arc::new(Shown {
            state: Mutex::new(State { parser, raw: Vec::new() }),
            is_paused: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let reader = std::thread::spawn({
            let (window, shown) = (Arc::clone(&window), Arc::clone(&shown));
            move || shown.read(&window)
        });
        Screen { child, window: Some(window), device, reader: Some(reader), shown, found }
    }

    /// The program's pid.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Whether the program is still there.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What is shown, as text.
    pub fn text(&self) -> String {
        self.shown.lock().parser.screen().contents()
    }

    /// Every byte that the terminal was sent so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().raw).into_owned()
    }

    /// Whether the program's screen is up: not what was there before it.
    pub fn is_up(&self) -> bool {
        self.shown.lock().parser.screen().alternate_screen()
    }

    /// Whether the terminal is as a shell left it.
    pub fn has_settings_from_before(&self) -> bool {
        self.settings() == settings(&self.found)
    }

    fn settings(&self) -> String {
        settings(&tcgetattr(&self.device).unwrap())
    }

    /// Types these keys.
    #[track_caller]
    pub fn type_keys(&self, keys: &str) {
        let window = self.window.as_ref().expect("the window is open");
        let mut keys = keys.as_bytes();
        while !keys.is_empty() {
            let taken = rustix::io::write(window, keys).unwrap();
            keys = &keys[taken..];
        }
    }

    /// Waits until `text` is shown.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("`{text}` is shown"), |shown| shown.contains(text));
    }

    /// Waits until what is shown is as wanted.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let came = within(PATIENCE, || is_so(&self.text()).then_some(()));
        assert!(came.is_some(), "it did not come to this in {PATIENCE:?}: {what}\n{}", self.text());
    }

    /// Waits until what was there before is shown again.
    #[track_caller]
    pub fn wait_until_down(&self) {
        let came = within(PATIENCE, || (!self.is_up()).then_some(()));
        assert!(came.is_some(), "the screen stays:\n{}", self.text());
    }

    /// Gives the window another size, as a person who drags its corner.
    #[track_caller]
    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.lock().parser.screen_mut().set_size(length(rows), length(columns));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.window.as_ref().expect("the window is open"), size).unwrap();
    }

    /// Sends the program a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(process::signal(self.pid(), signal), "it had ended before {signal:?}");
    }

    /// Leaves the terminal as another program might that had it meanwhile: its settings as before, another screen.
    pub fn spoil(&self) {
        tcsetattr(&self.device, OptionalActions::Now, &self.found).unwrap();
        rustix::io::write(&self.device, b"\x1b[?1049l\x1b[?25hspoiled").unwrap();
        self.wait_for("spoiled");
    }

    /// Stops reading what the program draws, as a line that hangs; or reads on.
    pub fn pause(&self, is_paused: bool) {
        self.shown.is_paused.store(is_paused, Ordering::Release);
    }

    /// Whether the terminal takes nothing more before its window is read.
    pub fn is_full(&self) -> bool {
        let mut writable = [PollFd::new(&self.device, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        matches!(poll(&mut writable, Some(&now)), Ok(0))
    }

    /// Closes the window.
    pub fn close_window(&mut self) {
        self.shown.is_over.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.window = None;
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub fn finish(self) -> Ending {
        self.finish_within(PATIENCE)
    }

    /// The same with a limit.
    #[track_caller]
    pub fn finish_within(mut self, limit: Duration) -> Ending {
        let status = within(limit, || self.child.try_wait().unwrap());
        let status = status.unwrap_or_else(|| panic!("it did not end in {limit:?}:\n{}", self.text()));
        // All that it wrote is in the terminal by now.
        self.pause(false);
        self.shown.is_over.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        Ending { code: status.exit_code(), text: self.text(), raw: self.raw() }
    }

    /// Waits for the end, which has to leave the terminal as it was found, its text included.
    #[track_caller]
    pub fn finish_as_found(mut self, limit: Duration) -> Ending {
        let ended = within(limit, || self.child.try_wait().unwrap());
        assert!(ended.is_some(), "it did not end in {limit:?}:\n{}", self.text());
        assert_eq!(self.settings(), settings(&self.found), "the settings of the terminal");
        let shown = Arc::clone(&self.shown);
        let ending = self.finish();
        let state = shown.lock();
        let screen = state.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen stays");
        assert!(!screen.hide_cursor(), "the cursor stays hidden");
        assert!(!screen.bracketed_paste(), "pasted text stays marked");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse stays captured");
        assert!(ending.text.starts_with(&BEFORE.replace('\r', "")), "what was there before:\n{}", ending.text);
        let [kept, restored] = ["\x1b[22;2t", "\x1b[23;2t"].map(|sequence| ending.raw.matches(sequence).count());
        assert_eq!(kept, restored, "titles that were kept and restored");
        let mut rest = ending.raw.rsplit_once("\x1b[?1049h").map_or("", |(_, rest)| rest);
        for sequence in GIVEN_BACK {
            let at = rest.rfind(sequence).unwrap_or_else(|| panic!("{sequence:?} is missing or too early in {rest:?}"));
            rest = &rest[at + sequence.len()..];
        }
        ending
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.close_window();
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until it is over; then what is left.
    fn read(&self, window: &OwnedFd) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let is_over = self.is_over.load(Ordering::Acquire);
            let mut readable = [PollFd::new(window, PollFlags::IN)];
            let wait = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
            let ready = !self.is_paused.load(Ordering::Acquire) && matches!(poll(&mut readable, Some(&wait)), Ok(1));
            if !ready {
                if is_over {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let Ok(count @ 1..) = rustix::io::read(window, &mut buffer) else { return };
            let mut state = self.lock();
            state.raw.extend_from_slice(&buffer[..count]);
            state.parser.process(&buffer[..count]);
        }
    }
}

/// The command as the library wants it.
fn builder(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env_clear();
    builder.env("TERM", "xterm-256color");
    builder.env("LANG", "C.UTF-8");
    for (name, value) in command.get_envs() {
        builder.env(name, value.unwrap_or_default());
    }
    if let Some(folder) = command.get_current_dir() {
        builder.cwd(folder);
    }
    builder
}

/// `O_NOCTTY` of Linux and macOS: the test must not get a controlling terminal by accident.
const NO_CONTROLLING_TERMINAL: i32 = rustix::fs::OFlags::NOCTTY.bits().cast_signed();

/// A descriptor of our own beside the library's, which has no way to be given up while something reads it.
#[expect(unsafe_code, reason = "the library gives only the number of its descriptor")]
fn own(number: i32) -> OwnedFd {
    // SAFETY: the library holds it open until after this call.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned().unwrap()
}

/// What `stty -a` would show.
fn settings(settings: &Termios) -> String {
    format!("{settings:?}")
}

fn length(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN)
}
