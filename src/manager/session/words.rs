//! How times and sentences are written for people.

use std::time::Duration;

pub use crate::domain::sentence::capitalised;

/// A length of time as people say it.
pub fn length(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_400 => format!("{} min", seconds.div_ceil(60)),
        5_401..=172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_up_to_what_people_say() {
        for (millis, said) in
            [(0, "0 s"), (1, "1 s"), (90_000, "90 s"), (91_000, "2 min"), (3_600_000, "60 min"), (7_200_001, "3 h")]
        {
            assert_eq!(length(Duration::from_millis(millis)), said);
        }
    }
}
