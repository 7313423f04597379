//! Files of a name and a value on each line: variables as `dotenv` reads them, and the flat YAML of aider's configuration. No
//! crate changes one value of such YAML and keeps the rest of the text without a whole parser of YAML; for names at the
//! beginning of lines none is needed, and a file with other things in it is left alone.

use std::ops::Range;

use serde_json::Value;

use super::{Document, EditError, Step};

/// What may stand around a name and its value.
const BLANK: [char; 2] = [' ', '\t'];

pub struct Lines {
    text: Vec<String>,
    separator: &'static str,
    end: &'static str,
}

/// `value` as it stands behind the name of a variable.
pub fn variable(value: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:@%+,".contains(letter);
    if value.chars().all(is_plain) { value.to_owned() } else { yaml(value) }
}

/// `value` as it stands behind a name of YAML; a string of JSON is one of YAML.
pub fn yaml(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

impl Lines {
    pub fn variables(text: &str) -> Lines {
        Lines::read(text, "=")
    }

    pub fn yaml(text: &str) -> Result<Lines, EditError> {
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim_start_matches('\u{feff}');
            let is_within = line.is_empty() || line.starts_with([' ', '\t', '#', '-']);
            let has_name = line.split_once(':').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_-.\"'".contains(letter))
            });
            if !is_within && !has_name {
                return Err(EditError::Malformed { line: number, why: "this is no `name: value`".to_owned() });
            }
        }
        Ok(Lines::read(text, ":"))
    }

    fn read(text: &str, separator: &'static str) -> Lines {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Lines { text: text.split_inclusive('\n').map(str::to_owned).collect(), separator, end }
    }

    /// The line of a name, and where in it its value stands: before the end of that line, also where there is none. Where a name
    /// comes twice the last counts.
    fn find(&self, name: &str) -> Option<(usize, Range<usize>)> {
        let value = |line: &str| {
            let begin = if self.separator == "=" { line.trim_start() } else { line };
            let begin = begin.strip_prefix("export ").unwrap_or(begin);
            // YAML lets a name stand in quotes.
            let named = ['"', '\''].iter().find_map(|quote| {
                begin.strip_prefix(*quote).filter(|_| self.separator == ":")?.strip_prefix(name)?.strip_prefix(*quote)
            });
            let rest = named.or_else(|| begin.strip_prefix(name))?;
            let rest = rest.trim_start_matches(BLANK).strip_prefix(self.separator)?;
            let rest = rest.trim_start_matches(BLANK);
            Some(line.len() - rest.len()..line.len() - rest.len() + rest.trim_end().len())
        };
        self.text.iter().enumerate().rev().find_map(|(at, line)| Some((at, value(line)?)))
    }

    /// Whether the value of the line `at` goes on below it, as lists and texts of YAML do.
    fn goes_on(&self, at: usize) -> bool {
        let mut below = self.text[at + 1..].iter().map(|line| line.trim_end());
        let next = below.find(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
        self.separator == ":"
            && next.is_some_and(|line| line.starts_with(BLANK) || line == "-" || line.starts_with("- "))
    }

    fn name(place: &[Step]) -> Option<&str> {
        match place {
            [Step::Key(name)] => Some(name),
            _ => None,
        }
    }
}

impl Document for Lines {
    fn value(&self, place: &[Step]) -> Option<Value> {
        if place.is_empty() {
            return Some(Value::Null);
        }
        let (at, value) = self.find(Lines::name(place)?)?;
        Some(Value::String(self.text[at][value].to_owned()))
    }

    fn put(&mut self, place: &[Step], value: &Value) -> Result<(), EditError> {
        let (Some(name), Some(value)) = (Lines::name(place), value.as_str()) else {
            return Err(EditError::InTheWay("the file".to_owned()));
        };
        let space = if self.separator == ":" { " " } else { "" };
        if let Some((at, old)) = self.find(name) {
            if self.goes_on(at) {
                return Err(EditError::InTheWay(name.to_owned()));
            }
            let apart = if self.text[at][..old.start].ends_with(self.separator) { space } else { "" };
            self.text[at].replace_range(old, &format!("{apart}{value}"));
            return Ok(());
        }
        if let Some(last) = self.text.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push_str(self.end);
        }
        self.text.push(format!("{name}{}{space}{value}{}", self.separator, self.end));
        Ok(())
    }

    fn take(&mut self, place: &[Step]) {
        let found = Lines::name(place).and_then(|name| self.find(name)).map(|(at, _)| at);
        if let Some(at) = found {
            self.text.remove(at);
        }
    }

    fn text(&self) -> String {
        self.text.concat()
    }
}
