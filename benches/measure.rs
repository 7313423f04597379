//! What the program costs, in one table with the ratios first: beside a minimal hyper proxy, nginx and no proxy at all.
//!
//! `cargo bench --profile dist --bench measure`, then `-- instructions streams` for some of the sections, `-- --quick` to try
//! whether it all works; another binary by `CAM_BIN=PATH`. The load and the upstream run on core 0, what is measured on core 1.
//! Counts of instructions and of system calls are the same on every machine. Times are not, so what stands in one row was
//! measured in turn, and the ratio is what counts.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod support {
    pub mod binary;
    pub mod clock;
    pub mod connection;
    pub mod cores;
    pub mod counted;
    pub mod door;
    pub mod failover;
    pub mod figures;
    pub mod framing;
    pub mod home;
    pub mod load;
    pub mod machine;
    pub mod memory;
    pub mod minimal;
    pub mod nginx;
    pub mod request;
    pub mod scale;
    pub mod sheet;
    pub mod sidecar;
    pub mod stamp;
    pub mod starts;
    pub mod streams;
    pub mod system;
    pub mod table;
    pub mod timed;
    pub mod tool;
    pub mod upstream;
}

use std::io;
use std::process::ExitCode;

use support::sheet::Sheet;
use support::timed::{FULL, QUICK};
use support::tool::Tool;
use support::upstream::Upstream;
use support::{binary, cores, counted, failover, machine, minimal, nginx, scale, starts, streams, timed, upstream};

/// What can be asked for by name, in the order of the table.
const SECTIONS: [&str; 7] = ["instructions", "calls", "requests", "streams", "failover", "starts", "scale"];

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("upstream") => upstream::serve().map(|()| ExitCode::SUCCESS),
        Some("minimal") => minimal::serve(&arguments[1..]).map(|()| ExitCode::SUCCESS),
        Some("load") => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(measure(&arguments[1..])).map(|()| ExitCode::SUCCESS)
        }
        _ => Ok(if cores::run_as_load(&arguments)?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

async fn measure(arguments: &[String]) -> io::Result<()> {
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let chosen: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = chosen.iter().find(|name| !SECTIONS.contains(name)) {
        return Err(io::Error::other(format!("no section `{unknown}`\nhint: there are {}", SECTIONS.join(", "))));
    }
    let extent = if quick { &QUICK } else { &FULL };
    let binary = binary::find()?;
    println!("{}: {}", machine::here(), binary.display());
    let upstream = Upstream::spawn()?;
    let mut sheet = Sheet::new();
    if !cores::can_be_chosen() {
        sheet.remark("The cores cannot be chosen here (no `taskset`, or one core): the times are rougher.".to_owned());
    }
    if !nginx::is_there() {
        sheet.remark("nginx is not installed: `apt-get install nginx`".to_owned());
    }
    for section in SECTIONS.into_iter().filter(|section| chosen.is_empty() || chosen.contains(section)) {
        match section {
            "instructions" => counted::rows(&mut sheet, Tool::Callgrind, &upstream, extent).await?,
            "calls" => counted::rows(&mut sheet, Tool::Strace, &upstream, extent).await?,
            "requests" => timed::rows(&mut sheet, &upstream, extent).await?,
            "streams" => streams::rows(&mut sheet, &upstream, extent).await?,
            "failover" => failover::rows(&mut sheet, &upstream, extent).await?,
            "starts" => starts::rows(&mut sheet, &upstream, extent)?,
            _ => scale::rows(&mut sheet, &upstream, extent).await?,
        }
    }
    println!("{sheet}");
    Ok(())
}
