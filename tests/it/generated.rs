//! Generated files are what the declarations say; the difference and the command that mends it are printed.

use std::path::Path;
use std::process::Command;

#[test]
fn schemas_types_and_the_tables_of_the_readme_are_as_they_would_be_written() {
    let output = Command::new(env!("CARGO_BIN_EXE_codex-account-manager"))
        .args(["schema", "--check", "--clients", "clients", "--readme", "README.md"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_difference_fails_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_codex-account-manager"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    assert!(run(&["schema", "--out", "schemas"]).status.success());
    assert!(run(&["schema", "--check"]).status.success());
    let path = folder.path().join("schemas/protocol.schema.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("accounts/list", "accounts/lst")).unwrap();
    let output = run(&["schema", "--check"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("\"const\": \"accounts/list\"")
            && told.contains("run `codex-account-manager schema --out schemas`"),
        "{told}"
    );
}
