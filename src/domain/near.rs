//! Which of some names a person may have meant by a word that is none of them.

/// So many names are suggested at most.
const MOST: usize = 3;

/// No word is compared that is longer, in characters.
const LONGEST: usize = 64;

/// The names nearest to `word`, best first, whatever their case: those with few differences for their length, and those that
/// begin with it or contain it.
pub fn near<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted: Vec<char> = word.trim().to_lowercase().chars().take(LONGEST + 1).collect();
    if wanted.is_empty() || wanted.len() > LONGEST {
        return Vec::new();
    }
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
            let whole = distance(&wanted, &letters);
            let words = letters.split(|letter| !letter.is_alphanumeric());
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
fn distance(wanted: &[char], letters: &[char]) -> Option<usize> {
    let differences = differences(wanted, letters);
    let most = wanted.len().max(letters.len()) / 3;
    let is_part = wanted.len() >= 3 && letters.windows(wanted.len()).any(|part| part == wanted);
    match differences {
        near if near <= most && near < wanted.len() => Some(near),
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

/// How many letters must be put in, taken out, replaced or swapped with their neighbour to make one of the other.
fn differences(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..width).collect();
    for row in 1..=one.len() {
        let mut next = vec![row; width];
        for column in 1..width {
            let differs = usize::from(one[row - 1] != other[column - 1]);
            let mut least = (above[column] + 1).min(next[column - 1] + 1).min(above[column - 1] + differs);
            let is_swapped =
                row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1];
            if is_swapped {
                least = least.min(two_above[column - 2] + 1);
            }
            next[column] = least;
        }
        two_above = std::mem::replace(&mut above, next);
    }
    above[width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = ["Work", "work-2", "my personal", "you@example.com", "仕事用", "a", "routing.strategy"];

    #[test]
    fn a_slip_of_the_fingers_finds_the_name_and_another_word_does_not() {
        for (word, expected) in [
            ("wrok", &["Work"][..]),
            ("WORK", &["Work", "work-2"]),
            ("wor", &["Work", "work-2"]),
            ("work2", &["work-2", "Work"]),
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
        assert_eq!(near("xy", ["xy1", "xy2", "xy3", "xy4", "xy1"]).len(), 0, "one of three is too much of two letters");
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
