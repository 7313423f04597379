//! Trying again what another program is in the way of. On Windows a file that a virus scanner, an indexer, a backup or an
//! editor has open can often be neither opened nor removed nor replaced, for a moment; on others nothing is in the way.

use std::io;
use std::time::Duration;

/// `ERROR_ACCESS_DENIED`, also of a file that is being removed; `ERROR_SHARING_VIOLATION`; `ERROR_LOCK_VIOLATION`.
const PASSING: [i32; 3] = [5, 32, 33];

/// The first pause; each is twice as long as the one before.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(50);

/// Whether another program may be in the way.
pub fn is_in_the_way(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| PASSING.contains(&code))
}

/// Does `attempt` until nobody is in the way, with pauses of no more than `patience` together.
pub fn persist<T>(
    patience: Duration,
    mut pause: impl FnMut(Duration),
    mut attempt: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let (mut left, mut next) = (patience, SHORTEST);
    loop {
        match attempt() {
            Err(error) if is_in_the_way(&error) && !left.is_zero() => {
                let now = next.min(left);
                pause(now);
                left -= now;
                next = (next * 2).min(LONGEST);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of an attempt that meets these errors one after the other, and how long was paused.
    fn met(patience: u64, errors: &[i32]) -> (Result<(), Option<i32>>, Vec<u64>) {
        let (mut errors, mut pauses) = (errors.iter(), Vec::new());
        let attempt = || errors.next().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)));
        let pause = |time: Duration| pauses.push(u64::try_from(time.as_millis()).unwrap());
        let done = persist(Duration::from_millis(patience), pause, attempt);
        (done.map_err(|error| error.raw_os_error()), pauses)
    }

    #[test]
    fn who_is_in_the_way_is_waited_for_and_nothing_else_is() {
        assert_eq!(met(100, &[]), (Ok(()), vec![]));
        assert_eq!(met(100, &[5, 32, 33]), (Ok(()), vec![1, 2, 4]));
        assert_eq!(met(100, &[32, 2]), (Err(Some(2)), vec![1]));
        assert_eq!(met(100, &[32; 9]), (Err(Some(32)), vec![1, 2, 4, 8, 16, 32, 37]));
        assert_eq!(met(3_000, &[5; 40]).1.iter().max(), Some(&50));
    }
}
