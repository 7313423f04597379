//! What `version` says of the build: the platform, the compiler and, in a release build, the commit.
#![expect(clippy::disallowed_methods, reason = "a build script has nothing but its environment")]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    println!("cargo::rustc-env=CAM_BUILD_TARGET={}", variable("TARGET"));
    let compiler = output(&variable("RUSTC"), &["--version"]).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CAM_BUILD_RUSTC={compiler}");
    // A debug build would have to be made again after every commit.
    if variable("PROFILE") == "release"
        && let Some(commit) = commit()
    {
        println!("cargo::rustc-env=CAM_BUILD_COMMIT={commit}");
    }
}

/// The commit of the repository that this package is the top of, or the one that the package was made from.
fn commit() -> Option<String> {
    if Path::new(".git").exists() {
        // It changes with every commit and checkout. A file that is not there would run this script every time.
        let log = output("git", &["rev-parse", "--git-path", "logs/HEAD"])?;
        if Path::new(&log).exists() {
            println!("cargo::rerun-if-changed={log}");
        }
        return output("git", &["rev-parse", "HEAD"]);
    }
    let info = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = info.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
