//! What the system is asked for on a connection.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// The system's own times hold.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
pub fn keep_alive(_: &TcpStream, _: Duration, _: Duration, _: u32) -> io::Result<()> {
    Ok(())
}
