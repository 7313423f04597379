//! The text of a `config.toml` that nobody has written yet: every key, commented out, with its default.

use super::keys::{KEYS, Key};

const HEAD: &str = "# Configuration of codex-account-manager. Running processes follow changes within a second.
#
# Each line that begins with `#` and a key shows the default: remove the `#` to change it.
# `codex-account-manager config show` prints every effective value and where it comes from.
";

/// A rule, commented out.
const RULE: &str = "
# Which accounts a project may use: as many rules as you like, the first whose `path` fits and every one whose `remote` does.
# `accounts` names groups, labels and ids; `!` before one leaves it out. Without a rule a project uses every account.
#[[projects]]
#path = \"~/work/**\"
#remote = \"github.com/acme/*\"
#accounts = [\"work\"]
#strategy = \"sticky\"
#daily_limit_usd = 5
#monthly_limit_usd = 50
";

/// A key of a proxy, commented out.
const PROXY_KEY: &str = "
# Several clients of one `proxy`, each with a key, accounts and a budget of its own. While there is one, the built-in key is off.
# `key_file` begins beside this file, or with `~`; `accounts` is as above; `[\"*\"]` is all that the proxy may use.
#[[proxy.keys]]
#name = \"ci\"
#key_file = \"ci.key\"
#accounts = [\"work\"]
#daily_limit_usd = 10
#monthly_limit_usd = 100
";

/// Every key with its meaning, what it takes, and its default.
pub fn template() -> String {
    let key = |key: &Key| {
        // What JSON has for text, flags, numbers and empty lists is TOML as well.
        let default = key.default.value();
        format!("\n# {}\n# Accepted: {}\n#{} = {default}\n", key.help, key.shape.accepted(), key.toml)
    };
    let keys = KEYS.iter().map(key);
    std::iter::once(HEAD.to_owned()).chain(keys).chain([RULE, PROXY_KEY].map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use toml_edit::Document;

    use super::*;
    use crate::config::projects::Projects;
    use crate::config::proxy_keys::ProxyKeys;
    use crate::config::toml_file::TomlFile;
    use crate::config::toml_value::json_of;

    #[test]
    fn it_sets_nothing_and_each_line_without_its_mark_sets_the_default() {
        let template = template();
        assert!(Document::parse(&template).unwrap().is_empty());
        let is_key = |line: &&str| KEYS.iter().any(|key: &Key| line.starts_with(&format!("#{} = ", key.toml)));
        let lines: Vec<&str> = template.lines().filter(is_key).collect();
        assert_eq!(lines.len(), KEYS.len());
        let text = lines.iter().map(|line| &line[1..]).collect::<Vec<_>>().join("\n");
        let parsed = json_of(Document::parse(&text).unwrap().as_item());
        for key in KEYS {
            let value = parsed.pointer(&format!("/{}", key.toml.replace('.', "/"))).unwrap();
            assert_eq!(key.shape.accept(value), key.shape.accept(&key.default.value()), "{}", key.toml);
        }
    }

    #[test]
    fn its_rule_and_its_key_are_one_each() {
        let folder = tempfile::TempDir::new().unwrap();
        let read = |text: &str| {
            let lines = text.lines().filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')));
            let path = folder.path().join("config.toml");
            #[expect(clippy::disallowed_methods, reason = "the test writes the file that is read")]
            std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
            TomlFile::read(&path)
        };
        let (projects, warning) = Projects::default().follow(&read(RULE), Some(folder.path()), false);
        assert_eq!((projects.rules.len(), warning.len()), (1, 0));
        let (keys, warnings) = ProxyKeys::default().follow(&read(PROXY_KEY), Some(folder.path()), false);
        assert_eq!(keys.keys.len(), 1);
        assert!(warnings.iter().all(|warning| warning.why.contains("its key file")), "{warnings:?}");
    }
}
