//! Where the product's files are.

use std::path::{Path, PathBuf};

use crate::env::Environment;

/// The places of one process, after every override.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The person's home folder.
    pub home: Option<PathBuf>,
    /// The accounts file, before symlinks are resolved.
    pub accounts_file: PathBuf,
    /// `config.toml`.
    pub config_file: PathBuf,
    /// The OpenCode-style JSON configuration.
    pub opencode_config_file: PathBuf,
    /// Where the ledger and the key file are as far as this process knows. An accounts file has its own word in it.
    pub data: DataDir,
}

/// The data directory of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataDir {
    /// The best of them.
    pub path: PathBuf,
    /// `CAM_DATA_DIR` names it.
    pub is_given: bool,
    /// Where else this person's programs may have theirs.
    pub others: Vec<PathBuf>,
}

impl DataDir {
    /// All of them, best first.
    pub fn all(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(&self.path).chain(&self.others).cloned()
    }

    /// The system's own place comes first only where it is not that of a single program: a snap's is removed with its
    /// revision, and no other program looks there.
    fn resolve(environment: &Environment, base: Option<&directories::BaseDirs>) -> Option<DataDir> {
        let given = environment.get("CAM_DATA_DIR").map(PathBuf::from);
        let is_given = given.is_some();
        let within = |folder: &Path| folder.join("codex-account-manager");
        // The one of this machine: on Windows another one goes with the user from machine to machine.
        let set = base.map(directories::BaseDirs::data_local_dir);
        // Elsewhere no variable moves it.
        let homes = [environment.get("SNAP_REAL_HOME").map(Path::new), base.map(directories::BaseDirs::home_dir)];
        let usual = homes.into_iter().flatten().map(|home| home.join(".local").join("share"));
        let usual: Vec<PathBuf> = if crate::sys::files::HAS_XDG_FOLDERS { usual.collect() } else { Vec::new() };
        let mut ordered: Vec<PathBuf> = given.into_iter().collect();
        let set_first = set.filter(|set| !is_of_one_program(set, environment)).map(within);
        ordered.extend(set_first.into_iter().chain(usual.iter().map(|folder| within(folder))).chain(set.map(within)));
        let mut others = ordered.into_iter();
        let path = others.next()?;
        let mut seen = vec![path.clone()];
        for other in others {
            if !seen.contains(&other) {
                seen.push(other);
            }
        }
        Some(DataDir { path, is_given, others: seen.split_off(1) })
    }
}

/// Whether `folder` is one that a snap or a flatpak has for itself.
fn is_of_one_program(folder: &Path, environment: &Environment) -> bool {
    let of_snap = ["SNAP_USER_DATA", "SNAP_USER_COMMON"].into_iter().filter_map(|name| environment.get(name));
    let names: Vec<_> = folder.components().map(std::path::Component::as_os_str).collect();
    of_snap.into_iter().any(|own| folder.starts_with(own))
        || names.windows(3).any(|names| names[0] == ".var" && names[1] == "app")
        || names.windows(4).any(|names| {
            let is_revision = |name: &std::ffi::OsStr| {
                name == "current"
                    || name == "common"
                    || name.to_str().is_some_and(|name| {
                        let number = name.strip_prefix('x').unwrap_or(name);
                        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                    })
            };
            names[0] == "snap" && is_revision(names[2])
        })
}

impl Paths {
    /// Works the places out from the environment.
    ///
    /// # Errors
    ///
    /// `None` when neither an override nor a home directory says where to go.
    pub fn resolve(environment: &Environment) -> Option<Paths> {
        let base = directories::BaseDirs::new();
        let config_home = environment
            .get("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(base.as_ref()?.home_dir().join(".config")));
        let place = |variable: &str, default: Option<PathBuf>| environment.get(variable).map(PathBuf::from).or(default);
        Some(Paths {
            home: base.as_ref().map(|base| base.home_dir().to_owned()),
            accounts_file: place(
                "CAM_ACCOUNTS_FILE",
                config_home.as_ref().map(|home| home.join("opencode").join("openai-codex-accounts.json")),
            )?,
            config_file: place(
                "CAM_CONFIG_FILE",
                config_home.as_ref().map(|home| home.join("codex-account-manager").join("config.toml")),
            )?,
            opencode_config_file: config_home
                .as_ref()
                .map(|home| home.join("opencode").join("openai-codex-auth-config.json"))
                .unwrap_or_default(),
            data: DataDir::resolve(environment, base.as_ref())?,
        })
    }
}

#[cfg(all(test, unix, not(target_vendor = "apple")))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folder: &str, variables: &[(&str, &str)], is_of_one: bool) {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(is_of_one_program(Path::new(folder), &environment), is_of_one, "{folder}");
    }

    #[test]
    fn a_folder_that_one_program_has_for_itself_is_known() {
        check("/home/me/.local/share", &[], false);
        check("/data", &[], false);
        check("/home/me/snap/code/224/.local/share", &[], true);
        check("/home/me/snap/code/x1/.local/share", &[], true);
        check("/home/me/snap/code/current/.local/share", &[], true);
        check("/home/me/snap/photos/.local/share", &[], false);
        check("/srv/box/share", &[("SNAP_USER_DATA", "/srv/box")], true);
        check("/home/me/.var/app/com.visualstudio.code/data", &[], true);
    }

    #[test]
    fn a_variable_of_ours_comes_first_and_the_usual_folder_is_always_known() {
        let environment = [("CAM_DATA_DIR".to_owned(), "/given".to_owned())].into_iter().collect();
        let base = directories::BaseDirs::new();
        let given = DataDir::resolve(&environment, base.as_ref()).unwrap();
        assert!(given.is_given && given.path == Path::new("/given"));
        let usual = base.unwrap().home_dir().join(".local/share/codex-account-manager");
        assert!(given.others.contains(&usual), "{given:?}");
    }
}
