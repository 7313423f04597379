//! What a request and an event cost in instructions or in system calls: the difference of a long and a short run, so that the
//! start and the end do not count.

use std::io;
use std::net::SocketAddr;

use super::connection::Connection;
use super::door::{Door, Kind};
use super::load;
use super::request::{self, Pace};
use super::sheet::{COLUMNS, Sheet};
use super::timed::Extent;
use super::tool::{Counts, Tool};
use super::upstream::Upstream;

/// What is done some number of times at one connection.
#[derive(Clone, Copy)]
enum Work {
    /// A request, 1 KB of JSON both ways.
    Requests,
    /// An event of one stream, with a pause before it.
    PacedEvents,
    /// An event of each of some streams, one after the other, without a pause.
    FastEvents,
}

const FAST_STREAMS: u32 = 4;

/// The rows that `tool` counts.
pub async fn rows(sheet: &mut Sheet, tool: Tool, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let (what, digits) = match tool {
        Tool::Callgrind => ("instructions", 0),
        Tool::Strace => ("system calls", 2),
    };
    if !tool.is_there() {
        sheet.ours(what, 0, f64::NAN);
        sheet.remark(format!("{what} are not counted: `apt-get install {}`", tool.package()));
        return Ok(());
    }
    for (name, work, ours) in [
        ("a request, sidecar", Work::Requests, Kind::Sidecar),
        ("a request, `proxy`", Work::Requests, Kind::Proxy),
        ("an event, paced", Work::PacedEvents, Kind::Sidecar),
        ("an event, full speed", Work::FastEvents, Kind::Sidecar),
    ] {
        let mut values = Vec::new();
        for column in COLUMNS {
            let kind = if column == Kind::Sidecar { ours } else { column };
            let counts = difference(kind, tool, work, upstream.free, extent.counted).await?;
            if kind == ours && tool == Tool::Strace {
                let spelled = counts.as_ref().map(spelled).unwrap_or_default();
                sheet.remark(format!("{what} {name}: {spelled}"));
            }
            values.push((column, counts.map_or(f64::NAN, |counts| counts.values().sum())));
        }
        sheet.row(&format!("{what} {name}"), digits, |kind| {
            values.iter().find(|(column, _)| *column == kind).map_or(f64::NAN, |(_, value)| *value)
        });
    }
    Ok(())
}

/// The largest counts, by name.
fn spelled(counts: &Counts) -> String {
    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count >= 0.05).collect();
    counts.sort_by(|one, other| other.1.total_cmp(one.1));
    let spelled: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count:.2}")).collect();
    spelled.join(", ")
}

/// What one of the work costs; `None` where there is nothing to count.
async fn difference(
    kind: Kind,
    tool: Tool,
    work: Work,
    upstream: SocketAddr,
    [few, many]: [u32; 2],
) -> io::Result<Option<Counts>> {
    if kind == Kind::Direct {
        return Ok(None);
    }
    let Some(before) = total(kind, tool, work, upstream, few).await? else { return Ok(None) };
    let Some(mut counts) = total(kind, tool, work, upstream, many).await? else { return Ok(None) };
    let times = f64::from(many - few) * if matches!(work, Work::FastEvents) { f64::from(FAST_STREAMS) } else { 1.0 };
    for (name, count) in &mut counts {
        *count = (*count - before.get(name).unwrap_or(&0.0)) / times;
    }
    Ok(Some(counts))
}

/// What a whole life costs with so much work in it.
async fn total(kind: Kind, tool: Tool, work: Work, upstream: SocketAddr, count: u32) -> io::Result<Option<Counts>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let Some(door) = Door::open_under(kind, &[upstream], Some((tool, &file)))? else { return Ok(None) };
    match work {
        Work::Requests => load::ask(&door.target, count).await?,
        Work::PacedEvents => stream(&door, 1, Pace { events: count, pause_micros: 3_000 }).await?,
        Work::FastEvents => stream(&door, FAST_STREAMS, Pace { events: count, pause_micros: 0 }).await?,
    }
    door.end()?;
    tool.counts(&file).map(Some)
}

async fn stream(door: &Door, times: u32, pace: Pace) -> io::Result<()> {
    let request = request::stream(door.target.address, &door.target.key, pace);
    let mut connection = Connection::open(door.target.address).await?;
    for _ in 0..times {
        load::well(connection.ask(&request).await?)?;
    }
    Ok(())
}
