//! What the system is asked for on a connection.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

/// Has the system ask the other end of `stream` whether it is there, after so long a `silence` and then each `interval`,
/// until so many `probes` were not answered.
pub fn keep_alive(stream: &TcpStream, silence: Duration, interval: Duration, probes: u32) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, silence)?;
    sockopt::set_tcp_keepintvl(stream, interval)?;
    sockopt::set_tcp_keepcnt(stream, probes)?;
    Ok(())
}
