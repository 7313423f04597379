//! What the proxy adds to a request and to a stream, side by side with no proxy and with nginx.
//!
//! `cargo build --profile dist && cargo bench --bench proxy`; `-- --quick` only tries whether it all works; another binary by
//! `CAM_BENCH_BINARY=PATH`. The load and the upstream run on core 0, the proxy under test on core 1. Figures differ from
//! machine to machine and from hour to hour: rounds are run in turn, and the ratio to nginx is what counts.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod support {
    pub mod binary;
    pub mod connection;
    pub mod cores;
    pub mod figures;
    pub mod framing;
    pub mod home;
    pub mod load;
    pub mod memory;
    pub mod nginx;
    pub mod request;
    pub mod sidecar;
    pub mod stamp;
    pub mod streams;
    pub mod table;
    pub mod target;
    pub mod upstream;
}

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use support::figures::{median, quantile};
use support::nginx::Nginx;
use support::request::Pace;
use support::table::{Table, number};
use support::target::{Ours, Target};
use support::upstream::{KEY, LIMITED_FOR, Upstream};
use support::{cores, load, memory, streams};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const CROWD: u32 = 500;
/// Megabytes to which memory should come back after the crowd.
const SETTLED: f64 = 12.0;

/// How much is measured.
struct Extent {
    rounds: usize,
    flood: Duration,
    /// First events and failovers a round.
    count: usize,
    /// Events of each paced stream.
    events: u32,
    /// Seconds that memory may take to come back after the crowd.
    settling: u32,
}

