//! The environment of the service. A unit is started outside any shell, so what matters of the person's variables is
//! written into a file that only they can read; `proxy --env-file` reads it.

use std::path::Path;

use crate::config::keys::KEYS;
use crate::domain::text_encoding;
use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::files;

/// Variables that hold a path; the service is started in another folder, so they are written as absolute ones.
const PATHS: [&str; 9] = [
    "CAM_ACCOUNTS_FILE",
    "CAM_CONFIG_FILE",
    "CAM_DATA_DIR",
    "CAM_MASTER_KEY_FILE",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CODEX_CA_CERTIFICATE",
    "NODE_EXTRA_CA_CERTS",
];

/// The others that the proxy reads beside those of its configuration.
const TEXTS: [&str; 9] = [
    "CAM_OPENAI_BASE_URL",
    "CAM_CHATGPT_BASE_URL",
    "CAM_AUTH_ISSUER",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// The data folder.
const DATA: &str = "CAM_DATA_DIR";

/// The passphrase itself; a unit must not hold it.
const MASTER_KEY: &str = "CAM_MASTER_KEY";

/// No file of variables is longer, in bytes.
const LONGEST: u64 = 256 * 1024;

/// What of `environment` the service is given; `data` is the data folder that this process uses.
///
/// # Errors
///
/// `Configuration` for a master key that is only in a variable, which the service cannot have, and for a value that does not
/// fit on a line.
pub fn of(environment: &Environment, data: &Path) -> Result<Vec<(String, String)>, Error> {
    if environment.get(MASTER_KEY).is_some() {
        return Err(Error::new(
            ErrorKind::Configuration,
            format!("`{MASTER_KEY}` is set here, and a service that starts by itself cannot have it"),
        )
        .hint(format!(
            "write the passphrase into a file that only you can read and set `{MASTER_KEY}_FILE` to it, or unset \
             `{MASTER_KEY}` if the accounts are sealed with the key file"
        )));
    }
    let absolute = |name: &str, value: &str| match name {
        // Several folders may stand in this one.
        "SSL_CERT_DIR" => value.to_owned(),
        _ => std::path::absolute(value).map_or_else(|_| value.to_owned(), |path| path.display().to_string()),
    };
    let set = |name: &&'static str| environment.get(name).map(|value| (*name, value));
    let paths = PATHS.iter().filter_map(set).map(|(name, value)| (name, absolute(name, value)));
    let of_keys: Vec<&'static str> = KEYS.iter().filter_map(|key| key.variable).collect();
    let texts = TEXTS.iter().chain(&of_keys).filter_map(set).map(|(name, value)| (name, value.to_owned()));
    let mut all: Vec<(String, String)> = paths.chain(texts).map(|(name, value)| (name.to_owned(), value)).collect();
    // The system's own library reads this one, before any file could be.
    if environment.get("XDG_DATA_HOME").is_some() && environment.get(DATA).is_none() {
        all.push((DATA.to_owned(), absolute(DATA, &data.display().to_string())));
    }
    for (name, value) in &all {
        if value.contains(['\n', '\r']) {
            return Err(Error::new(ErrorKind::Configuration, format!("`{name}` has several lines"))
                .hint("set it to one line, or unset it for this command"));
        }
        if name == "CAM_MASTER_KEY_FILE" && !is_lasting(Path::new(value)) {
            return Err(Error::new(
                ErrorKind::Configuration,
                format!("`{name}` is `{value}`, which is no file that stays"),
            )
            .hint("a pipe is gone when the service starts: name a file that only you can read"));
        }
    }
    Ok(all)
}

fn is_lasting(path: &Path) -> bool {
    files::stat(path).is_ok_and(|found| found.is_some_and(|found| found.is_file()))
}

/// The text of the file: a line for each.
pub fn text(variables: &[(String, String)]) -> String {
    let lines = variables.iter().map(|(name, value)| format!("{name}={value}\n"));
    std::iter::once("# Variables of codex-account-manager's service.\n".to_owned()).chain(lines).collect()
}

/// The variables of the file at `path`.
///
/// # Errors
///
/// `Configuration` when it cannot be read, or a line is none of these.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let name = path.display();
    let bytes = files::read(path, LONGEST).map_err(|error| {
        Error::because(ErrorKind::Configuration, format!("the variables in `{name}` cannot be read"), error)
            .hint("check the path that `--env-file` names")
    })?;
    let bytes = text_encoding::utf8(&bytes);
    parsed(&String::from_utf8_lossy(&bytes)).map_err(|line| {
        Error::new(ErrorKind::Configuration, format!("`{name}`:{line}: this is not `NAME=VALUE`"))
            .hint("correct the line, or put a `#` before it")
    })
}

/// The variables of a text; the number of the first line that is none.
fn parsed(text: &str) -> Result<Vec<(String, String)>, usize> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(line, number)| {
            let (name, value) = line.split_once('=').ok_or(number)?;
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name { Ok((name.to_owned(), value.to_owned())) } else { Err(number) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Elsewhere these paths are not absolute.
    #[cfg(unix)]
    #[test]
    fn only_what_the_proxy_needs_is_given_to_it_and_no_secret() {
        let environment = |variables: &[(&str, &str)]| -> Environment {
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let given = of(
            &environment(&[
                ("HTTPS_PROXY", "http://proxy:3128"),
                ("CAM_ACCOUNTS_FILE", "/home/me/a b.json"),
                ("OPENAI_API_KEY", "sk-secret"),
                ("PATH", "/bin"),
                ("CAM_OPENAI_BASE_URL", ""),
                ("CODEX_AUTH_QUIET", "1"),
            ]),
            Path::new("/data"),
        );
        let given = given.unwrap();
        let expected = "# Variables of codex-account-manager's service.\nCAM_ACCOUNTS_FILE=/home/me/a b.json\nHTTPS_PROXY=http://proxy:3128\nCODEX_AUTH_QUIET=1\n";
        assert_eq!(text(&given), expected);
        assert_eq!(parsed(expected), Ok(given));
        let moved = of(&environment(&[("XDG_DATA_HOME", "/x")]), Path::new("/x/cam")).unwrap();
        assert_eq!(moved, [("CAM_DATA_DIR".to_owned(), "/x/cam".to_owned())]);
        let refused = of(&environment(&[("CAM_MASTER_KEY", "a passphrase")]), Path::new("/data")).unwrap_err();
        assert!(!refused.with_hint().contains("a passphrase"), "{refused:?}");
        assert!(refused.hint.unwrap().contains("`CAM_MASTER_KEY_FILE`"));
        for (name, value) in [("HTTPS_PROXY", "a\nB=c"), ("CAM_MASTER_KEY_FILE", "/dev/null")] {
            assert_eq!(
                of(&environment(&[(name, value)]), Path::new("/data")).unwrap_err().kind,
                ErrorKind::Configuration,
                "{name}"
            );
        }
    }

    #[test]
    fn a_line_that_is_no_variable_is_named() {
        for (text, expected) in [
            ("A=1\n\n# note\nB=\n", Ok(vec![("A".to_owned(), "1".to_owned()), ("B".to_owned(), String::new())])),
            ("A=b=c", Ok(vec![("A".to_owned(), "b=c".to_owned())])),
            ("A=1\nexport B=2\n", Err(2)),
            ("nothing", Err(1)),
            ("=1", Err(1)),
        ] {
            assert_eq!(parsed(text), expected, "{text:?}");
        }
    }
}
