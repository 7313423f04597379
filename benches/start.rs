//! How fast a sidecar is there and how little it holds. An editor waits for the first, a laptop bears the second once per
//! agent.
//!
//! `cargo build --profile dist && cargo bench --bench start`; another binary by `CAM_BENCH_BINARY=PATH`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints a table and looks at what was left on disk"
)]

mod support {
    pub mod binary;
    pub mod figures;
    pub mod home;
    pub mod memory;
    pub mod sidecar;
    pub mod table;
}

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use codex_account_manager::clock;
use serde_json::Value;
use support::figures::{median, quantile};
use support::home::Home;
use support::memory;
use support::sidecar::Sidecar;
use support::table::{Table, number};

/// Starts before the first that counts: the binary's pages are in memory then.
const WARM_UPS: usize = 3;
const STARTS: usize = 20;
const AT_ONCE: usize = 50;
const ROUNDS_AT_ONCE: usize = 3;

fn main() -> io::Result<()> {
    let home = Home::new()?;
    for number in 1..=4 {
        home.add(&format!("bench {number}"), &format!("sk-bench-{number:032}"), "http://127.0.0.1:9")?;
    }
    let version = run(&home, "--version")?;
    let list = run(&home, "list")?;
    for _ in 0..WARM_UPS {
        start(&home)?;
    }
    let alone = (0..STARTS).map(|_| start(&home).map(|(took, _)| took)).collect::<io::Result<Vec<f64>>>()?;
    let together = (0..ROUNDS_AT_ONCE).map(|_| start_at_once(&home)).collect::<io::Result<Vec<f64>>>()?;
    let (_, sidecar) = start(&home)?;
    std::thread::sleep(Duration::from_secs(1));
    let resident = memory::megabytes(sidecar.pid(), &["Rss:"]).unwrap_or(f64::NAN);
    let private = memory::megabytes(sidecar.pid(), &["Private_Clean:", "Private_Dirty:"]).unwrap_or(f64::NAN);
    let size = std::fs::metadata(&home.binary)?.len();

    let mut table = Table::new(&["", "median", "best", "worst", "aim, then"]);
    let mut spread = |name: String, values: &[f64], aim: &str| {
        let [middle, best, worst] =
            [median(values), quantile(values, 0.0), quantile(values, 1.0)].map(|ms| number(ms, 2));
        table.row(vec![name, middle, best, worst, aim.to_owned()]);
    };
    spread("exec to the initialize answer, ms".to_owned(), &alone, "8, 4");
    spread(format!("{AT_ONCE} at once, all ready, ms"), &together, "400, 200");
    spread("exec to exit: --version, ms".to_owned(), &[version], "");
    spread("exec to exit: list, ms".to_owned(), &[list], "");
    let mut single = |name: &str, value: f64, aim: &str| {
        table.row(vec![name.to_owned(), number(value, 1), String::new(), String::new(), aim.to_owned()]);
    };
    single("idle, resident, MB", resident, "10, 8");
    single("idle, private, MB", private, "");
    single("binary, MB", f64::from(u32::try_from(size / 1024).unwrap_or(u32::MAX)) / 1024.0, "15");
    println!("{table}");
    Ok(())
}

/// Starts one sidecar and tells how long its first answer took; its port and its record are there by then.
fn start(home: &Home) -> io::Result<(f64, Sidecar)> {
    let mut command = home.command();
    command.arg("sidecar");
    let began = clock::instant();
    let mut sidecar = Sidecar::spawn(command)?;
    let (address, _) = sidecar.ready()?;
    let took = millis_since(began);
    TcpStream::connect(address)?;
    let file: Value = serde_json::from_slice(&std::fs::read(&home.accounts_file)?)?;
    if !file["sessions"].to_string().contains(&sidecar.pid().to_string()) {
        return Err(io::Error::other("the sidecar answered before its session record was on disk"));
    }
    Ok((took, sidecar))
}

/// Starts many and waits until all have answered.
fn start_at_once(home: &Home) -> io::Result<f64> {
    let began = clock::instant();
    let spawn = |_| {
        let mut command = home.command();
        command.arg("sidecar");
        Sidecar::spawn(command)
    };
    let mut sidecars = (0..AT_ONCE).map(spawn).collect::<io::Result<Vec<_>>>()?;
    for sidecar in &mut sidecars {
        sidecar.ready()?;
    }
    Ok(millis_since(began))
}

/// The median time of a command that prints and ends.
fn run(home: &Home, verb: &str) -> io::Result<f64> {
    let once = || {
        let began = clock::instant();
        let output = home.command().arg(verb).output()?;
        let took = millis_since(began);
        if output.status.success() {
            Ok(took)
        } else {
            Err(io::Error::other(format!("`{verb}` ended with {}", output.status)))
        }
    };
    Ok(median(&(0..STARTS).map(|_| once()).collect::<io::Result<Vec<f64>>>()?))
}

fn millis_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}
