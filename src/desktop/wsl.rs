//! Linux inside Windows: what says so, and where the drive of Windows is.
#![expect(clippy::disallowed_methods, reason = "two tables of the kernel are read here")]

use std::path::PathBuf;

use crate::env::Environment;

/// Whether this is Linux inside Windows. `sudo` takes the variables away, and then the kernel's name is left.
pub fn is_wsl(environment: &Environment) -> bool {
    environment.get("WSL_DISTRO_NAME").is_some()
        || environment.get("WSL_INTEROP").is_some()
        || is_of_wsl(&text("/proc/sys/kernel/osrelease"))
}

fn is_of_wsl(release: &str) -> bool {
    release.to_ascii_lowercase().contains("microsoft")
}

/// Windows' own program that opens addresses, at the place of the drive `C:`.
pub fn rundll32() -> Vec<PathBuf> {
    let mut drives: Vec<String> = drives(&text("/proc/mounts"));
    drives.push("/mnt/c".to_owned());
    drives.dedup();
    drives.iter().map(|drive| PathBuf::from(drive).join("Windows/System32/rundll32.exe")).collect()
}

/// Where `C:` is mounted; `/etc/wsl.conf` can move it.
fn drives(mounts: &str) -> Vec<String> {
    let drive = |line: &str| {
        let mut fields = line.split(' ');
        let (source, point) = (fields.next()?, fields.next()?);
        source.to_ascii_uppercase().starts_with("C:").then(|| point.replace("\\040", " "))
    };
    mounts.lines().filter_map(drive).collect()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_of_wsl_says_whose_it_is() {
        for (release, expected) in [
            ("5.15.167.4-microsoft-standard-WSL2\n", true),
            ("4.4.0-19041-Microsoft\n", true),
            ("6.1.0-28-amd64\n", false),
            ("", false),
        ] {
            assert_eq!(is_of_wsl(release), expected, "{release}");
        }
    }

    #[test]
    fn the_drive_of_windows_is_where_it_is_mounted() {
        let mounts =
            "/dev/sdc / ext4 rw 0 0\nC:\\134 /win/c 9p rw,aname=drvfs;path=C:\\134 0 0\nD:\\134 /win/d 9p rw 0 0\n";
        assert_eq!(drives(mounts), ["/win/c"]);
        assert_eq!(drives("C: /mnt/c drvfs rw 0 0"), ["/mnt/c"]);
        assert!(rundll32().contains(&PathBuf::from("/mnt/c/Windows/System32/rundll32.exe")));
    }
}
