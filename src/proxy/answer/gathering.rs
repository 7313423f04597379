//! Whether what comes of an answer is passed on piece by piece or several pieces at a time. A person who watches waits for
//! nothing; of a stream that comes faster than it can be passed on, one write takes what several would have.

/// So many bytes are passed on without a look for more.
pub const ENOUGH: usize = 4 * 1024;

/// Where no piece came right behind another, this seldom it is looked whether one does now.
const SELDOM: u8 = 16;

/// The connection asks a body twice before others have their turn.
const LOOKS: u8 = 2;

/// The pieces that are passed on next.
#[derive(Debug)]
pub struct Gathering {
    pieces: usize,
    bytes: usize,
    /// How many times it was looked for more since the last one came.
    looks: u8,
    /// How many times in a row a piece was passed on alone.
    alone: u8,
}

impl Default for Gathering {
    /// The first piece waits for no other.
    fn default() -> Gathering {
        Gathering { pieces: 0, bytes: 0, looks: 0, alone: 1 }
    }
}

impl Gathering {
    /// A piece of so many bytes came.
    pub fn add(&mut self, bytes: usize) {
        self.pieces += 1;
        self.bytes += bytes;
        self.looks = 0;
    }

    /// Nothing more is there now: whether it is looked once more after others had their turn.
    pub fn looks_again(&mut self) -> bool {
        let may_come = self.pieces > 1 || self.alone.is_multiple_of(SELDOM);
        let looks = may_come && self.looks < LOOKS;
        self.looks += u8::from(looks);
        looks
    }

    /// Whether it is passed on whatever comes.
    pub fn is_enough(&self) -> bool {
        self.bytes >= ENOUGH
    }

    /// All was passed on.
    pub fn passed(&mut self) {
        let alone = if self.pieces > 1 { 0 } else { self.alone.wrapping_add(1) };
        *self = Gathering { alone, ..Gathering::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes `times` times what comes at once, `pieces` at a time. How many looks were in vain.
    fn vain(gathering: &mut Gathering, times: usize, pieces: usize) -> usize {
        let mut vain = 0;
        for _ in 0..times {
            gathering.add(1);
            let mut more = pieces - 1;
            while gathering.looks_again() {
                if more == 0 {
                    vain += 1;
                } else {
                    more -= 1;
                    gathering.add(1);
                }
            }
            gathering.passed();
        }
        vain
    }

    #[test]
    fn pieces_that_come_alone_are_passed_alone_and_those_that_come_together_together() {
        let mut gathering = Gathering::default();
        assert_eq!(vain(&mut gathering, 15, 1), 0);
        assert_eq!(vain(&mut gathering, 160, 1), 10 * usize::from(LOOKS));
        let mut gathering = Gathering::default();
        vain(&mut gathering, 16, 7);
        assert_eq!((vain(&mut gathering, 100, 7), gathering.alone), (100 * usize::from(LOOKS), 0));
    }

    #[test]
    fn what_is_enough_waits_for_nothing() {
        let mut gathering = Gathering::default();
        gathering.add(ENOUGH - 1);
        assert!(!gathering.is_enough());
        gathering.add(1);
        assert!(gathering.is_enough());
        gathering.passed();
        assert!(!gathering.is_enough());
    }
}
