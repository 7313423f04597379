//! The way events take to the doors. A door that reads slowly may miss what became of requests; how the accounts changed, that a
//! login is over and what a person is to know reaches it late, but it does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::event::Event;

/// Events that a slow door may be behind.
const BACKLOG: usize = 1024;

/// Those among them that it does not miss while as many are not behind: they are rare.
const LASTING: usize = 256;

/// The end that events are put into. The channels have room for their whole backlog from the start, so that an event in them is
/// a pointer.
pub(super) struct Channel {
    all: broadcast::Sender<Arc<Event>>,
    /// The lasting ones once more. Locked while one is put into both, so that both have one order.
    lasting: Mutex<broadcast::Sender<Arc<Event>>>,
}

impl Default for Channel {
    fn default() -> Channel {
        Channel { all: broadcast::channel(BACKLOG).0, lasting: Mutex::new(broadcast::channel(LASTING).0) }
    }
}

impl Channel {
    /// Gives an event to every receiver.
    pub fn send(&self, event: Event) {
        let event = Arc::new(event);
        let lasting = event.is_lasting().then(|| self.lasting.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(lasting) = &lasting {
            // First: whoever has it from `all` finds it here.
            let _ = lasting.send(Arc::clone(&event));
        }
        // Nobody listening is fine: the command line has no use for events.
        let _ = self.all.send(event);
    }

    /// What happens from now on.
    pub fn receiver(&self) -> EventReceiver {
        let lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        EventReceiver {
            all: self.all.subscribe(),
            lasting: lasting.subscribe(),
            overdue: VecDeque::new(),
            given_early: VecDeque::new(),
        }
    }

    /// Whether any door listens.
    pub fn has_receivers(&self) -> bool {
        self.all.receiver_count() > 0
    }
}

/// What happens, for one door.
pub struct EventReceiver {
    all: broadcast::Receiver<Arc<Event>>,
    lasting: broadcast::Receiver<Arc<Event>>,
    /// Lasting ones that are given next, because some of them were left out of `all`.
    overdue: VecDeque<Arc<Event>>,
    /// Those of them that may yet come out of `all`.
    given_early: VecDeque<Arc<Event>>,
}

impl EventReceiver {
    /// The next one, once it happens. After [`RecvError::Lagged`] the lasting ones that were left out come first.
    pub async fn recv(&mut self) -> Result<Event, RecvError> {
        loop {
            if let Some(event) = self.next_overdue() {
                return Ok(event);
            }
            match self.all.recv().await {
                Ok(event) => {
                    if let Some(event) = self.unless_given(event) {
                        return Ok(event);
                    }
                }
                Err(error) => {
                    if let RecvError::Lagged(_) = error {
                        self.catch_up();
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The next one that has happened already.
    pub fn try_recv(&mut self) -> Result<Event, TryRecvError> {
        loop {
            if let Some(event) = self.next_overdue() {
                return Ok(event);
            }
            match self.all.try_recv() {
                Ok(event) => {
                    if let Some(event) = self.unless_given(event) {
                        return Ok(event);
                    }
                }
                Err(error) => {
                    if let TryRecvError::Lagged(_) = error {
                        self.catch_up();
                    }
                    return Err(error);
                }
            }
        }
    }

    fn next_overdue(&mut self) -> Option<Event> {
        let event = self.overdue.pop_front()?;
        self.given_early.push_back(Arc::clone(&event));
        Some(Event::clone(&event))
    }

    /// Takes all that is in `lasting`: nobody can tell which of it was left out of `all`.
    fn catch_up(&mut self) {
        loop {
            match self.lasting.try_recv() {
                Ok(event) => self.overdue.push_back(event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// An event out of `all`, but for one that was given before its turn.
    fn unless_given(&mut self, event: Arc<Event>) -> Option<Event> {
        if event.is_lasting() {
            if let Some(place) = self.given_early.iter().position(|given| Arc::ptr_eq(given, &event)) {
                // Both channels have one order: those before it were left out.
                self.given_early.drain(..=place);
                return None;
            }
            // The same one.
            let _ = self.lasting.try_recv();
        }
        Some(Arc::unwrap_or_clone(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::session::event::{Cause, Level, Notice};

    fn request(number: usize) -> Event {
        Event::WaitEnded { request_id: number.to_string() }
    }

    fn lasting(revision: u64) -> [Event; 2] {
        let notice = Notice { level: Level::Info, text: revision.to_string() };
        [Event::AccountsChanged { revision, cause: Cause::Own, accounts: Vec::new() }, Event::Notice(notice)]
    }

    /// Lasting ones by their number and the others by `·`; `…` where some are left out.
    fn received(receiver: &mut EventReceiver) -> String {
        let mut text = String::new();
        loop {
            match receiver.try_recv() {
                Ok(Event::AccountsChanged { revision, .. }) => {
                    text.push_str(&["a", &revision.to_string(), " "].concat());
                }
                Ok(Event::Notice(notice)) => text.push_str(&["n", &notice.text, " "].concat()),
                Ok(_) if text.ends_with('·') => {}
                Ok(_) => text.push('·'),
                Err(TryRecvError::Lagged(_)) => text.push('…'),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return text,
            }
        }
    }

    #[test]
    fn a_slow_door_misses_requests_alone_and_receives_everything_else_once() {
        let channel = Channel::default();
        let mut receiver = channel.receiver();
        let send = |events: &[Event]| events.iter().cloned().for_each(|event| channel.send(event));
        let many: Vec<Event> = (0..BACKLOG + 10).map(request).collect();

        send(&lasting(1));
        send(&[request(0)]);
        assert_eq!(received(&mut receiver), "a1 n1 ·");

        // Those in front are left out of `all`, those behind are not.
        send(&lasting(2));
        send(&many);
        send(&lasting(3));
        assert_eq!(received(&mut receiver), "…a2 n2 a3 n3 ·");

        // What was given early is not waited for, and what follows comes in its turn.
        send(&many);
        send(&lasting(4));
        send(&many);
        send(&lasting(5));
        assert_eq!(received(&mut receiver), "…a4 n4 a5 n5 ·");
        send(&[request(0)]);
        send(&lasting(6));
        assert_eq!(received(&mut receiver), "·a6 n6 ");

        // More than even the lasting ones have room for: the last of them.
        let changes: Vec<Event> = (0..u64::try_from(LASTING).unwrap()).flat_map(lasting).collect();
        send(&changes);
        send(&many);
        let after = received(&mut receiver);
        assert!(after.starts_with("…a128 n128 ") && after.ends_with("a255 n255 ·"), "{after}");
    }

    #[tokio::test]
    async fn one_that_waits_receives_it_too() {
        let channel = Channel::default();
        let mut receiver = channel.receiver();
        channel.send(lasting(7)[0].clone());
        (0..=BACKLOG).for_each(|number| channel.send(request(number)));
        assert!(matches!(receiver.recv().await, Err(RecvError::Lagged(_))));
        assert!(matches!(receiver.recv().await, Ok(Event::AccountsChanged { revision: 7, .. })));
        assert!(matches!(receiver.recv().await, Ok(Event::WaitEnded { .. })));
        drop(channel);
        while receiver.recv().await.is_ok() {}
        assert!(matches!(receiver.recv().await, Err(RecvError::Closed)));
    }
}
