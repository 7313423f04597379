//! The log, on stderr. Without a filter only errors are told: stderr may be a terminal that another program draws on.
//! Only our own words are told, at any level: what the crates below us log holds whole messages, keys included.

use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The targets of our own modules begin with this.
const OURS: &str = env!("CARGO_CRATE_NAME");

/// Starts it with the filter of `CAM_LOG`.
pub fn start(filter: Option<&str>) {
    let filter = EnvFilter::try_new(filter.unwrap_or("error")).unwrap_or_else(|_| EnvFilter::new("warn"));
    let told = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_filter(filter)
        .with_filter(filter_fn(|metadata| metadata.target().starts_with(OURS)));
    // A second start, in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(told).try_init();
}