const FULL: Extent = Extent { rounds: 3, flood: Duration::from_secs(1), count: 334, events: 150, settling: 20 };
const QUICK: Extent = Extent { rounds: 1, flood: Duration::from_millis(100), count: 20, events: 20, settling: 0 };

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("upstream") => support::upstream::serve().map(|()| ExitCode::SUCCESS),
        Some("load") => {
            let extent = if arguments.iter().any(|argument| argument == "--quick") { QUICK } else { FULL };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(measure(&extent)).map(|()| ExitCode::SUCCESS)
        }
        _ => Ok(if cores::run_as_load(&arguments)?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// The figures of one target, a value for each round.
#[derive(Default)]
struct Figures {
    name: &'static str,
    per_second: [Vec<f64>; 3],
    processor: Vec<f64>,
    request: Vec<f64>,
    first_event: Vec<f64>,
    event_p50: Vec<f64>,
    event_p99: Vec<f64>,
    /// What a failed-over 429 adds.
    failover: Vec<f64>,
    whole: Option<u32>,
    /// In KB.
    per_stream: f64,
}

/// A target and what stands beside it for the failover: the same proxy with the limited upstream first, and without it.
struct Contestant {
    target: Target,
    failover: Option<[Target; 2]>,
}

async fn measure(extent: &Extent) -> io::Result<()> {
    let chosen_cores = cores::can_be_chosen();
    if !chosen_cores {
        println!("The cores cannot be chosen here (no `taskset`, or one core): the figures are rougher.");
    }
    let upstream = Upstream::spawn()?;
    let nginx = Nginx::start(&upstream, chosen_cores)?;
    if nginx.is_none() {
        println!("nginx is not installed (`apt-get install nginx`): nothing to compare with.");
    }
    let ours = Ours::start(&[upstream.replay], chosen_cores)?;
    let failing_over = Ours::start(&[upstream.limited, upstream.free], chosen_cores)?;
    let plain = Ours::start(&[upstream.free], chosen_cores)?;
    let target = |name, address, pid| Target { name, address, key: KEY.to_owned(), pid };
    let mut contestants = vec![Contestant { target: target("direct", upstream.replay, None), failover: None }];
    if let Some(nginx) = &nginx {
        let at = |address| target("nginx", address, Some(nginx.pid()));
        contestants.push(Contestant { target: at(nginx.replay), failover: Some([at(nginx.failover), at(nginx.free)]) });
    }
    contestants.push(Contestant { target: ours.target(), failover: Some([failing_over.target(), plain.target()]) });

    let mut figures: Vec<Figures> = Vec::new();
    for contestant in &contestants {
        figures.push(Figures { name: contestant.target.name, ..Figures::default() });
        load::flood(&contestant.target, 16, extent.flood / 4).await?;
    }
    for _ in 0..extent.rounds {
        for (contestant, figures) in contestants.iter().zip(&mut figures) {
            round(contestant, figures, extent).await?;
        }
    }
    let fresh = Ours::start(&[upstream.replay], chosen_cores)?;
    let settled = crowds(&contestants, &mut figures, &fresh, extent.settling).await?;
    println!("{}", table(&figures));
    println!("{settled}");
    Ok(())
}

async fn round(contestant: &Contestant, figures: &mut Figures, extent: &Extent) -> io::Result<()> {
    let target = &contestant.target;
    for (connections, per_second) in CONNECTIONS.into_iter().zip(&mut figures.per_second) {
        let run = load::flood(target, connections, extent.flood).await?;
        per_second.push(run.per_second);
        match connections {
            1 => figures.request.push(median(&run.latencies)),
            16 => figures.processor.push(run.processor),
            _ => {}
        }
    }
    figures.first_event.push(median(&streams::first_events(target, extent.count).await?));
    let pace = Pace { events: extent.events, pause_micros: 10_000 };
    let ages = streams::event_ages(target, 20, pace).await?;
    figures.event_p50.push(median(&ages));
    figures.event_p99.push(quantile(&ages, 0.99));
    if let Some([failing_over, plain]) = &contestant.failover {
        let pause = LIMITED_FOR + Duration::from_millis(1);
        let failed_over = load::ask_slowly(failing_over, extent.count, pause, true).await?;
        let plain = load::ask_slowly(plain, extent.count, pause, false).await?;
        figures.failover.push(median(&failed_over) - median(&plain));
    }
    Ok(())
}

/// Very many streams through each; ours in a fresh process. The text tells what ours held.
async fn crowds(
    contestants: &[Contestant],
    figures: &mut [Figures],
    fresh: &Ours,
    settling: u32,
) -> io::Result<String> {
    let pace = Pace { events: 20, pause_micros: 100_000 };
    let mut text = String::new();
    for (contestant, figures) in contestants.iter().zip(figures) {
        let is_ours = contestant.target.name == fresh.target().name;
        let target = if is_ours { fresh.target() } else { contestant.target.clone() };
        let crowd = streams::crowd(&target, CROWD, pace).await?;
        figures.whole = Some(crowd.whole);
        figures.per_stream = (crowd.during - crowd.before) * 1024.0 / f64::from(CROWD);
        if let (true, Some(pid)) = (is_ours, target.pid) {
            let (after, seconds) = settle(pid, settling).await;
            let [before, during, after] = [crowd.before, crowd.during, after].map(|megabytes| number(megabytes, 1));
            text = format!(
                "ours, resident: {before} MB idle, {during} MB with {CROWD} streams, {after} MB {seconds} s later (aim 12)"
            );
        }
    }
    Ok(text)
}

/// Waits until memory is back, at most `settling` seconds, and tells what it is then and how long that took.
async fn settle(pid: u32, settling: u32) -> (f64, u32) {
    let mut seconds = 0;
    loop {
        let resident = memory::megabytes(pid, &["Rss:"]).unwrap_or(f64::NAN);
        if resident < SETTLED || seconds >= settling {
            return (resident, seconds);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds += 1;
    }
}

fn table(figures: &[Figures]) -> Table {
    let mut head = vec![""];
    head.extend(figures.iter().map(|each| each.name));
    head.extend(["ours / nginx", "aim, then"]);
    let mut table = Table::new(&head);
    let direct = |of: fn(&Figures) -> f64| figures.first().map_or(f64::NAN, of);
    let mut row = |name: &str, digits: usize, aim: &str, of: &dyn Fn(&Figures) -> f64| {
        let value = |name: &str| figures.iter().find(|each| each.name == name).map_or(f64::NAN, of);
        let mut cells = vec![name.to_owned()];
        cells.extend(figures.iter().map(|each| number(of(each), digits)));
        cells.extend([number(value("ours") / value("nginx"), 2), aim.to_owned()]);
        table.row(cells);
    };
    row("requests/s, c=1", 0, "0.85, 0.95", &|each| median(&each.per_second[0]));
    row("requests/s, c=16", 0, "0.85, 0.95", &|each| median(&each.per_second[1]));
    row("requests/s, c=64", 0, "0.85, 0.95", &|each| median(&each.per_second[2]));
    row("processor a request, µs", 1, "", &|each| median(&each.processor));
    let request = |each: &Figures| median(&each.request);
    row("added p50, µs", 0, "1.1, 1.0", &|each| request(each) - direct(request));
    let first = |each: &Figures| median(&each.first_event);
    row("first event added, µs", 0, "1.1, 1.0", &|each| first(each) - direct(first));
    row("20 streams: event p50, µs", 0, "1.1, 1.0", &|each| median(&each.event_p50));
    row("20 streams: event p99, µs", 0, "1.0", &|each| median(&each.event_p99));
    row("a failed-over 429 adds, µs", 0, "150, 80 µs", &|each| median(&each.failover));
    row("500 streams: whole", 0, "500", &|each| each.whole.map_or(f64::NAN, f64::from));
    row("500 streams: KB each", 1, "32, 18 KB", &|each| each.per_stream);
    table
}
