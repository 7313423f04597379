//! Stand-ins for the programs that start Codex, in front of `PATH`. Codex reads no variable that names a provider, so
//! behind a shell, a script or a makefile only its arguments can bring it here. A stand-in is a link to this program under
//! the other's name: it finds the real one in the rest of `PATH` and becomes it, with the arguments that it needs.
//!
//! A copy of Codex's folder with a configuration of its own (`CODEX_HOME`) would also reach the Codex that no stand-in does.
//! It was tried with 0.171 and is no safe place: Codex takes the lock for a token refresh beside its folder's `auth.json`
//! and keeps the paths of conversations in a database there, so that two Codexes would refresh one login at once and
//! conversations would be lost with the copy.
#![expect(clippy::disallowed_methods, reason = "this file makes and follows the links of the stand-ins")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::launchers::LAUNCHERS;
use crate::files::is_program;
use crate::sys;

/// Where the proxy is, for those behind a shell: a start-up file of the shell may set `OPENAI_API_KEY`.
pub const BASE_URL: &str = "CAM_RUN_BASE_URL";

/// The proxy's key.
pub const API_KEY: &str = "CAM_RUN_API_KEY";

/// The name of the provider, which says what Codex may expect of it.
pub const PROVIDER: &str = "CAM_RUN_PROVIDER";

/// The names that this program is installed under.
const THIS_PROGRAM: [&str; 2] = ["codex-account-manager", "cam"];

/// The folders that stand in front of `PATH`, one for each program, since a program that is not installed must not seem
/// to be. Codex itself may be added to `PATH` by a shell when it starts.
#[derive(Debug, Default)]
pub struct Shims {
    folders: Vec<PathBuf>,
}

impl Shims {
    /// Makes them below `data_dir` for what `path` has.
    ///
    /// # Errors
    ///
    /// Those of the file system, and where there are no such links.
    pub fn install(data_dir: &Path, path: &str) -> std::io::Result<Shims> {
        if !sys::files::HAS_LINKS {
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        let program = std::env::current_exe()?;
        let mut shims = Shims::default();
        let launchers = LAUNCHERS.into_iter().filter(|name| real(name, path, &program).is_some());
        for name in std::iter::once("codex").chain(launchers) {
            let folder = data_dir.join("run").join(name);
            private_folder(&folder)?;
            link(&program, &folder.join(name))?;
            shims.folders.push(folder);
        }
        Ok(shims)
    }

    /// Whether `program` is found as one of them.
    pub fn cover(&self, program: &str) -> bool {
        self.folders.iter().any(|folder| folder.file_name().is_some_and(|name| name == program))
    }

    /// `PATH` with them in front; as it is where one of its folders cannot stand in it.
    pub fn before(&self, path: &str) -> OsString {
        let folders = self.folders.iter().cloned().chain(std::env::split_paths(path));
        std::env::join_paths(folders).unwrap_or_else(|_| path.into())
    }

    /// The value of the variable that gives Bash a function `codex`: it holds when a start-up file puts another folder in
    /// front of `PATH`, as version managers do.
    pub fn bash_function(&self) -> Option<String> {
        let codex = self.folders.first()?.join("codex");
        let quoted = codex.to_str()?.replace('\'', r"'\''");
        Some(format!("() {{  '{quoted}' \"$@\"\n}}"))
    }
}

/// Whether there is a stand-in of that name.
pub fn is_name(name: &str) -> bool {
    name == "codex" || LAUNCHERS.contains(&name)
}

/// Whether this file is this program, maybe in another version.
fn is_this_program(path: &Path) -> bool {
    path.file_name().is_some_and(|name| THIS_PROGRAM.iter().any(|known| name == *known))
}

/// Makes a folder in which nobody else can put a program: it stands in front of `PATH`, and the data folder is made with it
/// where that is missing.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    crate::files::make_folder(folder)?;
    // One that an earlier version made.
    for made in [folder, folder.parent().unwrap_or(folder)] {
        if sys::files::mode(&std::fs::metadata(made)?).is_some_and(|mode| mode & 0o077 != 0) {
            sys::files::restrict(made, 0o700)?;
        }
    }
    Ok(())
}

