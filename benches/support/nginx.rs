//! nginx as a person would set it up in front of the same upstream: one worker, connections kept, no buffering.
#![expect(clippy::disallowed_methods, reason = "nginx reads its configuration from a file")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use codex_account_manager::env;
use tempfile::TempDir;

use super::cores;
use super::upstream::{KEY, Upstream};

/// A running nginx; dropping it ends it.
pub struct Nginx {
    child: Child,
    _folder: TempDir,
    /// Forwards to the replaying upstream.
    pub replay: SocketAddr,
    /// Asks the limited one first, then the free one.
    pub failover: SocketAddr,
    /// Forwards to the free one.
    pub free: SocketAddr,
}

impl Nginx {
    /// Starts it, or tells that it is not installed.
    pub fn start(upstream: &Upstream, chosen_cores: bool) -> io::Result<Option<Nginx>> {
        let folder = tempfile::tempdir()?;
        let [replay, failover, free] = [free_port()?, free_port()?, free_port()?];
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), upstream, [replay, failover, free]))?;
        let mut command = if chosen_cores { cores::on(cores::PROXY, "nginx") } else { env::program("nginx") };
        command.arg("-c").arg(&file).arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("error.log"));
        let mut child = match command.stdin(Stdio::null()).spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            child => child?,
        };
        for _ in 0..100 {
            if TcpStream::connect(replay).is_ok() {
                return Ok(Some(Nginx { child, _folder: folder, replay, failover, free }));
            }
            if child.try_wait()?.is_some() {
                // `taskset` found no nginx, or nginx did not like something and said so.
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::other("nginx does not listen"))
    }

    /// The one process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn configuration(folder: &Path, upstream: &Upstream, [replay, failover, free]: [SocketAddr; 3]) -> String {
    let folder = folder.display();
    let Upstream { replay: to_replay, limited: to_limited, free: to_free, .. } = upstream;
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
  upstream replay {{ server {to_replay}; keepalive 512; keepalive_requests 1000000000; }}
  upstream failover {{
    server {to_limited} max_fails=0; server {to_free} backup; keepalive 64; keepalive_requests 1000000000;
  }}
  upstream free {{ server {to_free}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen {replay}; location / {{ proxy_pass http://replay; }} }}
  server {{ listen {failover}; location / {{ proxy_pass http://failover; }} }}
  server {{ listen {free}; location / {{ proxy_pass http://free; }} }}
}}
"#
    )
}
