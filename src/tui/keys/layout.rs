//! Letters of keyboards that are not Latin, by their place on the keyboard: who has one switched on does not have to
//! switch it off for a key of the screen.

/// The letters of a Latin keyboard, row by row, with what is on these keys elsewhere.
const LAYOUTS: &[(&str, &str)] = &[
    // Russian, Ukrainian where it differs, Bulgarian by sound has its own places and is left alone.
    ("qwertyuiopasdfghjklzxcvbnm", "йцукенгшщзфывапролдячсмить"),
    ("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ"),
    ("sS", "іІ"),
    // Greek; its `q` is a sign.
    ("wertyuiopasdfghjklzxcvbnm", "ςερτυθιοπασδφγηξκλζχψωβνμ"),
    ("ERTYUIOPASDFGHJKLZXCVBNM", "ΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛΖΧΨΩΒΝΜ"),
    // Hebrew.
    ("ertyuiopasdfghjklzxcvbnm", "קראטוןםפשדגכעיחלךזסבהנמצ"),
    // Arabic.
    ("qwertyuiopasdfghjklzxcvnm", "ضصثقفغعهخحشسيبلاتنمئءؤرىة"),
    // Korean, two sets.
    ("qwertyuiopasdfghjklzxcvbnm", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ"),
    ("QWERTOP", "ㅃㅉㄸㄲㅆㅒㅖ"),
];

/// The sign that a Latin keyboard has in the place of `letter`; `letter` itself where none is known.
pub fn latin(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    // Full-width forms, as input methods for Japanese and Chinese type them.
    if let wide @ '\u{ff01}'..='\u{ff5e}' = letter {
        return char::from_u32(u32::from(wide) - 0xfee0).unwrap_or(letter);
    }
    let find = |(latin, other): &(&str, &str)| latin.chars().zip(other.chars()).find(|(_, other)| *other == letter);
    LAYOUTS.iter().find_map(find).map_or(letter, |(latin, _)| latin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layout_names_as_many_letters_as_it_has_places() {
        for (latin, other) in LAYOUTS {
            assert_eq!(latin.chars().count(), other.chars().count(), "{other}");
        }
    }

    #[test]
    fn a_letter_is_known_by_its_place() {
        for (typed, meant) in
            [('о', 'j'), ('Й', 'Q'), ('ξ', 'j'), ('ח', 'j'), ('ت', 'j'), ('ㅓ', 'j'), ('ｑ', 'q'), ('é', 'é')]
        {
            assert_eq!(latin(typed), meant, "{typed}");
        }
    }
}
