//! nginx as a person would set it up in front of the same upstream: one worker, connections kept, no buffering.
#![expect(clippy::disallowed_methods, reason = "nginx reads its configuration from a file")]

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::system;
use super::upstream::KEY;

/// Whether it is installed.
pub fn is_there() -> bool {
    system::program("nginx").arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Makes `command` one that listens at `address`, asks the first upstream, and the second when that answers 429.
pub fn configure(
    command: &mut Command,
    folder: &Path,
    address: SocketAddr,
    upstreams: &[SocketAddr],
) -> io::Result<()> {
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration(folder, address, upstreams))?;
    command.arg("-c").arg(&file).arg("-p").arg(folder).arg("-e").arg(folder.join("error.log"));
    Ok(())
}

fn configuration(folder: &Path, address: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let folder = folder.display();
    let mut servers = String::new();
    for (at, upstream) in upstreams.iter().enumerate() {
        let role = if at == 0 { "max_fails=0" } else { "backup" };
        let _ = write!(servers, "server {upstream} {role}; ");
    }
    // A single process: what its one worker would do, without a master that only waits.
    format!(
        r#"daemon off; master_process off; pid {folder}/pid;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/client_body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Authorization "Bearer {KEY}";
  proxy_buffering off;
  proxy_next_upstream error timeout http_429 non_idempotent;
  keepalive_requests 1000000000;
  upstream accounts {{ {servers}keepalive 512; keepalive_requests 1000000000; }}
  server {{ listen {address}; location / {{ proxy_pass http://accounts; }} }}
}}
"#
    )
}
