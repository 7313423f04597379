//! Changes of the accounts file that no verb waits for. All that are waiting when the lock is there are one write: a request
//! that fails over proves a limit and moves its session, and siblings wait for the same lock.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Accounts, Written};
use crate::domain::time::Timestamp;
use crate::manager::session::Changes;
use crate::store::{Creation, State, Store};

/// So long a change waits for another to be written with that nobody waits for.
const SOON: Duration = Duration::from_millis(50);

type Change = Box<dyn FnOnce(&mut State, Timestamp) + Send>;

/// A change on its way.
struct Later {
    change: Change,
    /// Sent once siblings see it.
    seen: oneshot::Sender<()>,
    /// Called once it is on disk.
    written: Box<dyn FnOnce() + Send>,
}

/// Those that wait to be written.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    changes: Vec<Later>,
    /// A task is on its way that writes them.
    is_written: bool,
    /// A task is on its way that looks whether they are written.
    is_looked_after: bool,
    /// How often those that waited were taken.
    taken: u64,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller has to write what waits: something does, and nobody else is about to.
    fn claim(&self) -> bool {
        let mut waiting = self.waiting();
        !waiting.changes.is_empty() && !std::mem::replace(&mut waiting.is_written, true)
    }

    fn take(&self) -> Vec<Later> {
        let mut waiting = self.waiting();
        waiting.is_written = false;
        waiting.taken += 1;
        std::mem::take(&mut waiting.changes)
    }

    /// Those that are waiting, for [`Queue::give_up`].
    fn present(&self) -> (u64, usize) {
        let waiting = self.waiting();
        (waiting.taken, waiting.changes.len())
    }

    /// Drops the changes of `present`, unless they were taken. Whether later ones wait for the same task.
    fn give_up(&self, present: (u64, usize)) -> bool {
        let mut waiting = self.waiting();
        let (taken, count) = present;
        if waiting.taken != taken {
            return false;
        }
        waiting.changes.drain(..count);
        waiting.is_written = !waiting.changes.is_empty();
        waiting.is_written
    }
}

impl Accounts {
    /// A change that siblings are to see at once. When it is on disk `written` may forget what stood in for it; when it
    /// cannot be written, serving goes on from memory.
    pub(in crate::manager) fn write_later(
        &self,
        change: impl FnOnce(&mut State, Timestamp) + Send + 'static,
        written: impl FnOnce() + Send + 'static,
    ) -> Written {
        let seen = self.enqueue(change, written);
        if self.later.claim() {
            self.session.tasks().spawn(write(
                self.store.clone(),
                Arc::clone(&self.later),
                self.session.changes().clone(),
            ));
        }
        seen
    }

    /// A change that no sibling decides by: it is written with the next one, or by itself a moment later.
    pub(in crate::manager) fn write_soon(&self, change: impl FnOnce(&mut State, Timestamp) + Send + 'static) {
        drop(self.enqueue(change, || {}));
        if std::mem::replace(&mut self.later.waiting().is_looked_after, true) {
            return;
        }
        let (store, later, changes) = (self.store.clone(), Arc::clone(&self.later), self.session.changes().clone());
        self.session.tasks().spawn(async move {
            tokio::time::sleep(SOON).await;
            later.waiting().is_looked_after = false;
            if later.claim() {
                write(store, later, changes).await;
            }
        });
    }

    fn enqueue(
        &self,
        change: impl FnOnce(&mut State, Timestamp) + Send + 'static,
        written: impl FnOnce() + Send + 'static,
    ) -> Written {
        let (seen, is_seen) = oneshot::channel();
        self.later.waiting().changes.push(Later { change: Box::new(change), seen, written: Box::new(written) });
        Written(is_seen)
    }
}

/// Writes what waits when the lock is there.
async fn write(store: Store, later: Arc<Queue>, changes: Changes) {
    loop {
        let present = later.present();
        let queue = Arc::clone(&later);
        let update = store.update(Creation::Never, move |transaction| {
            let (mut all_seen, mut all_written) = (Vec::new(), Vec::new());
            let now = transaction.now();
            for Later { change, seen, written } in queue.take() {
                change(&mut transaction.state, now);
                all_seen.push(seen);
                all_written.push(written);
            }
            transaction.once_seen(|| {
                for seen in all_seen {
                    // Nobody may be waiting.
                    let _ = seen.send(());
                }
            });
            Ok::<_, Infallible>(all_written)
        });
        match update.await {
            Ok(written) => {
                for written in written {
                    written();
                }
                changes.touch();
                return;
            }
            Err(error) => tracing::warn!("requests are served from memory: {error}"),
        }
        if !later.give_up(present) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(queue: &Queue) -> oneshot::Receiver<()> {
        let (seen, is_seen) = oneshot::channel();
        queue.waiting().changes.push(Later { change: Box::new(|_, _| {}), seen, written: Box::new(|| {}) });
        is_seen
    }

    #[test]
    fn one_task_writes_all_that_wait_and_those_that_come_later_get_another() {
        let queue = Queue::default();
        assert!(!queue.claim());
        let _first = add(&queue);
        assert!(queue.claim() && !queue.claim());
        let _second = add(&queue);
        assert_eq!(queue.take().len(), 2);
        assert!(!queue.claim());
        let _third = add(&queue);
        assert!(queue.claim());
    }

    #[test]
    fn a_task_that_cannot_write_gives_up_what_it_came_for_and_nothing_else() {
        let queue = Queue::default();
        let mut first = add(&queue);
        assert!(queue.claim());
        let present = queue.present();
        let _second = add(&queue);
        assert!(queue.give_up(present) && !queue.claim());
        assert!(first.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
        let present = queue.present();
        assert!(!queue.give_up(present));
        let _third = add(&queue);
        assert!(queue.claim());
        let present = queue.present();
        drop(queue.take());
        let mut fourth = add(&queue);
        assert!(queue.claim() && !queue.give_up(present));
        assert_eq!(fourth.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    }
}
