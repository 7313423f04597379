//! The text of a `config.toml` that nobody has written yet: every key, commented out, with its default.

use super::keys::{KEYS, Key};

const HEAD: &str = "# Configuration of codex-account-manager. Running processes follow changes within a second.
#
# Each line that begins with `#` and a key shows the default: remove the `#` to change it.
# `codex-account-manager config show` prints every effective value and where it comes from.
";

/// Every key with its meaning, what it takes, and its default.
pub fn template() -> String {
    let key = |key: &Key| {
        // What JSON has for text, flags, numbers and empty lists is TOML as well.
        let default = key.default.value();
        format!("\n# {}\n# Accepted: {}\n#{} = {default}\n", key.help, key.shape.accepted(), key.toml)
    };
    std::iter::once(HEAD.to_owned()).chain(KEYS.iter().map(key)).collect()
}

#[cfg(test)]
mod tests {
    use toml_edit::Document;

    use super::*;
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
}
