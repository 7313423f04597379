//! How fast a sidecar is there and how little it holds. An editor waits for the first, a laptop pays the second once per
//! agent.
#![expect(clippy::disallowed_methods, reason = "the session's record is looked at on disk")]

use std::io;
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

use super::clock;
use super::door::{self, Kind};
use super::figures::median;
use super::home::Home;
use super::memory;
use super::sheet::Sheet;
use super::sidecar::Sidecar;
use super::system;
use super::timed::{Extent, Rounds};
use super::upstream::Upstream;

/// Starts before the first that counts: the binary's pages are in memory then.
const WARM_UPS: usize = 3;
const ROUNDS_AT_ONCE: usize = 3;

/// Starts, memory and size.
pub fn rows(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let home = door::home(&[upstream.free; 4])?;
    let [starts, at_once] = extent.starts;
    for _ in 0..WARM_UPS {
        start(&home)?;
        Minimal::start(upstream)?;
    }
    let (mut alone, mut together) = (Rounds::new(), Rounds::new());
    for _ in 0..starts {
        alone.push(Kind::Sidecar, start(&home)?.0);
        let began = clock::now();
        let _minimal = Minimal::start(upstream)?;
        alone.push(Kind::Minimal, millis_since(began));
    }
    let mut pss = f64::NAN;
    for _ in 0..ROUNDS_AT_ONCE {
        let began = clock::now();
        let mut sidecars = (0..at_once).map(|_| spawn(&home)).collect::<io::Result<Vec<_>>>()?;
        for sidecar in &mut sidecars {
            sidecar.ready()?;
        }
        together.push(Kind::Sidecar, millis_since(began));
        std::thread::sleep(Duration::from_secs(2));
        pss = sidecars.iter().map(|sidecar| megabytes(sidecar, &["Pss:"])).sum();
    }
    let (_, sidecar) = start(&home)?;
    std::thread::sleep(Duration::from_secs(1));
    let [one, resident] = ["Pss:", "Rss:"].map(|name| megabytes(&sidecar, &[name]));
    let private = megabytes(&sidecar, &["Private_Clean:", "Private_Dirty:"]);
    let minimal = Minimal::start(upstream)?;
    std::thread::sleep(Duration::from_millis(200));
    let least = memory::megabytes(minimal.0.id(), &["Rss:"]).unwrap_or(f64::NAN);
    let version = run(&home, "--version", starts)?;
    let list = run(&home, "list", starts)?;
    let size = std::fs::metadata(&home.binary)?.len() / 1024;
    let count = f64::from(u32::try_from(at_once).unwrap_or(u32::MAX));

    sheet.row("exec to the initialize answer, ms", 2, |kind| alone.of(kind));
    sheet.remark("exec to the initialize answer: for minimal, to the line with its port".to_owned());
    sheet.ours(&format!("{at_once} sidecars at once, all ready, ms"), 0, together.of(Kind::Sidecar));
    sheet.ours(&format!("PSS of {at_once} sidecars, MB"), 1, pss);
    sheet.ours(&format!("PSS of {at_once} by their number, MB"), 2, pss / count);
    sheet.ours("PSS of each further sidecar, MB", 2, (pss - one) / (count - 1.0));
    let of = |kind| match kind {
        Kind::Sidecar => resident,
        Kind::Minimal => least,
        _ => f64::NAN,
    };
    sheet.row("RSS of one sidecar, MB", 1, of);
    sheet.ours("private memory of one sidecar, MB", 1, private);
    sheet.ours("binary, MB", 2, f64::from(u32::try_from(size).unwrap_or(u32::MAX)) / 1024.0);
    sheet.ours("exec to exit: --version, ms", 2, version);
    sheet.ours("exec to exit: list, ms", 2, list);
    Ok(())
}

/// The minimal proxy, ended when dropped.
struct Minimal(Child);

impl Minimal {
    fn start(upstream: &Upstream) -> io::Result<Minimal> {
        let mut command = system::program(std::env::current_exe()?);
        door::minimal(command.arg("minimal"), &[upstream.free]).map(|(_, child)| Minimal(child))
    }
}

impl Drop for Minimal {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one sidecar. How many milliseconds its first answer took; its port and its record are there by then.
pub fn start(home: &Home) -> io::Result<(f64, Sidecar)> {
    let began = clock::now();
    let mut sidecar = spawn(home)?;
    let (address, _) = sidecar.ready()?;
    let took = millis_since(began);
    TcpStream::connect(address)?;
    let file = std::fs::read(&home.accounts_file)?;
    let file: serde_json::Value = serde_json::from_slice(&file)?;
    if !file["sessions"].to_string().contains(&sidecar.pid().to_string()) {
        return Err(io::Error::other("the sidecar answered before its session record was on disk"));
    }
    Ok((took, sidecar))
}

fn spawn(home: &Home) -> io::Result<Sidecar> {
    let mut command = home.command();
    command.arg("sidecar");
    Sidecar::spawn(command)
}

/// The median time of a command that prints and ends, in milliseconds.
pub fn run(home: &Home, verb: &str, times: usize) -> io::Result<f64> {
    let once = || {
        let began = clock::now();
        let output = home.command().arg(verb).output()?;
        let took = millis_since(began);
        if output.status.success() {
            Ok(took)
        } else {
            Err(io::Error::other(format!("`{verb}` ended with {}", output.status)))
        }
    };
    Ok(median(&(0..times).map(|_| once()).collect::<io::Result<Vec<f64>>>()?))
}

fn megabytes(sidecar: &Sidecar, names: &[&str]) -> f64 {
    memory::megabytes(sidecar.pid(), names).unwrap_or(f64::NAN)
}

/// Milliseconds since then.
pub fn millis_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
