//! A port on loopback that is served, on the current runtime or on a thread with one of its own.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::traffic::{Open, Traffic};

/// A port that is served; dropping it closes the port and every connection.
#[must_use = "the server stops when this is dropped"]
pub(crate) struct Loopback {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Serves on the current tokio runtime, without which this panics. `state` makes what the connections share, once the address is known, and
    /// `connection` serves one of them.
    pub(crate) fn start<S, C, F>(
        state: impl FnOnce(SocketAddr) -> S,
        traffic: &Arc<Traffic>,
        connection: C,
    ) -> io::Result<(Loopback, S)>
    where
        S: Clone + Send + Sync + 'static,
        C: Fn(TcpStream, S) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (port, listener, stopped) = Loopback::bind()?;
        let state = state(port.address);
        tokio::spawn(serve(listener, state.clone(), Arc::clone(traffic), stopped, connection));
        Ok((port, state))
    }

    /// The same on a thread named `name` and a runtime of its own, for callers that are not async or measure another
    /// runtime.
    pub(crate) fn start_on_thread<S, C, F>(
        name: &str,
        state: impl FnOnce(SocketAddr) -> S,
        traffic: &Arc<Traffic>,
        connection: C,
    ) -> io::Result<(Loopback, S)>
    where
        S: Clone + Send + Sync + 'static,
        C: Fn(TcpStream, S) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (mut port, listener, stopped) = {
            let _guard = runtime.enter();
            Loopback::bind()?
        };
        let state = state(port.address);
        let serving = serve(listener, state.clone(), Arc::clone(traffic), stopped, connection);
        port.thread = Some(std::thread::Builder::new().name(name.into()).spawn(move || runtime.block_on(serving))?);
        Ok((port, state))
    }

    /// A port that nobody serves yet, its listener, and what tells that it is to stop.
    fn bind() -> io::Result<(Loopback, TcpListener, oneshot::Receiver<()>)> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        Ok((Loopback { address, stop: Some(stop), thread: None }, TcpListener::from_std(listener)?, stopped))
    }

    /// The address of the port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed by the thread; a drop must not add one.
            let _ = thread.join();
        }
    }
}

/// Serves until `stopped` is told or dropped; every connection ends with it.
async fn serve<S, C, F>(
    listener: TcpListener,
    state: S,
    traffic: Arc<Traffic>,
    mut stopped: oneshot::Receiver<()>,
    connection: C,
) where
    S: Clone + Send + Sync + 'static,
    C: Fn(TcpStream, S) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    // Without it a short stream takes 40 ms longer; where it cannot be set the socket is gone anyway.
                    let _ = socket.set_nodelay(true);
                    let open = Open::new(Arc::clone(&traffic));
                    let served = connection(socket, state.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(open);
                    });
                }
                // Out of file descriptors: some come back when connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
