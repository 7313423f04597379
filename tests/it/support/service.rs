//! A home whose `systemctl` is a script: it writes down what it is asked, and starts and ends what the unit names, as systemd
//! would, with an environment of nothing but `HOME`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use super::sandbox::Output;
use super::tools::{text, write_program};
use super::{Pool, Sandbox};

const UNIT: &str = "config/systemd/user/codex-account-manager.service";

/// Words for a service manager that has what the script needs.
const SYSTEMCTL: &str = r#"
home=$(dirname "$(dirname "$0")")
unit="$home/config/systemd/user/codex-account-manager.service"
pid() { cat "$home/service.pid" 2>/dev/null; }
runs() { [ -n "$(pid)" ] && grep -q '^State:' "/proc/$(pid)/status" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$(pid)/status"; }
end() { runs || return 0; kill "$(pid)"; while runs; do sleep 0.05; done; }
echo "$*" >>"$home/systemctl.log"
case "$2" in
  restart)
    end
    line=$(sed -n 's/^ExecStart=//p' "$unit")
    env -i HOME="$home" setsid sh -c "exec $line" >"$home/service.log" 2>&1 </dev/null 9>&- &
    echo $! >"$home/service.pid"
    ;;
  disable) end ;;
  is-active) if runs; then echo active; else echo inactive; exit 3; fi ;;
esac
exit 0
"#;

/// A home with a service; it is ended when this is dropped.
pub struct Serviced {
    pub pool: Pool,
    pub port: u16,
}

impl Serviced {
    /// A home with `accounts` accounts and no service yet.
    pub fn new(accounts: usize) -> Serviced {
        let mut pool = Pool::new(accounts);
        stand_in(&mut pool.sandbox, "systemctl", SYSTEMCTL);
        stand_in(&mut pool.sandbox, "loginctl", "echo yes");
        Serviced { pool, port: free_port() }
    }

    /// The same with the service.
    #[track_caller]
    pub fn installed(accounts: usize) -> Serviced {
        let serviced = Serviced::new(accounts);
        serviced.install().ok();
        serviced
    }

    pub fn install(&self) -> Output {
        self.pool.sandbox.run(&["service", "install", "--port", &self.port.to_string()])
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.pool.sandbox
    }

    pub fn unit(&self) -> PathBuf {
        self.sandbox().path(UNIT)
    }

    pub fn key_file(&self) -> PathBuf {
        self.sandbox().path("cam-data/service.key")
    }

    #[track_caller]
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.key_file()).unwrap().trim().to_owned()
    }

    /// What the service manager was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        let log = self.sandbox().path("systemctl.log");
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        std::fs::write(log, "").unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The process that the service manager keeps.
    pub fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.sandbox().path("service.pid")).ok()?.trim().parse().ok()
    }
}

impl Drop for Serviced {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            super::process::signal(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Puts a script in front of `PATH`.
pub fn stand_in(sandbox: &mut Sandbox, name: &str, script: &str) {
    let folder = sandbox.path("bin");
    if !folder.exists() {
        std::fs::create_dir(&folder).unwrap();
        let path = format!("{}:{}", text(&folder), std::env::var("PATH").unwrap_or_default());
        sandbox.set("PATH", &path);
    }
    write_program(&folder.join(name), script);
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
