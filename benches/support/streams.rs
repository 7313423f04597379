//! Streams: how soon the first event is there, how evenly the others come, and what very many of them cost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use codex_account_manager::clock;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::load::well;
use super::memory;
use super::request::{self, Pace};
use super::stamp;
use super::target::Target;

/// The times from a request to the first event of its stream, in microseconds.
pub async fn first_events(target: &Target, count: usize) -> io::Result<Vec<f64>> {
    let request = request::stream(target.address, &target.key, Pace { events: 4, pause_micros: 0 });
    let mut connection = Connection::open(target.address).await?;
    let mut times = Vec::new();
    for _ in 0..count {
        let began = clock::instant();
        let mut first = None;
        well(connection.ask_stream(&request, |_| first = first.or(Some(began.elapsed()))).await?)?;
        times.extend(first.map(|first| first.as_secs_f64() * 1e6));
    }
    Ok(times)
}

/// How long each event of so many streams at once was on its way, in microseconds.
pub async fn event_ages(target: &Target, streams: u32, pace: Pace) -> io::Result<Vec<f64>> {
    let (ages, whole) = run(target, streams, pace, Duration::from_micros(500)).await?;
    if whole == streams { Ok(ages) } else { Err(io::Error::other(format!("{whole} of {streams} streams were whole"))) }
}

/// What very many streams at once did.
pub struct Crowd {
    /// How many came to their end with every event.
    pub whole: u32,
    /// The resident memory before, in MB; NaN where there is no proxy.
    pub before: f64,
    /// While all were open.
    pub during: f64,
}

/// Opens so many streams at once.
pub async fn crowd(target: &Target, streams: u32, pace: Pace) -> io::Result<Crowd> {
    let resident = || target.pid.and_then(|pid| memory::megabytes(pid, &["Rss:"])).unwrap_or(f64::NAN);
    let before = resident();
    let middle = Duration::from_micros(u64::from(pace.pause_micros)) * pace.events * 2 / 3;
    let look = async {
        tokio::time::sleep(middle).await;
        resident()
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
            let piece = |piece: &[u8]| {
                ages.extend(stamp::ages(piece));
                ended = stamp::is_end(piece);
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
