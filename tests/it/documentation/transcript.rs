//! A console block: its commands, and whether what they print is what is shown.

/// A command and what the block shows of it.
#[derive(Debug)]
pub struct Command {
    /// Without its comment.
    pub line: String,
    /// Empty when the block shows nothing.
    pub expected: Vec<String>,
}

/// The commands of a block, in order.
pub fn commands(block: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in block.lines() {
        if let Some(line) = line.strip_prefix("$ ") {
            let line = line.split_once("   # ").map_or(line, |(line, _)| line).split(" # ").next().unwrap_or(line);
            commands.push(Command { line: line.trim().to_owned(), expected: Vec::new() });
        } else if let Some(command) = commands.last_mut() {
            command.expected.push(line.to_owned());
        }
    }
    commands
}

/// What is printed otherwise than shown. Numbers, ids and bars may differ, columns may be wider, `…` stands for anything in its
/// line, and a line of `…` for any lines. Of a command whose output is not shown nothing is asked.
pub fn difference(expected: &[String], printed: &str) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    let printed: Vec<&str> = printed.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let mut at = 0;
    let mut skips = false;
    for line in expected.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        if line == "…" {
            skips = true;
            continue;
        }
        let found = printed[at..].iter().position(|shown| fits(line, shown));
        match found {
            Some(0) => at += 1,
            Some(further) if skips => at += further + 1,
            _ => return Some(format!("does not print `{line}`, but `{}`", printed.get(at).unwrap_or(&"nothing more"))),
        }
        skips = false;
    }
    let rest = printed.get(at).filter(|_| !skips)?;
    Some(format!("prints a line that is not shown: `{rest}`"))
}

fn fits(expected: &str, shown: &str) -> bool {
    let (expected, shown) = (plain(expected), plain(shown));
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| shown.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    let is_open = parts.peek().is_some();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    is_open || rest.is_empty()
}

/// The line with its numbers, units of time, ids, device codes and bars alike, and one space between columns.
fn plain(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let is_id = word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_code = word.len() == 10 && word.as_bytes()[4] == b'-' && word.bytes().all(is_of_a_code);
        match word {
            _ if is_id => "ID".to_owned(),
            _ if is_code => "CODE".to_owned(),
            word if word.chars().all(|letter| ('\u{2580}'..='\u{259f}').contains(&letter)) => "BAR".to_owned(),
            // What took seconds takes minutes on a busy machine.
            "s" | "min" | "h" => "UNIT".to_owned(),
            word => without_numbers(word),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_of_a_code(byte: u8) -> bool {
    byte == b'-' || byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn without_numbers(word: &str) -> String {
    let mut text = String::new();
    let mut in_number = false;
    for letter in word.chars() {
        let is_of_it = letter.is_ascii_digit() || (in_number && matches!(letter, '.' | ','));
        if !is_of_it {
            text.push(letter);
        } else if !in_number {
            text.push('0');
        }
        in_number = is_of_it;
    }
    text
}

#[test]
fn numbers_widths_and_dots_do_not_matter_and_words_do() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (expected, printed, is_alike) in [
        ("1*  work  $0.41", "1*  work      $12.00\n", true),
        ("1*  work  $0.41", "1*  home  $0.41", false),
        ("1*  work  $0.41", "1*  work  -", false),
        ("up 95 s  0", "up 3 min  0", true),
        ("up 95 s  0", "up 3  0", false),
        ("2f51d08b6e9c4a17  run", "0123456789abcdef  run", true),
        ("enter the code ABCD-12345", "enter the code WXYZ-98765", true),
        ("https://a/authorize?…", "https://a/authorize?x=1&y=2", true),
        ("https://a/authorize?…", "https://b/authorize?x=1", false),
        ("a … c", "a b c", true),
        ("a … c", "a b d", false),
        ("first\n…\nlast", "first\nmore\nand more\nlast", true),
        ("first\nlast", "first\nmore\nlast", false),
        ("first", "first\nmore", false),
        ("first\n…", "first\nmore", true),
        ("first\nsecond", "first", false),
    ] {
        assert_eq!(difference(&shown(expected), printed).is_none(), is_alike, "{expected:?} and {printed:?}");
    }
}
