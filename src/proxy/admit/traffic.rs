//! Memory after a crowd: the allocator keeps for later what many requests at a time have used, and nobody may come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::background;
use crate::sys;

/// Fewer requests at a time use too little to be worth it.
const CROWD: usize = 64;

/// When what is left of a crowd is given back: what it used is free soon, and its idle connections are closed in half a minute.
const AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(35)];

/// The requests under way.
#[derive(Debug, Default)]
pub struct Traffic {
    now: AtomicUsize,
    /// The most at a time since the last crowd was gone.
    most: AtomicUsize,
}

impl Traffic {
    /// A request begins.
    pub fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    /// A request has ended. With most of a crowd gone, its memory is given back a little later.
    pub fn leave(&self) {
        if self.is_gone_with_one()
            && let Ok(runtime) = Handle::try_current()
        {
            for after in AFTER {
                background::spawn_on(&runtime, async move {
                    tokio::time::sleep(after).await;
                    sys::memory::give_back();
                });
            }
        }
    }

    fn is_gone_with_one(&self) -> bool {
        let now = self.now.fetch_sub(1, Ordering::Relaxed) - 1;
        let most = self.most.load(Ordering::Relaxed);
        let is_gone = most >= CROWD && now <= most / 8;
        if is_gone {
            self.most.store(now, Ordering::Relaxed);
        }
        is_gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_gone_once() {
        let traffic = Traffic::default();
        let gone = |count: usize| {
            (0..count).for_each(|_| traffic.enter());
            (0..count).filter(|_| traffic.is_gone_with_one()).count()
        };
        assert_eq!([gone(CROWD - 1), gone(CROWD), gone(1), gone(4 * CROWD)], [0, 1, 0, 1]);
    }
}
