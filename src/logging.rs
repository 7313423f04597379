//! The log, on stderr. Without a filter only errors are told: stderr may be a terminal that another program draws on.

use tracing_subscriber::EnvFilter;

/// What is told without a filter. The language server calls every request that it does not know an error.
const DEFAULT: &str = "error,tower_lsp_server=off";

/// Starts it with the filter of `CAM_LOG`.
pub fn start(filter: Option<&str>) {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT)).unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second start, in tests, changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}
