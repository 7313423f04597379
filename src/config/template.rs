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

/// Every key with its meaning, what it takes, and its default.
pub fn template() -> String {
    let key = |key: &Key| {
        // What JSON has for text, flags, numbers and empty lists is TOML as well.
        let default = key.default.value();
        format!("\n# {}\n# Accepted: {}\n#{} = {default}\n", key.help, key.shape.accepted(), key.toml)
    };
    let keys = KEYS.iter().map(key);
    std::iter::once(HEAD.to_owned()).chain(keys).chain([RULE.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use toml_edit::Document;

    use super::*;
    use crate::config::projects::Projects;
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
    fn its_rule_is_one() {
        let text: String = super::RULE
            .lines()
            .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
            .fold(String::new(), |text, line| text + line + "\n");
        let folder = tempfile::TempDir::new().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test writes the file that is read")]
        std::fs::write(folder.path().join("config.toml"), &text).unwrap();
        let file = crate::config::toml_file::TomlFile::read(&folder.path().join("config.toml"));
        let (projects, warning) = Projects::default().follow(&file, Some(folder.path()), false);
        assert_eq!((projects.rules.len(), warning), (1, None), "{text}");
    }
}
