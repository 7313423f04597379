//! The file systems that the files are on. On some of them a lock of one machine means nothing to another one, and on
//! some of them no mode keeps anybody out.

use std::path::{Path, PathBuf};

use super::mounts::{self, Mount};
use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;

/// What a kind of file system keeps of what the product relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traits {
    /// How people call it.
    name: &'static str,
    /// Whether a lock holds against every process that can reach the file.
    locks: bool,
    /// Whether a mode keeps other users out.
    modes: bool,
}

const fn traits(name: &'static str, locks: bool, modes: bool) -> Traits {
    Traits { name, locks, modes }
}

/// By the number that `statfs` gives (<https://man7.org/linux/man-pages/man2/statfs.2.html>, linux/magic.h and the
/// drivers); what is not here keeps both.
const KINDS: &[(u64, Traits)] = &[
    (0x0102_1997, traits("9p, as of a Windows drive in WSL or of a virtual machine", false, false)),
    (0x5346_4846, traits("a Windows drive in WSL", false, false)),
    (0x6969, traits("NFS", false, true)),
    (0x517b, traits("SMB", false, false)),
    (0xff53_4d42, traits("SMB", false, false)),
    (0xfe53_4d42, traits("SMB", false, false)),
    (FUSE, traits("FUSE", false, true)),
    (0x786f_4256, traits("a shared folder of VirtualBox", false, false)),
    (0xbacb_acbc, traits("a shared folder of VMware", false, false)),
    (0x5346_414f, traits("AFS", false, false)),
    (0x6b41_4653, traits("AFS", false, false)),
    (0x7375_7245, traits("Coda", false, false)),
    (0x0bd0_0bd0, traits("Lustre", false, true)),
    (0x4d44, traits("FAT", true, false)),
    (0x2011_bab0, traits("exFAT", true, false)),
    (0x5346_544e, traits("NTFS", true, false)),
];

const FUSE: u64 = 0x6573_5546;

/// File systems behind FUSE that are of this machine alone.
const LOCAL_FUSE: &[(&str, Traits)] = &[
    ("fuseblk", traits("NTFS or exFAT", true, false)),
    ("fuse.gocryptfs", traits("gocryptfs", true, true)),
    ("fuse.encfs", traits("EncFS", true, true)),
    ("fuse.mergerfs", traits("mergerfs", true, true)),
    ("fuse.bindfs", traits("bindfs", true, true)),
    ("fuse.fuse-overlayfs", traits("fuse-overlayfs", true, true)),
    ("fuse.lxcfs", traits("lxcfs", true, true)),
];

/// What is known of the file system with this number, mounted as this kind; `None` for one that keeps both.
fn known(magic: u64, kind: Option<&str>) -> Option<Traits> {
    let local = LOCAL_FUSE.iter().find(|(name, _)| magic == FUSE && Some(*name) == kind).map(|(_, traits)| traits);
    local.or_else(|| KINDS.iter().find(|(number, _)| *number == magic).map(|(_, traits)| traits)).copied()
}

/// Whether modes do nothing where `path` is.
pub fn ignores_modes(path: &Path) -> bool {
    let Some(place) = existing(path) else { return false };
    let table = mounts::parse(&probe::mounts());
    look(&place, &table).is_some_and(|(traits, _)| !traits.modes)
}

/// `path`, links resolved, or the nearest folder above it that is there.
fn existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|place| matches!(probe::stat(place), Ok(Some(_)))).map(probe::real)
}

fn look<'table>(place: &Path, table: &'table [Mount]) -> Option<(Traits, Option<&'table Mount>)> {
    let mount = mounts::of(table, place);
    Some((known(probe::magic(place)?, mount.map(|mount| mount.kind.as_str()))?, mount))
}

