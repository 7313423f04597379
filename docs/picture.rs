//! Makes the pictures of the terminal screen: the real program on a pseudo-terminal, its cells as an SVG.
//!
//! `cargo run --example picture` builds the program, plays `demo --watch`, and writes `docs/*.svg`. It takes two minutes.
#![expect(
    clippy::disallowed_methods,
    reason = "this is a tool: it reads the clock and writes pictures where it is run"
)]
#![expect(clippy::cast_possible_truncation, reason = "a screen has few cells")]

#[path = "picture/svg.rs"]
mod svg;

use std::error::Error;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use vt100::Parser;

const COLUMNS: NonZero<u16> = NonZero::new(120).expect("it is not 0");
const ROWS: NonZero<u16> = NonZero::new(36).expect("it is not 0");

/// What has to be on the screen for a picture comes round within that time.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long the screen may take to show what a key led to.
const SETTLED: Duration = Duration::from_millis(700);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stage = Stage::open(&program(root)?)?;
    // Some of everything has happened by then.
    stage.play_for(Duration::from_secs(45))?;
    stage.wait_for("a failover", |text| text.contains("failover"))?;
    // To the first login, which has quota windows.
    stage.press("G")?;
    stage.press("k")?;
    write(root, "screen", "Accounts and decisions while agents work", &stage)?;
    stage.press("4")?;
    stage.until("days", "v", |text| text.contains("USD by day and account"))?;
    write(root, "usage", "What was used over time", &stage)?;
    stage.press("3")?;
    stage.press("/")?;
    stage.press("failover")?;
    stage.press("\r")?;
    write(root, "failover", "Why a request went to another account", &stage)?;
    stage.press("q")?;
    stage.finish()
}

/// Builds the program, as `cargo run` would; where it is.
fn program(root: &Path) -> Result<PathBuf> {
    let built = Command::new(env!("CARGO")).args(["build", "--locked"]).current_dir(root).status()?;
    if !built.success() {
        return Err("the program cannot be built".into());
    }
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).ok_or("an example stands in a folder of its own")?;
    Ok(folder.join(format!("codex-account-manager{}", std::env::consts::EXE_SUFFIX)))
}

fn write(root: &Path, name: &str, title: &str, stage: &Stage) -> Result<()> {
    let path = root.join("docs").join(format!("{name}.svg"));
    let picture = svg::picture(stage.parser.screen(), title);
    std::fs::write(&path, &picture)?;
    writeln!(std::io::stderr(), "{}: {} bytes", path.display(), picture.len())?;
    Ok(())
}

/// The demo on its pseudo-terminal.
struct Stage {
    parser: Parser,
    output: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Stage {
    fn open(program: &Path) -> Result<Stage> {
        let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), ..PtySize::default() };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(["demo", "--watch", "--sessions", "5"]);
        command.env_clear();
        for (name, value) in [("HOME", "/"), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC")] {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command)?;
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, output) = channel();
        std::thread::spawn(move || {
            // The other side of the terminal has to live as long as it is read.
            let _master = pair.master;
            let mut bytes = [0; 16_384];
            while let Ok(length) = reader.read(&mut bytes) {
                if length == 0 || sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Stage { parser: Parser::new(ROWS, COLUMNS, 0), output, keys, child })
    }

    fn play_for(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("the demo ended by itself:\n{}", self.parser.screen().contents()).into());
                }
            }
        }
    }

    fn wait_for(&mut self, what: &str, is_there: impl Fn(&str) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !is_there(&self.parser.screen().contents()) {
            if Instant::now() > end {
                return Err(format!("{what} did not come:\n{}", self.parser.screen().contents()).into());
            }
            self.play_for(SETTLED)?;
        }
        Ok(())
    }

    /// Presses `key` until that is on the screen; a view has few arrangements.
    fn until(&mut self, what: &str, key: &str, is_there: impl Fn(&str) -> bool) -> Result<()> {
        for _ in 0..20 {
            if is_there(&self.parser.screen().contents()) {
                return Ok(());
            }
            self.press(key)?;
        }
        Err(format!("{what} did not come:\n{}", self.parser.screen().contents()).into())
    }

    fn press(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        if keys == "q" { Ok(()) } else { self.play_for(SETTLED) }
    }

    fn finish(mut self) -> Result<()> {
        while self.output.recv().is_ok() {}
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the demo ended with {status}").into()) }
    }
}
