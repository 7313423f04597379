//! Which program a unit names: an absolute path that is still right after an update.

use std::path::{Component, Path, PathBuf};

use crate::env::{self, Environment};
use crate::files;

/// The path of this program that a unit should name. A package manager puts a new version into a new folder and leaves a link
/// where `PATH` has it: the link is named, and not what it leads to today.
pub fn lasting(environment: &Environment) -> std::io::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let called = env::called_as().map(PathBuf::from);
    let name = called.as_deref().and_then(Path::file_name).map(ToOwned::to_owned);
    let folders = std::env::split_paths(environment.raw("PATH").unwrap_or_default());
    let on_path = folders.filter(|folder| folder.is_absolute()).filter_map(|folder| Some(folder.join(name.as_ref()?)));
    let named = called.into_iter().filter(|path| path.is_absolute());
    let real = |path: &Path| files::real_path(path).ok();
    let this_is = real(&this);
    let found = named.chain(on_path).find(|path| files::is_program(path) && real(path) == this_is);
    Ok(found.unwrap_or(this))
}

/// Why a program at `path` may be gone one day, if it may.
pub fn passing(path: &Path) -> Option<&'static str> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    let names: Vec<&str> = parts.collect();
    let has = |name: &str| names.contains(&name);
    if names.windows(2).any(|pair| pair[0] == "target" && ["debug", "release", "dist"].contains(&pair[1])) {
        return Some("a build of cargo's, which `cargo clean` removes");
    }
    if has("_npx") {
        return Some("in a cache of npx, which is emptied");
    }
    if has("dlx") || has(".bunx") || names.iter().any(|name| name.starts_with("bunx-")) {
        return Some("in a cache of packages, which is emptied");
    }
    if has("uv") && has("archive-v0") {
        return Some("in a cache of uv, which is emptied");
    }
    if path.starts_with("/tmp") || path.starts_with("/var/tmp") || path.starts_with("/private/tmp") {
        return Some("in a folder for temporary files");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_may_be_gone_is_told_from_one_that_is_installed() {
        for (path, expected) in [
            ("/usr/bin/codex-account-manager", false),
            ("/home/me/.cargo/bin/codex-account-manager", false),
            ("/opt/homebrew/bin/codex-account-manager", false),
            ("/home/me/.npm-global/lib/node_modules/codex-account-manager-linux-x64/codex-account-manager", false),
            ("/home/me/src/cam/target/release/codex-account-manager", true),
            ("/home/me/.npm/_npx/4f2a/node_modules/codex-account-manager-linux-x64/codex-account-manager", true),
            ("/home/me/.cache/pnpm/dlx/x/codex-account-manager", true),
            ("/home/me/.cache/uv/archive-v0/x/bin/codex-account-manager", true),
            ("/tmp/codex-account-manager", true),
        ] {
            assert_eq!(passing(Path::new(path)).is_some(), expected, "{path}");
        }
    }
}
