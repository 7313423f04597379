//! Work that goes on beside its caller. The compiler writes out the runtime's part of a task, four kilobytes for each of two
//! schedulers, for every type of future; here all futures with the same output are one type.

use futures_util::future::BoxFuture;
use hyper::rt::Executor;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Runs `work` on the current runtime, whether or not the result is waited for.
///
/// # Panics
/// Outside a runtime.
#[track_caller]
pub fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let work: BoxFuture<'static, T> = Box::pin(work);
    tokio::spawn(work)
}

/// The same on a runtime that is not the current one, or may not be.
pub fn spawn_on<T: Send + 'static>(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let work: BoxFuture<'static, T> = Box::pin(work);
    runtime.spawn(work)
}

/// Runs `work`, which may block, on a thread for such work.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let work: Box<dyn FnOnce() -> T + Send> = Box::new(work);
    tokio::task::spawn_blocking(work)
}

/// Runs what a connection of HTTP/2 asks for.
#[derive(Clone, Copy, Debug)]
pub struct Background;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Background {
    fn execute(&self, work: F) {
        spawn(work);
    }
}
