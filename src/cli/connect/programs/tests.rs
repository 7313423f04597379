//! What each program's files get, from nothing: the texts are the contract with programs that are not ours.

use super::*;

pub fn around(variables: &[(&str, &str)], shell: Option<Shell>) -> Surroundings {
    Surroundings {
        environment: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        home: "/home/me".into(),
        configurations: "/home/me/.config".into(),
        data: "/home/me/.local/share/codex-account-manager".into(),
        models: vec!["gpt-5.4".to_owned()],
        shell,
    }
}

// Elsewhere paths are written in another way.
#[cfg(unix)]
#[test]
fn each_program_is_pointed_at_the_proxy_in_its_own_words() {
    use super::super::edit::made;
    let target = Target {
        port: 8459,
        base_url: "http://127.0.0.1:8459/v1".to_owned(),
        key_file: "/home/me/it's here/service.key".into(),
        key: Secret::new("THE-KEY".to_owned()),
        serves_openai_alone: true,
    };
    let mut shown = Vec::new();
    let shells = [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Powershell].map(|shell| (Program::Env, Some(shell)));
    let programs = Program::value_variants().iter().filter(|program| **program != Program::Env);
    for (program, shell) in programs.map(|program| (*program, None)).chain(shells) {
        let variables = [("CODEX_HOME", "/home/me/.codex"), ("HOME", "/nowhere")];
        let plan = plan(program, &target, &around(&variables, shell)).unwrap();
        for Planned { path, format, changes, holds_key } in plan.files {
            let (text, _) = made(format, "", &changes).unwrap();
            let held = if holds_key { ", holds the key" } else { "" };
            assert_eq!(text.contains("THE-KEY"), holds_key, "{program}: {text}");
            shown.push(format!("==> {program}: {}{held}\n{text}\n", path.display()));
        }
        assert_eq!(plan.warnings, Vec::<String>::new());
    }
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("connect_programs", shown.concat()) });
}
