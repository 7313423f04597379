//! A port on loopback that shows one face, on the current runtime or on a thread with a runtime of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::common::{Common, Extras};
#[cfg(feature = "scripting")]
use crate::connection::serve_secured;
use crate::connection::{Face, serve_connection};
#[cfg(feature = "scripting")]
use crate::secure::Secure;
use crate::traffic::{Open, Traffic};

/// A running server; dropping it closes its port and every connection.
#[must_use = "the server stops when this is dropped"]
pub struct Server<F: Face> {
    pub(crate) face: Arc<F>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<F: Face> Server<F> {
    /// Starts a server whose tasks run on the current tokio runtime, without which this panics.
    pub fn start() -> io::Result<Server<F>> {
        Server::start_with(F::ALL, Extras::ALL)
    }

    /// The same with the doors of a plain client alone: responses over HTTP, signing in, and how much is used. No answer is
    /// broken off or recorded, and no more than that is linked into a program.
    pub fn start_basic() -> io::Result<Server<F>> {
        Server::start_with(F::BASIC, Extras::NONE)
    }

    fn start_with(doors: F::Doors, extras: Extras) -> io::Result<Server<F>> {
        let (server, listener, stopped) = Server::<F>::bind("http", doors, extras)?;
        let face = Arc::clone(&server.face);
        tokio::spawn(serve(listener, stopped, face, |socket, face| serve_connection(socket, face)));
        Ok(server)
    }

    /// Starts a server on a thread and a runtime of its own, for callers that are not async or measure another runtime.
    pub fn start_on_thread() -> io::Result<Server<F>> {
        Server::<F>::on_thread("http", |socket, face| serve_connection(socket, face))
    }

    /// The same behind TLS.
    #[cfg(feature = "scripting")]
    pub fn start_secured_on_thread(secure: Arc<Secure>) -> io::Result<Server<F>> {
        Server::<F>::on_thread("https", move |socket, face| serve_secured(socket, face, Arc::clone(&secure)))
    }

    fn on_thread<S, Fut>(scheme: &str, serve_one: S) -> io::Result<Server<F>>
    where
        S: Fn(TcpStream, Arc<F>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (mut server, listener, stopped) = {
            let _guard = runtime.enter();
            Server::<F>::bind(scheme, F::ALL, Extras::ALL)?
        };
        let serving = serve(listener, stopped, Arc::clone(&server.face), serve_one);
        server.thread =
            Some(std::thread::Builder::new().name(F::NAME.into()).spawn(move || runtime.block_on(serving))?);
        Ok(server)
    }

    /// A port that nobody serves yet, its listener, and what says that it is to stop.
    fn bind(
        scheme: &str,
        doors: F::Doors,
        extras: Extras,
    ) -> io::Result<(Server<F>, TcpListener, oneshot::Receiver<()>)> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let face = Arc::new(F::new(Common::new(format!("{scheme}://{address}"), F::TEXT, extras), doors));
        Ok((Server { face, address, stop: Some(stop), thread: None }, TcpListener::from_std(listener)?, stopped))
    }

    /// `http://127.0.0.1:PORT`, or `https://` behind TLS; the API is below `/v1`.
    pub fn base_url(&self) -> String {
        self.face.common().base_url.clone()
    }

    /// Changes what every later answer says.
    pub fn set_text(&self, text: &str) {
        self.face.common().set_text(text);
    }

    /// What is open now, whether requests are recorded, and how fast streams are sent.
    pub fn traffic(&self) -> &Traffic {
        &self.face.common().traffic
    }
}

impl<F: Face> std::fmt::Debug for Server<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<F: Face> Drop for Server<F> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed by the thread; a drop must not add one.
            let _ = thread.join();
        }
    }
}

/// Serves until `stopped` is sent or dropped; every connection ends with it.
async fn serve<F, S, Fut>(listener: TcpListener, mut stopped: oneshot::Receiver<()>, face: Arc<F>, serve_one: S)
where
    F: Face,
    S: Fn(TcpStream, Arc<F>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    // Without it a short stream takes 40 ms longer; where it cannot be set the socket is gone anyway.
                    let _ = socket.set_nodelay(true);
                    let open = Open::new(Arc::clone(&face.common().traffic));
                    let served = serve_one(socket, Arc::clone(&face));
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
