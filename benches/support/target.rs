//! What is measured: no proxy, nginx, and ours.

use std::io;
use std::net::SocketAddr;

use super::cores;
use super::home::Home;
use super::sidecar::Sidecar;
use super::upstream::KEY;

/// Where requests go, with what key, and which process forwards them.
#[derive(Clone)]
pub struct Target {
    /// For the table.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wants as bearer.
    pub key: String,
    /// The process that forwards; none for a direct connection.
    pub pid: Option<u32>,
}

/// Our proxy with the home it lives in.
pub struct Ours {
    sidecar: Sidecar,
    _home: Home,
    target: Target,
}

impl Ours {
    /// A sidecar with an account for each of `upstreams`, pinned to the first.
    pub fn start(upstreams: &[SocketAddr], chosen_cores: bool) -> io::Result<Ours> {
        let home = Home::new()?;
        for (at, upstream) in upstreams.iter().enumerate() {
            home.add(&format!("bench {at}"), &format!("{KEY}{}", "0".repeat(at)), &format!("http://{upstream}"))?;
        }
        if upstreams.len() > 1 {
            let output = home.command().args(["switch", "1"]).output()?;
            if !output.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
            }
        }
        let mut command =
            if chosen_cores { home.settle(cores::on(cores::PROXY, &home.binary)) } else { home.command() };
        // A limit of milliseconds is not waited out here: what is measured is the way to the next account.
        command.args(["sidecar", "--set", "routing.short_retry_ms=0"]);
        let mut sidecar = Sidecar::spawn(command)?;
        let (address, key) = sidecar.ready()?;
        if let Some(mut stdout) = sidecar.stdout.take() {
            // Notifications nobody reads would fill the pipe.
            std::thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
        }
        let target = Target { name: "ours", address, key, pid: Some(sidecar.pid()) };
        Ok(Ours { sidecar, _home: home, target })
    }

    /// Its door.
    pub fn target(&self) -> Target {
        Target { pid: Some(self.sidecar.pid()), ..self.target.clone() }
    }
}
