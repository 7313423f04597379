//! What `git config` says of a file: which of its values name remotes, rewrite their addresses or lead to more files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::clock;
use crate::domain::plain_text::bounded;
use crate::env::{self, Environment};

/// No more is taken of what `git` says of a file. All that stands in it comes, also each branch.
const MOST_SAID: u64 = 4 * 1024 * 1024;

/// No more letters are shown of what it complains of.
const LONGEST_COMPLAINT: usize = 300;

/// Where `git` is started: away from every repository, so that only what is named is read.
pub const ROOT: &str = std::path::MAIN_SEPARATOR_STR;

/// What a `git` in an alias or a hook hands on of the `-c` that it was called with.
pub const PARAMETERS: &str = "GIT_CONFIG_PARAMETERS";

/// The longest time between two looks whether `git` has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Why a `git` that hangs says nothing.
const LATE: &str = "`git` did not say in time what the remotes are";

/// What a value of a configuration is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is the address of a remote, or the name of one.
    Address,
    /// Addresses that begin with it begin with this instead.
    Rewrite(String),
    /// It leads to a file that is read too.
    Include,
    /// The same under a condition.
    IncludeIf,
}

/// One value of a configuration.
pub struct Entry {
    /// The file that it stands in, if it is one.
    pub file: Option<PathBuf>,
    /// What it is for.
    pub is: Use,
    /// The value.
    pub value: String,
}

impl Use {
    /// By its name, the section and the last part in small letters; `None` for one that says nothing of remotes.
    pub fn of(name: &str) -> Option<Use> {
        let (section, rest) = name.split_once('.')?;
        match (section, rest.rsplit_once('.')) {
            ("remote" | "svn-remote", Some((_, "url" | "pushurl")))
            | ("branch", Some((_, "remote" | "pushremote"))) => Some(Use::Address),
            ("remote", None) if rest == "pushdefault" => Some(Use::Address),
            ("url", Some((base, "insteadof" | "pushinsteadof"))) => Some(Use::Rewrite(base.to_owned())),
            ("include", None) if rest == "path" => Some(Use::Include),
            ("includeif", Some((_, "path"))) => Some(Use::IncludeIf),
            _ => None,
        }
    }
}

/// What is of use in the configuration that `of` names; the person's own where it names none, with the `parameters` that a `git` around this
/// process handed on. At `until` it is given up.
///
/// # Errors
///
/// Why nobody can tell, in words.
pub fn entries(
    of: &[&str],
    parameters: Option<&str>,
    environment: &Environment,
    until: Instant,
) -> Result<Vec<Entry>, String> {
    let lost = |error: io::Error| format!("`git` cannot be asked for the remotes: {error}");
    let file = of.iter().find(|word| !word.starts_with('-'));
    let what = file.map_or("its configuration".to_owned(), |file| format!("`{file}`"));
    let mut command = env::program("git");
    // The whole list, since only of that an empty one is a success: asked for names, it fails alike where it finds none and where it
    // could not read.
    command.arg("config").args(of).args(["--null", "--show-origin", "--list"]);
    command.current_dir(ROOT).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What it complains of stands in our own messages.
    command.env("LC_ALL", "C");
    // They would name another configuration.
    for name in environment.names().filter(|name| name.to_ascii_uppercase().starts_with("GIT_")) {
        command.env_remove(name);
    }
    if let Some(parameters) = parameters {
        command.env(PARAMETERS, parameters);
    }
    let mut child = command.spawn().map_err(lost)?;
    let said = read_aside(child.stdout.take().expect("it is piped"));
    let complained = read_aside(child.stderr.take().expect("it is piped"));
    let left = || until.saturating_duration_since(clock::instant());
    let said = said.recv_timeout(left());
    let is_whole = matches!(&said, Ok(Ok(bytes)) if bytes.len() as u64 <= MOST_SAID);
    // It may close what it writes to, and stay.
    let status = if is_whole { ended(&mut child, until).map_err(lost)? } else { None };
    if status.is_none() {
        let _ = child.kill();
        // A process that waits for a disk does not end at once when it is killed.
        std::thread::spawn(move || child.wait());
    }
    let said = said.map_err(|_| LATE.to_owned())?.map_err(lost)?;
    if !is_whole {
        return Err(format!("of {what} `git` says more than is read"));
    }
    let status = status.ok_or(LATE)?;
    if !status.success() {
        let why = complained.recv_timeout(left()).ok().and_then(Result::ok).and_then(|said| reason(&said));
        return Err(format!("`git` cannot read {what}: {}", why.unwrap_or_else(|| status.to_string())));
    }
    read(&said)
}

/// How it ended; `None` where it has not at `until`.
pub(super) fn ended(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        let status = child.try_wait()?;
        let left = until.saturating_duration_since(clock::instant());
        if status.is_some() || left.is_zero() {
            return Ok(status);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(BETWEEN_LOOKS);
    }
}

/// What comes out of a pipe, up to [`MOST_SAID`] and a byte: read beside, since nobody waits for it for long.
fn read_aside(pipe: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, read) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let done = pipe.take(MOST_SAID + 1).read_to_end(&mut bytes);
        // Nobody may be waiting any more.
        let _ = sender.send(done.map(|_| bytes));
    });
    read
}

/// Of what `git` complains the line that says why it failed. A repository may be anybody's, and so are its words.
fn reason(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    let why = |line| ["fatal: ", "error: "].iter().find_map(|begin| str::strip_prefix(line, begin));
    bounded(text.lines().find_map(why).or(text.lines().next())?, LONGEST_COMPLAINT)
}

/// Where it stands, ended by a zero byte; then a name and its value behind a line feed, ended by another.
fn read(said: &[u8]) -> Result<Vec<Entry>, String> {
    let unread = || "`git` said something that cannot be read".to_owned();
    let Some(said) = said.strip_suffix(&[0]) else {
        return if said.is_empty() { Ok(Vec::new()) } else { Err(unread()) };
    };
    let parts: Vec<&[u8]> = said.split(|byte| *byte == 0).collect();
    let entry = |parts: &[&[u8]]| {
        let [origin, entry] = parts else { return Err(unread()) };
        let text = String::from_utf8_lossy(entry);
        // A name alone is one without a value.
        let (name, value) = text.split_once('\n').unwrap_or((&text, ""));
        let Some(is) = Use::of(name) else { return Ok(None) };
        let file = String::from_utf8_lossy(origin);
        let file = file.strip_prefix("file:").map(|file| Path::new(ROOT).join(file));
        Ok(Some(Entry { file, is, value: value.to_owned() }))
    };
    parts.chunks(2).filter_map(|parts| entry(parts).transpose()).collect()
}
