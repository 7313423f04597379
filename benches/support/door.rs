//! What is measured: a process that listens for the load and asks the upstream, or the upstream itself.
#![expect(clippy::disallowed_methods, reason = "the accounts file is read as another program would")]

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::cores;
use super::home::Home;
use super::nginx;
use super::sidecar::Sidecar;
use super::system;
use super::tool::Tool;
use super::upstream::KEY;

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours, as an agent starts it.
    Sidecar,
    /// Ours, as a person starts it: it logs every decision.
    Proxy,
    /// The least that does the job.
    Minimal,
    /// nginx.
    Nginx,
    /// None.
    Direct,
}

/// Where requests go, with what key, and which process forwards them.
#[derive(Clone)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wants as bearer.
    pub key: String,
    /// The process that forwards; none for a direct connection.
    pub pid: Option<u32>,
}

enum Process {
    None,
    Sidecar(Sidecar),
    Plain(Child),
}

/// A running program; dropping it ends it.
pub struct Door {
    /// Its address.
    pub target: Target,
    process: Process,
    home: Option<Home>,
    _folder: TempDir,
}

impl Door {
    /// Starts one that asks the first of `upstreams`, and the second when that answers 429. `None` when it is not installed.
    pub fn open(kind: Kind, upstreams: &[SocketAddr]) -> io::Result<Option<Door>> {
        Door::open_under(kind, upstreams, None)
    }

    /// The same, counted by a tool that writes to the file.
    pub fn open_under(kind: Kind, upstreams: &[SocketAddr], tool: Option<(Tool, &Path)>) -> io::Result<Option<Door>> {
        let home = match kind {
            Kind::Sidecar | Kind::Proxy => Some(home(upstreams)?),
            _ => None,
        };
        Door::open_at(kind, upstreams, tool, home)
    }

    /// Ours, with the accounts of a home that is there already.
    pub fn open_home(home: Home) -> io::Result<Door> {
        let door = Door::open_at(Kind::Sidecar, &[], None, Some(home))?;
        door.ok_or_else(|| io::Error::other("the sidecar did not start"))
    }

    fn open_at(
        kind: Kind,
        upstreams: &[SocketAddr],
        tool: Option<(Tool, &Path)>,
        home: Option<Home>,
    ) -> io::Result<Option<Door>> {
        let folder = tempfile::tempdir()?;
        let command = |program: PathBuf| {
            let counted = tool.map_or_else(Vec::new, |(tool, file)| tool.words(file));
            let mut words: Vec<OsString> = counted.into_iter().map(OsString::from).collect();
            words.push(program.into());
            let mut command =
                if cores::can_be_chosen() { cores::on(cores::PROXY, &words[0]) } else { system::program(&words[0]) };
            command.args(&words[1..]);
            match &home {
                Some(home) => home.settle(command),
                None => command,
            }
        };
        let ours = home.as_ref().map_or_else(PathBuf::new, |home| home.binary.clone());
        let (address, key, process) = match kind {
            Kind::Direct => (upstreams[0], KEY.to_owned(), Process::None),
            Kind::Sidecar => {
                let mut command = command(ours);
                // A limit of milliseconds is not waited out here: what is measured is the way to the next account.
                command.args(["sidecar", "--set", "routing.short_retry_ms=0"]);
                let mut sidecar = Sidecar::spawn(command)?;
                let (address, key) = sidecar.ready()?;
                if let Some(mut stdout) = sidecar.stdout.take() {
                    // Notifications nobody reads would fill the pipe.
                    std::thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
                }
                (address, key, Process::Sidecar(sidecar))
            }
            Kind::Proxy => {
                let address = free_port()?;
                let mut command = command(ours);
                command.args(["proxy", "--bind", &address.to_string(), "--api-key", KEY]);
                (address, KEY.to_owned(), Process::Plain(listening(command, address)?))
            }
            Kind::Minimal => {
                let mut command = command(std::env::current_exe()?);
                let (address, child) = minimal(command.arg("minimal"), upstreams)?;
                (address, KEY.to_owned(), Process::Plain(child))
            }
            Kind::Nginx => {
                if !nginx::is_there() {
                    return Ok(None);
                }
                let address = free_port()?;
                let mut command = command("nginx".into());
                nginx::configure(&mut command, folder.path(), address, upstreams)?;
                (address, KEY.to_owned(), Process::Plain(listening(command, address)?))
            }
        };
        let pid = match &process {
            Process::None => None,
            Process::Sidecar(sidecar) => Some(sidecar.pid()),
            Process::Plain(child) => Some(child.id()),
        };
        Ok(Some(Door { target: Target { address, key, pid }, process, home, _folder: folder }))
    }

    /// How often the accounts file was written; NaN where there is none.
    pub fn revision(&self) -> f64 {
        let file = self.home.as_ref().and_then(|home| std::fs::read(&home.accounts_file).ok());
        let file: Option<Value> = file.and_then(|file| serde_json::from_slice(&file).ok());
        file.and_then(|file| file["revision"].as_f64()).unwrap_or(f64::NAN)
    }

    /// Asks it to end and waits, so that a tool can write what it counted.
    pub fn end(mut self) -> io::Result<()> {
        if let Some(pid) = self.target.pid {
            system::program("sh").args(["-c", &format!("kill -TERM {pid}")]).status()?;
        }
        match &mut self.process {
            Process::None => Ok(()),
            Process::Sidecar(sidecar) => sidecar.child.wait().map(drop),
            Process::Plain(child) => child.wait().map(drop),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Process::Plain(child) = &mut self.process {
            // It may have ended by itself; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A home with an account for each of `upstreams`, pinned to the first.
pub fn home(upstreams: &[SocketAddr]) -> io::Result<Home> {
    let home = Home::new()?;
    for (at, upstream) in upstreams.iter().enumerate() {
        home.add(&format!("bench {at}"), &format!("{KEY}{}", "0".repeat(at)), &format!("http://{upstream}"))?;
    }
    if upstreams.len() > 1 {
        let output = home.command().args(["switch", "1"]).output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
    }
    Ok(home)
}

/// Starts the minimal proxy by `command` and waits for the line with its address.
pub fn minimal(command: &mut Command, upstreams: &[SocketAddr]) -> io::Result<(SocketAddr, Child)> {
    command.args(upstreams.iter().map(SocketAddr::to_string));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut line)?;
    Ok((line.trim().parse().map_err(io::Error::other)?, child))
}

/// Starts `command` and waits until it listens.
fn listening(mut command: Command, address: SocketAddr) -> io::Result<Child> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    for _ in 0..3000 {
        if TcpStream::connect(address).is_ok() {
            return Ok(child);
        }
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("{command:?} ended with {status}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(io::Error::other(format!("{command:?} does not listen")))
}

fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