/// On what the accounts file, its locks and the data are.
pub fn kinds(scene: &Scene) -> Vec<Finding> {
    let table = mounts::parse(&probe::mounts());
    let mut places: Vec<PathBuf> = Vec::new();
    let file = scene.accounts_file();
    for path in [file.parent().unwrap_or(&file), &scene.data_dir()] {
        places.extend(existing(path).filter(|place| !places.contains(place)));
    }
    let mut findings: Vec<Finding> = places
        .iter()
        .filter_map(|place| Some((place, look(place, &table)?)))
        .flat_map(|(place, (traits, mount))| of(place, traits, mount))
        .collect();
    if findings.is_empty() && probe::magic(Path::new("/")).is_some() {
        findings.push(Finding::ok("locks and modes hold where the files are"));
    }
    findings
}

fn of(place: &Path, traits: Traits, mount: Option<&Mount>) -> Vec<Finding> {
    let mounted = mount.map(|mount| format!(", mounted as `{}`", mount.kind)).unwrap_or_default();
    let place = format!("`{}` is on {}{mounted}", place.display(), traits.name);
    let elsewhere = "move the files to a disk of this machine and set `CAM_ACCOUNTS_FILE` and `CAM_DATA_DIR`";
    let locks = (!traits.locks).then(|| {
        Finding::warning(
            FindingKind::LocksUnreliable,
            format!("{place}: locks may not hold against programs of another machine or system"),
            Mend::hint(elsewhere),
        )
    });
    let modes = (!traits.modes).then(|| {
        Finding::warning(
            FindingKind::ModesIgnored,
            format!("{place}: a file's mode keeps nobody out there"),
            Mend::hint(format!("{elsewhere}; on a Windows drive in WSL the mount option `metadata` brings modes")),
        )
    });
    locks.into_iter().chain(modes).collect()
}

/// A file that is mounted by itself, as containers do, cannot be replaced by another one.
pub fn mounted_alone(scene: &Scene) -> Vec<Finding> {
    let table = mounts::parse(&probe::mounts());
    let files = [scene.accounts_file(), scene.paths.config_file.clone(), scene.data_dir().join("master.key")];
    let alone = files.iter().map(|file| probe::real(file)).filter(|file| table.iter().any(|it| it.point == *file));
    alone
        .map(|file| {
            let folder = file.parent().unwrap_or(&file);
            Finding::problem(
                FindingKind::SingleFileMount,
                format!(
                    "`{}` is mounted as a single file, so it cannot be replaced and no change is kept",
                    file.display()
                ),
                Mend::hint(format!("mount the folder {} instead of the file", quoted(folder))),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_distinguished_by_their_number_and_fuse_by_its_kind() {
        for (magic, kind, expected) in [
            (0xef53, Some("ext4"), None),
            (0x0102_1994, Some("tmpfs"), None),
            (0x794c_7630, Some("overlay"), None),
            (0x0102_1997, Some("9p"), Some((false, false))),
            (0x6969, Some("nfs4"), Some((false, true))),
            (0xff53_4d42, Some("cifs"), Some((false, false))),
            (FUSE, Some("fuse.sshfs"), Some((false, true))),
            (FUSE, Some("fuse.rclone"), Some((false, true))),
            (FUSE, None, Some((false, true))),
            (FUSE, Some("fuse.gocryptfs"), Some((true, true))),
            (FUSE, Some("fuseblk"), Some((true, false))),
            (0x4d44, Some("vfat"), Some((true, false))),
        ] {
            let found = known(magic, kind).map(|traits| (traits.locks, traits.modes));
            assert_eq!(found, expected, "{magic:x} {kind:?}");
        }
    }

    #[test]
    fn a_finding_names_the_folder_and_how_it_is_mounted() {
        let mount = Mount { point: "/far".into(), kind: "nfs4".to_owned(), source: "server:/x".to_owned() };
        let found = of(Path::new("/far/me"), known(0x6969, None).unwrap(), Some(&mount));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, Some(FindingKind::LocksUnreliable));
        assert!(found[0].message.starts_with("`/far/me` is on NFS, mounted as `nfs4`: "), "{}", found[0].message);
        let found = of(Path::new("/mnt/c"), known(0x0102_1997, None).unwrap(), None);
        let kinds: Vec<_> = found.iter().filter_map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::LocksUnreliable, FindingKind::ModesIgnored]);
    }
}
