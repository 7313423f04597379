//! Suggestions for a misspelled name.

/// So many names are suggested at most.
const MOST: usize = 3;

/// No word is compared that is longer, in characters.
const LONGEST: usize = 64;

/// The names nearest to `word`, best first, whatever their case: those with few differences for their length, and those that
/// begin with it or contain it.
pub fn near<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted: String = word.trim().to_lowercase().chars().take(LONGEST + 1).collect();
    if wanted.is_empty() || wanted.chars().count() > LONGEST {
        return Vec::new();
    }
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let letters: String = name.to_lowercase().chars().take(LONGEST).collect();
            let whole = distance(&wanted, &letters);
            let words = letters.split(|letter: char| !letter.is_alphanumeric());
            // One word of several is a little less than the whole.
            let word = words.filter_map(|word| distance(&wanted, word)).min().map(|differences| differences + 1);
            whole.into_iter().chain(word).min().map(|differences| (differences, name))
        })
        .collect();
    found.sort_by_key(|(differences, _)| *differences);
    let nearest = found.first().map_or(0, |(differences, _)| *differences);
    found.retain(|(differences, _)| *differences <= nearest + 1);
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in found {
        if !names.contains(&name) && names.len() < MOST {
            names.push(name);
        }
    }
    names
}

/// How far `wanted` is from `letters`; `None` when it is another word. One in three letters may be wrong; of `a` nothing is
/// left then.
fn distance(wanted: &str, letters: &str) -> Option<usize> {
    let differences = strsim::osa_distance(wanted, letters);
    let length = wanted.chars().count();
    let most = length.max(letters.chars().count()) / 3;
    let is_part = length >= 3 && letters.contains(wanted);
    match differences {
        near if near <= most && near < length => Some(near),
        _ => is_part.then_some(1),
    }
}

/// `did you mean ...?` for these names; `None` without any.
pub fn question(names: &[&str]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [first @ .., last] => Some(format!("did you mean {} or {last}?", first.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = ["Work", "work-2", "my personal", "you@example.com", "仕事用", "a", "routing.strategy"];

    #[test]
    fn a_slip_of_the_fingers_finds_the_name_and_another_word_does_not() {
        for (word, expected) in [
            ("wrok", &["Work", "work-2"][..]),
            ("WORK", &["Work", "work-2"]),
            ("wor", &["Work", "work-2"]),
            ("work2", &["Work", "work-2"]),
            ("work-3", &["work-2", "Work"]),
            ("persnal", &["my personal"]),
            ("stratgy", &["routing.strategy"]),
            ("routing.stratgy", &["routing.strategy"]),
            ("you@exmaple.com", &["you@example.com"]),
            ("example", &["you@example.com"]),
            ("仕事", &["仕事用"]),
            ("nobody", &[]),
            ("b", &[]),
            ("", &[]),
            ("  ", &[]),
        ] {
            assert_eq!(near(word, NAMES), expected, "{word}");
        }
        assert!(near(&"x".repeat(1_000_000), NAMES).is_empty());
        assert_eq!(near("xy", ["xy1", "xy2", "xy1", "xy3", "xy4"]), ["xy1", "xy2", "xy3"]);
        assert_eq!(near("key-1", ["key-2", "key-3", "key-4", "key-5"]).len(), MOST);
    }

    #[test]
    fn the_question_lists_what_was_found() {
        for (names, expected) in [
            (&[][..], None),
            (&["a"][..], Some("did you mean `a`?")),
            (&["a", "b"], Some("did you mean `a` or `b`?")),
            (&["a", "b", "c"], Some("did you mean `a`, `b` or `c`?")),
        ] {
            assert_eq!(question(names).as_deref(), expected);
        }
    }
}
