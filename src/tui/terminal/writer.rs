//! Frames on their way to the terminal, written by a thread of their own: a terminal that takes nothing, as over a line that
//! hangs, holds up that thread and nothing else.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::sys::Sink;

/// How long a terminal may take for what is on its way when it is given back.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long one wait for a terminal that takes nothing lasts.
const STEP: Duration = Duration::from_millis(10);

/// How long what is on its way waits for the terminal to be taken again after another program had it. Who else changes its
/// settings does not keep frames back for longer.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// How often what such a terminal has not taken is discarded before the terminal is abandoned.
const ROUNDS: usize = 25;

/// Ends whatever sequence was cut: CAN, and the terminator of a string.
const CUT: &[u8] = b"\x18\x1b\\";

/// The thread and what it has to write.
pub struct Writer(Arc<Shared>);

struct Shared {
    sink: Box<dyn Sink>,
    state: Mutex<State>,
    /// Something came, or something is done.
    condition: Condvar,
    /// The same for the event loop.
    notify: Notify,
}

#[derive(Default)]
struct State {
    /// What goes out with the next that is sent.
    first: Vec<u8>,
    waiting: Vec<u8>,
    progress: Progress,
    gate: Gate,
    has_failed: bool,
    is_over: bool,
}

/// What the thread is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Idle,
    Writing,
    /// It is writing what is dropped now: the terminal was taken again meanwhile.
    Stale,
}

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    /// It is dropped: the terminal is not ours.
    #[default]
    Closed,
    /// It is written.
    Open,
    /// It is dropped, and so is the rest of what is being written.
    Cut,
}

impl State {
    fn is_idle(&self) -> bool {
        self.has_failed || (self.progress == Progress::Idle && self.waiting.is_empty())
    }

    fn put(&mut self, bytes: &[u8]) {
        self.waiting.append(&mut self.first);
        self.waiting.extend_from_slice(bytes);
    }
}

impl Writer {
    /// Starts the thread. Nothing is written before [`Writer::open`].
    pub fn start(sink: impl Sink) -> io::Result<Writer> {
        let shared = Arc::new(Shared {
            sink: Box::new(sink),
            state: Mutex::default(),
            condition: Condvar::new(),
            notify: Notify::new(),
        });
        let thread = Arc::clone(&shared);
        std::thread::Builder::new().name("screen".to_owned()).spawn(move || thread.run())?;
        Ok(Writer(shared))
    }

    /// Whether all that was sent has been taken, or never will be.
    pub fn is_idle(&self) -> bool {
        self.0.lock().is_idle()
    }

    /// Whether the terminal refused: it is gone.
    pub fn has_failed(&self) -> bool {
        self.0.lock().has_failed
    }

    /// Waits until something that was sent has been taken, or the terminal refused.
    pub async fn changed(&self) {
        self.0.notify.notified().await;
    }

    /// Wakes the waiting tasks after a change.
    pub fn wake(&self) {
        self.0.notify.notify_one();
    }

    /// From now on writes what is sent, and `first` before it. What is on its way still is dropped: another program may have
    /// the screen that it is for.
    pub fn open(&self, first: &[u8]) {
        let mut state = self.0.lock();
        state.gate = Gate::Open;
        state.waiting.clear();
        if state.progress == Progress::Writing {
            state.progress = Progress::Stale;
            state.first.extend_from_slice(CUT);
        }
        state.first.extend_from_slice(first);
    }

    /// Writes this after all that was sent before. After [`Writer::close`] it is dropped.
    pub fn send(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        if state.gate == Gate::Open {
            state.put(bytes);
            self.0.condition.notify_all();
        }
    }

    /// Writes `last` and nothing more, and waits until the terminal has it: within a second, since a terminal that takes
    /// nothing loses what is on its way, and is abandoned if that does not help.
    pub fn close(&self, last: &[u8]) {
        let mut state = self.0.lock();
        state.gate = Gate::Closed;
        state = self.0.wait_until_idle(state, PATIENCE);
        if !state.is_idle() {
            state.gate = Gate::Cut;
            state.waiting.clear();
            for _ in 0..ROUNDS {
                drop(state);
                self.0.sink.discard();
                state = self.0.wait_until_idle(self.0.lock(), STEP);
                if state.is_idle() {
                    break;
                }
            }
            if !state.is_idle() {
                return;
            }
            state.gate = Gate::Closed;
            state.waiting.extend_from_slice(CUT);
        }
        state.put(last);
        self.0.condition.notify_all();
        drop(self.0.wait_until_idle(state, PATIENCE));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.condition.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_idle<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let waited = self.condition.wait_timeout_while(state, limit, |state| !state.is_idle());
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn run(&self) {
        while let Some(bytes) = self.take() {
            let written = self.write(&bytes);
            let mut state = self.lock();
            state.progress = Progress::Idle;
            state.has_failed = written.is_err();
            drop(state);
            self.condition.notify_all();
            self.notify.notify_one();
            if written.is_err() {
                return;
            }
        }
    }

    fn take(&self) -> Option<Vec<u8>> {
        let state = self.lock();
        let waited = self.condition.wait_while(state, |state| state.waiting.is_empty() && !state.is_over);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        state.progress = Progress::Writing;
        Some(std::mem::take(&mut state.waiting))
    }

    fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut held = Duration::ZERO;
        while !bytes.is_empty() {
            let State { gate, progress, .. } = *self.lock();
            if progress == Progress::Stale || gate == Gate::Cut {
                break;
            }
            if gate == Gate::Open && held < ELSEWHERE && self.sink.is_elsewhere() {
                held += STEP;
                std::thread::sleep(STEP);
                continue;
            }
            match self.sink.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => bytes = &bytes[taken..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.sink.wait(STEP * 5),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "writer/tests.rs"]
mod tests;
