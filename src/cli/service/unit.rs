//! What a service manager has to know of the proxy: a text for each of the three, made from the same few facts.

mod launchd;
mod systemd;
mod task;

use std::path::{Path, PathBuf};

use crate::env::Environment;
use crate::sys::ServiceManager;

/// The name of the unit, agent and task.
pub const NAME: &str = "codex-account-manager";

/// How long the proxy may take to end, in seconds: a token that is being refreshed is waited for, since it would be lost.
const LONGEST_END: u32 = 600;

/// What the proxy is started with.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The program's absolute path.
    pub program: PathBuf,
    /// The port of `127.0.0.1` that it listens on.
    pub port: u16,
    /// The file with its key.
    pub key_file: PathBuf,
    /// The file with its variables.
    pub variables: PathBuf,
    /// Who it runs as, as Windows calls that person; nobody asks elsewhere.
    pub user: String,
}

impl Facts {
    /// The arguments of the program.
    pub fn arguments(&self) -> [String; 7] {
        [
            "proxy".to_owned(),
            "--bind".to_owned(),
            format!("127.0.0.1:{}", self.port),
            "--api-key-file".to_owned(),
            self.key_file.display().to_string(),
            "--env-file".to_owned(),
            self.variables.display().to_string(),
        ]
    }
}

/// The text that `manager` reads.
pub fn text(manager: ServiceManager, facts: &Facts) -> String {
    match manager {
        ServiceManager::Systemd => systemd::text(facts),
        ServiceManager::Launchd => launchd::text(facts),
        ServiceManager::TaskScheduler => task::text(facts),
    }
}

/// The same as it lies on the disk.
pub fn bytes(manager: ServiceManager, text: &str) -> Vec<u8> {
    match manager {
        ServiceManager::Systemd | ServiceManager::Launchd => text.as_bytes().to_vec(),
        // `schtasks` reads UTF-16 with its mark, whatever the machine's code page is.
        ServiceManager::TaskScheduler => {
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        }
    }
}

/// The file that `manager` reads it from; `task` is where ours lies for one that has no folder for them.
pub fn path(manager: ServiceManager, home: &Path, environment: &Environment, task: &Path) -> PathBuf {
    match manager {
        ServiceManager::Systemd => {
            let named = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            named.unwrap_or_else(|| home.join(".config")).join("systemd/user").join(format!("{NAME}.service"))
        }
        ServiceManager::Launchd => home.join("Library/LaunchAgents").join(format!("{NAME}.plist")),
        ServiceManager::TaskScheduler => task.to_owned(),
    }
}

/// `text` between tags of XML.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            program: "/home/me & you/100%/$bin/codex-account-manager".into(),
            port: 8459,
            key_file: "/home/me & you/data/service.key".into(),
            variables: "/home/me & you/data/service.env".into(),
            user: "DESK\\me".into(),
        }
    }

    #[test]
    fn each_manager_has_its_text() {
        let windows = Facts {
            program: r"C:\Users\me & you\bin\codex-account-manager.exe".into(),
            key_file: r"C:\Users\me & you\AppData\Local\cam\service.key".into(),
            variables: r"C:\Users\me & you\AppData\Local\cam\service.env".into(),
            ..facts()
        };
        for (name, manager, facts) in [
            ("service_systemd", ServiceManager::Systemd, facts()),
            ("service_launchd", ServiceManager::Launchd, facts()),
            ("service_task", ServiceManager::TaskScheduler, windows),
        ] {
            insta::with_settings!({
                snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(name, text(manager, &facts)) });
        }
    }

    // Elsewhere these are not absolute.
    #[cfg(unix)]
    #[test]
    fn each_manager_finds_its_file() {
        let set = [("XDG_CONFIG_HOME".to_owned(), "/x".to_owned())].into_iter().collect();
        let (home, task) = (Path::new("/h"), Path::new("/d/service.xml"));
        for (manager, environment, expected) in [
            (ServiceManager::Systemd, &Environment::default(), "/h/.config/systemd/user/codex-account-manager.service"),
            (ServiceManager::Systemd, &set, "/x/systemd/user/codex-account-manager.service"),
            (ServiceManager::Launchd, &set, "/h/Library/LaunchAgents/codex-account-manager.plist"),
            (ServiceManager::TaskScheduler, &set, "/d/service.xml"),
        ] {
            assert_eq!(path(manager, home, environment, task), Path::new(expected));
        }
        assert_eq!(bytes(ServiceManager::Systemd, "é"), "é".as_bytes());
        assert_eq!(bytes(ServiceManager::TaskScheduler, "é"), [0xff, 0xfe, 0xe9, 0]);
    }
}
