//! Requests as fast as they are answered, by each in turn; and how much of everything is measured.

use std::io;
use std::time::Duration;

use super::door::{Door, Kind};
use super::figures::{median, quantile};
use super::load;
use super::sheet::{COLUMNS, Sheet};
use super::upstream::Upstream;

/// How much is measured.
pub struct Extent {
    /// A short and a long run; their difference counts.
    pub counted: [u32; 2],
    /// How often all of them have their turn.
    pub rounds: usize,
    /// How long requests come as fast as they can.
    pub flood: Duration,
    /// First events and failovers a round.
    pub count: usize,
    /// Events of each paced stream.
    pub events: u32,
    /// Events of each stream without a pause.
    pub fast_events: u32,
    /// Streams at once.
    pub crowd: u32,
    /// Starts, and how many sidecars start at once.
    pub starts: [usize; 2],
    /// Many accounts, and very many.
    pub accounts: [u32; 2],
}

/// For figures.
pub const FULL: Extent = Extent {
    counted: [200, 1200],
    rounds: 3,
    flood: Duration::from_secs(1),
    count: 334,
    events: 150,
    fast_events: 4000,
    crowd: 500,
    starts: [20, 50],
    accounts: [2_000, 10_000],
};

/// To try whether it all works.
pub const QUICK: Extent = Extent {
    counted: [20, 60],
    rounds: 1,
    flood: Duration::from_millis(100),
    count: 20,
    events: 20,
    fast_events: 200,
    crowd: 50,
    starts: [2, 5],
    accounts: [50, 100],
};

const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// Every program that is installed, and the upstream itself.
pub fn doors(upstream: &Upstream) -> io::Result<Vec<(Kind, Door)>> {
    let open = |kind| Door::open(kind, &[upstream.free]).map(|door| door.map(|door| (kind, door)));
    COLUMNS.into_iter().filter_map(|kind| open(kind).transpose()).collect()
}

/// Values that come in by round, for each program.
pub struct Rounds(Vec<(Kind, Vec<f64>)>);

impl Rounds {
    /// None yet.
    pub fn new() -> Rounds {
        Rounds(COLUMNS.map(|kind| (kind, Vec::new())).into())
    }

    /// One more.
    pub fn push(&mut self, kind: Kind, value: f64) {
        if let Some((_, values)) = self.0.iter_mut().find(|(column, _)| *column == kind) {
            values.push(value);
        }
    }

    /// The median of all rounds.
    pub fn of(&self, kind: Kind) -> f64 {
        self.0.iter().find(|(column, _)| *column == kind).map_or(f64::NAN, |(_, values)| median(values))
    }

    /// What it is above a direct connection's.
    pub fn added(&self, kind: Kind) -> f64 {
        if kind == Kind::Direct { f64::NAN } else { self.of(kind) - self.of(Kind::Direct) }
    }
}

/// Requests a second, latencies and processor time.
pub async fn rows(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let doors = doors(upstream)?;
    for (_, door) in &doors {
        load::flood(&door.target, 16, extent.flood / 4).await?;
    }
    let mut figures = CONNECTIONS.map(|_| [(); 4].map(|()| Rounds::new()));
    for _ in 0..extent.rounds {
        for (connections, figures) in CONNECTIONS.into_iter().zip(&mut figures) {
            for (kind, door) in &doors {
                let run = load::flood(&door.target, connections, extent.flood).await?;
                let values =
                    [run.per_second, quantile(&run.latencies, 0.5), quantile(&run.latencies, 0.99), run.processor];
                for (rounds, value) in figures.iter_mut().zip(values) {
                    rounds.push(*kind, value);
                }
            }
        }
    }
    for (at, (name, digits)) in
        [("requests/s", 0), ("p50, µs", 0), ("p99, µs", 0), ("processor a request, µs", 1)].into_iter().enumerate()
    {
        for (connections, figures) in CONNECTIONS.into_iter().zip(&figures) {
            sheet.row(&format!("{name}, c={connections}"), digits, |kind| figures[at].of(kind));
        }
    }
    sheet.row("added p50, µs, c=1", 0, |kind| figures[0][1].added(kind));
    Ok(())
}
