//! Requests as fast as they are answered, and requests one at a time with a pause.
#![expect(clippy::disallowed_methods, reason = "the kernel gives the processor time of another process by a file")]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::clock;
use super::connection::Connection;
use super::door::Target;
use super::request;

/// What one run showed.
pub struct Run {
    /// Answers in a second.
    pub per_second: f64,
    /// How long each took, in microseconds.
    pub latencies: Vec<f64>,
    /// Processor time of the proxy for each, in microseconds; NaN where it is not known.
    pub processor: f64,
}

/// Keeps `connections` busy for `time`.
pub async fn flood(target: &Target, connections: usize, time: Duration) -> io::Result<Run> {
    let request: Arc<[u8]> = request::whole(target.address, &target.key).into();
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(target.address).await?;
        // The first builds the connection behind the proxy.
        well(connection.ask(&request).await?)?;
        open.push(connection);
    }
    let processor = processor_time(target.pid);
    let began = clock::now();
    for mut connection in open {
        let request = Arc::clone(&request);
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(1 << 16);
            let mut last = clock::now();
            while last.duration_since(began) < time {
                well(connection.ask(&request).await?)?;
                let now = clock::now();
                latencies.push(now.duration_since(last).as_secs_f64() * 1e6);
                last = now;
            }
            io::Result::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.append(&mut task.map_err(io::Error::other)??);
    }
    let took = began.elapsed().as_secs_f64();
    let processor = processor_time(target.pid) - processor;
    let count = f64::from(u32::try_from(latencies.len()).unwrap_or(u32::MAX));
    Ok(Run { per_second: count / took, latencies, processor: processor / count })
}

/// Asks so many times, one after the other.
pub async fn ask(target: &Target, count: u32) -> io::Result<()> {
    let request = request::whole(target.address, &target.key);
    let mut connection = Connection::open(target.address).await?;
    for _ in 0..count {
        well(connection.ask(&request).await?)?;
    }
    Ok(())
}

/// Asks `count` times with a pause before each; the latencies in microseconds, and how many were not answered 200. `retried`
/// is whether each must have been failed over, where the answer says so.
pub async fn ask_slowly(target: &Target, count: usize, pause: Duration, retried: bool) -> io::Result<(Vec<f64>, u32)> {
    let request = request::whole(target.address, &target.key);
    let mut connection = Connection::open(target.address).await?;
    let (mut latencies, mut refused) = (Vec::new(), 0);
    for _ in 0..count {
        tokio::time::sleep(pause).await;
        let began = clock::now();
        let status = connection.ask(&request).await?;
        latencies.push(began.elapsed().as_secs_f64() * 1e6);
        refused += u32::from(status != 200);
        if let Some(retries) = connection.header("x-retry-count")
            && (retries != "0") != retried
        {
            return Err(io::Error::other(format!(
                "`x-retry-count: {retries}`, so this is not what was to be measured"
            )));
        }
    }
    Ok((latencies, refused))
}

/// A 200, or what came instead.
pub fn well(status: u16) -> io::Result<()> {
    if status == 200 { Ok(()) } else { Err(io::Error::other(format!("answered {status}"))) }
}

/// The time that all threads of a process have run, in microseconds.
pub fn processor_time(pid: Option<u32>) -> f64 {
    let sum = || -> Option<f64> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid?)).ok()?;
        let time = |task: io::Result<std::fs::DirEntry>| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        };
        Some(tasks.filter_map(time).sum::<f64>() / 1e3)
    };
    sum().unwrap_or(f64::NAN)
}
