//! Where `round_robin` goes on.

/// Where it goes on: apart for requests that only keys can serve, so that these go round the keys whatever stands between
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    all: Option<usize>,
    keys: Option<usize>,
}

impl Turns {
    /// The next position for such requests, if one was chosen before.
    pub fn next(self, needs_api_key: bool) -> Option<usize> {
        if needs_api_key { self.keys } else { self.all }
    }

    /// The account at `position` of `count` was chosen.
    pub fn chose(&mut self, needs_api_key: bool, position: usize, count: usize) {
        let turn = if needs_api_key { &mut self.keys } else { &mut self.all };
        *turn = (position + 1).checked_rem(count);
    }
}