/// Replaces the link at once, since another process may be about to follow it.
fn link(program: &Path, place: &Path) -> std::io::Result<()> {
    if std::fs::read_link(place).is_ok_and(|target| target == program) {
        return Ok(());
    }
    let fresh = place.with_extension(std::process::id().to_string());
    let _ = std::fs::remove_file(&fresh);
    sys::files::link(program, &fresh)?;
    std::fs::rename(&fresh, place)
}

/// The first program of that name in the folders of `path` that is not this program under another name.
pub fn real(name: &str, path: &str, this: &Path) -> Option<PathBuf> {
    let this = std::fs::canonicalize(this).unwrap_or_else(|_| this.to_owned());
    let is_real = |candidate: &PathBuf| {
        // Another version's stand-in would look for the real one as well, and find this one.
        let target = is_program(candidate).then(|| std::fs::canonicalize(candidate).ok()).flatten();
        target.is_some_and(|target| target != this && !is_this_program(&target))
    };
    std::env::split_paths(path).map(|folder| folder.join(name)).find(is_real)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_real_program_is_the_first_that_is_none_of_ours() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let this = at("ours/codex-account-manager");
        program(&this);
        program(&at("other/codex-account-manager"));
        program(&at("other/cam"));
        program(&at("b/codex"));
        program(&at("c/codex"));
        std::fs::create_dir_all(at("a/codex")).unwrap();
        std::fs::create_dir_all(at("d")).unwrap();
        std::fs::write(at("d/codex"), "no program").unwrap();
        for (folder, target) in [("s", &this), ("t", &at("other/codex-account-manager")), ("u", &at("other/cam"))] {
            std::fs::create_dir_all(at(folder)).unwrap();
            link(target, &at(folder).join("codex")).unwrap();
        }
        for (path, expected) in [
            (vec!["s", "b", "c"], Some("b/codex")),
            (vec!["s", "s", "t", "u", "a", "d", "nowhere", "c", "b"], Some("c/codex")),
            (vec!["s", "t", "u", "a", "d"], None),
        ] {
            let path = path.iter().map(|folder| at(folder).display().to_string()).collect::<Vec<_>>().join(":");
            assert_eq!(real("codex", &path, &this), expected.map(at), "{path}");
        }
    }

    #[test]
    fn a_stand_in_is_made_for_codex_and_for_the_launchers_that_are_there() {
        let home = tempfile::tempdir().unwrap();
        let (data, bin) = (home.path().join("it's data"), home.path().join("bin"));
        program(&bin.join("npx"));
        let path = bin.display().to_string();
        for _ in 0..2 {
            let shims = Shims::install(&data, &path).unwrap();
            assert!(shims.cover("codex") && shims.cover("npx") && !shims.cover("pnpm") && !shims.cover("/bin/codex"));
            let expected = format!("{0}/run/codex:{0}/run/npx:{path}", data.display());
            assert_eq!(shims.before(&path).to_str(), Some(expected.as_str()));
            let program = std::env::current_exe().unwrap();
            assert_eq!(std::fs::read_link(data.join("run/npx/npx")).unwrap(), program);
        }
        // Nobody else may put a program there, also where it was once possible.
        let mode = |folder: &str| std::fs::metadata(data.join(folder)).unwrap().permissions().mode() & 0o777;
        std::fs::set_permissions(data.join("run/npx"), PermissionsExt::from_mode(0o777)).unwrap();
        Shims::install(&data, &path).unwrap();
        assert_eq!(["", "run", "run/codex", "run/npx"].map(mode), [0o700; 4]);
        // A link that points elsewhere is an older program's.
        std::fs::remove_file(data.join("run/npx/npx")).unwrap();
        std::os::unix::fs::symlink("/nowhere", data.join("run/npx/npx")).unwrap();
        let shims = Shims::install(&data, &path).unwrap();
        assert!(data.join("run/npx/npx").exists());
        let function =
            format!("() {{  '{}/run/codex/codex' \"$@\"\n}}", data.display().to_string().replace('\'', r"'\''"));
        assert_eq!(shims.bash_function(), Some(function));
    }
}
