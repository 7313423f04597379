//! Streams: how soon the first event is there, how evenly the others come, and what very many of them cost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use tokio::task::JoinSet;

use super::clock;
use super::connection::Connection;
use super::door::{Door, Target};
use super::figures::{median, quantile};
use super::load::{processor_time, well};
use super::memory;
use super::request::{self, Pace};
use super::sheet::{COLUMNS, Sheet};
use super::stamp;
use super::timed::{self, Extent, Rounds};
use super::upstream::Upstream;

/// All of it, by each in turn.
pub async fn rows(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let doors = timed::doors(upstream)?;
    let mut first = Rounds::new();
    let paced = Pace { events: extent.events, pause_micros: 10_000 };
    let fast = Pace { events: extent.fast_events, pause_micros: 0 };
    let mut events = [("20 streams at 10 ms", 20, paced), ("8 streams at full speed", 8, fast)]
        .map(|what| (what, [(); 3].map(|()| Rounds::new())));
    for _ in 0..extent.rounds {
        for (kind, door) in &doors {
            first.push(*kind, median(&first_events(&door.target, extent.count).await?));
        }
        for ((_, streams, pace), figures) in &mut events {
            for (kind, door) in &doors {
                let before = processor_time(door.target.pid);
                let ages = event_ages(&door.target, *streams, *pace).await?;
                let took = processor_time(door.target.pid) - before;
                let each = took / f64::from(*streams * pace.events);
                for (rounds, value) in figures.iter_mut().zip([median(&ages), quantile(&ages, 0.99), each]) {
                    rounds.push(*kind, value);
                }
            }
        }
    }
    drop(doors);
    sheet.row("added first event, µs", 0, |kind| first.added(kind));
    for ((name, ..), figures) in &events {
        for ((what, digits), rounds) in
            [("event p50, µs", 0), ("event p99, µs", 0), ("processor an event, µs", 2)].into_iter().zip(figures)
        {
            sheet.row(&format!("{name}: {what}"), digits, |kind| rounds.of(kind));
        }
    }
    crowds(sheet, upstream, extent).await
}

/// Very many streams through a fresh process of each.
async fn crowds(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let pace = Pace { events: 20, pause_micros: 100_000 };
    let streams = extent.crowd;
    let mut crowds = Vec::new();
    for kind in COLUMNS {
        let Some(door) = Door::open(kind, &[upstream.free])? else { continue };
        // Memory that the first request needs for good is no stream's.
        super::load::ask(&door.target, 1).await?;
        let crowd = crowd(&door.target, streams, pace).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        crowds.push((kind, crowd, resident(&door.target)));
    }
    let find = |kind| crowds.iter().find(|(column, ..)| *column == kind);
    sheet.row(&format!("{streams} streams: complete"), 0, |kind| {
        find(kind).map_or(f64::NAN, |(_, crowd, _)| f64::from(crowd.whole))
    });
    sheet.row(&format!("{streams} streams: KB each"), 1, |kind| {
        find(kind).map_or(f64::NAN, |(_, crowd, _)| (crowd.during - crowd.before) * 1024.0 / f64::from(streams))
    });
    sheet.row(&format!("{streams} streams: MB resident 2 s later"), 1, |kind| {
        find(kind).map_or(f64::NAN, |(.., after)| *after)
    });
    Ok(())
}

/// Resident memory, in MB; NaN where there is no proxy.
fn resident(target: &Target) -> f64 {
    target.pid.and_then(|pid| memory::megabytes(pid, &["Rss:"])).unwrap_or(f64::NAN)
}

/// The times from a request to the first event of its stream, in microseconds.
async fn first_events(target: &Target, count: usize) -> io::Result<Vec<f64>> {
    let request = request::stream(target.address, &target.key, Pace { events: 4, pause_micros: 0 });
    let mut connection = Connection::open(target.address).await?;
    let mut times = Vec::new();
    for _ in 0..count {
        let began = clock::now();
        let mut first = None;
        well(connection.ask_stream(&request, |_| first = first.or(Some(began.elapsed()))).await?)?;
        times.extend(first.map(|first| first.as_secs_f64() * 1e6));
    }
    Ok(times)
}

/// How long each event of so many streams at once was on its way, in microseconds.
async fn event_ages(target: &Target, streams: u32, pace: Pace) -> io::Result<Vec<f64>> {
    let (ages, whole) = run(target, streams, pace, Duration::from_micros(500)).await?;
    if whole == streams { Ok(ages) } else { Err(io::Error::other(format!("{whole} of {streams} streams were whole"))) }
}

/// What very many streams at once did.
struct Crowd {
    /// How many came to their end with every event.
    whole: u32,
    /// The resident memory before, in MB; NaN where there is no proxy.
    before: f64,
    /// While all were open.
    during: f64,
}

/// Opens so many streams at once.
async fn crowd(target: &Target, streams: u32, pace: Pace) -> io::Result<Crowd> {
    let before = resident(target);
    let middle = Duration::from_micros(u64::from(pace.pause_micros)) * pace.events * 2 / 3;
    let look = async {
        tokio::time::sleep(middle).await;
        resident(target)
    };
    let (outcome, during) = tokio::join!(run(target, streams, pace, Duration::ZERO), look);
    Ok(Crowd { whole: outcome?.1, before, during })
}

async fn run(target: &Target, streams: u32, pace: Pace, apart: Duration) -> io::Result<(Vec<f64>, u32)> {
    let request: Arc<[u8]> = request::stream(target.address, &target.key, pace).into();
    let mut tasks = JoinSet::new();
    for _ in 0..streams {
        let (request, address) = (Arc::clone(&request), target.address);
        tasks.spawn(async move {
            let mut ages = Vec::new();
            let mut ended = false;
            // A proxy may cut an event in two.
            let mut kept = Vec::new();
            let piece = |piece: &[u8]| {
                kept.extend_from_slice(piece);
                let whole = memmem::rfind(&kept, b"\n\n").map_or(0, |at| at + 2);
                ages.extend(stamp::ages(&kept[..whole]));
                ended = stamp::is_end(&kept[..whole]);
                kept.drain(..whole);
            };
            let status = Connection::open(address).await?.ask_stream(&request, piece).await?;
            well(status)?;
            let whole = ended && u32::try_from(ages.len()).is_ok_and(|count| count == pace.events);
            io::Result::Ok((ages, whole))
        });
        if !apart.is_zero() {
            // Timers fire once a millisecond; streams that start together would all send at once.
            tokio::time::sleep(apart).await;
        }
    }
    let (mut ages, mut whole) = (Vec::new(), 0);
    while let Some(task) = tasks.join_next().await {
        // One that broke is one that is not whole.
        if let Ok((mut some, true)) = task.map_err(io::Error::other)? {
            ages.append(&mut some);
            whole += 1;
        }
    }
    Ok((ages, whole))
}
