//! Where a browser comes back to after a login (RFC 8252, section 7.3): a server on this machine for one answer. Whoever
//! does not know the login's state gets nothing and ends nothing; when the login is over the port is closed.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, REFERRER_POLICY};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::callback::{Callback, code_in};
use super::pasted::Entrance;
use crate::secrets::Secret;

/// The port that the issuer knows for this client.
pub const PORT: u16 = 1455;

const PATH: &str = "/auth/callback";

/// What other programs that log in by this port ask for, to have it: Codex and OpenCode do.
const CANCEL: &str = "/cancel";

/// Connections at a time: a browser opens a few.
const CONNECTIONS: usize = 64;

/// A head that is not whole by then is not waited for.
const HEAD: Duration = Duration::from_secs(2);

/// How long the page waits for the login to be finished: one question to the issuer, and one write, which for a fresh
/// start waits for a token that is on its way. The login itself is waited for longer.
const FINISH: Duration = Duration::from_secs(45);

/// The port of the login that is under way.
pub struct CallbackServer {
    listeners: Vec<TcpListener>,
    sender: mpsc::Sender<Callback>,
    callbacks: mpsc::Receiver<Callback>,
}

/// What the person is shown at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The account is there.
    Done,
    /// It is not, for this reason.
    Failed(String),
    /// Another program has the port now.
    Cancelled,
}

impl CallbackServer {
    /// Opens the port, on both kinds of loopback where the machine has both: `localhost` may be either.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when another program, or another login, has it.
    pub async fn open() -> io::Result<CallbackServer> {
        let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await?];
        match TcpListener::bind((Ipv6Addr::LOCALHOST, PORT)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            // A machine without IPv6.
            Err(_) => {}
        }
        let (sender, callbacks) = mpsc::channel(1);
        Ok(CallbackServer { listeners, sender, callbacks })
    }

    /// Where an address enters that a person pastes: the browser may be on another machine.
    pub fn entrance(&self, state: &Secret<String>) -> Entrance {
        Entrance { sender: self.sender.clone(), state: state.clone() }
    }

    /// Where the issuer is to lead the browser back to.
    pub fn redirect() -> String {
        format!("http://localhost:{PORT}{PATH}")
    }

    /// Waits for the browser with this state. What comes without it is refused, and waiting goes on. The server answers
    /// on for as long as the returned [`Serving`] lives, so that the page can be shown.
    pub async fn callback(self, state: &Secret<String>) -> (Callback, Serving) {
        let CallbackServer { listeners, sender, mut callbacks } = self;
        let (page, shown) = watch::channel(None);
        let door = Arc::new(Door { state: state.clone(), sender, shown });
        let mut serving = JoinSet::new();
        for listener in listeners {
            serving.spawn(accept(listener, Arc::clone(&door)));
        }
        drop(door);
        match callbacks.recv().await {
            Some(callback) => (callback, Serving { connections: serving, page }),
            // The listeners never end by themselves.
            None => std::future::pending().await,
        }
    }
}

/// The server while its last page is shown.
pub struct Serving {
    connections: JoinSet<()>,
    /// What the person is shown, also by a browser that asks twice; dropped, the login counts as given up.
    page: watch::Sender<Option<Page>>,
}

impl Serving {
    /// Shows the last page, gives it the time to leave, and closes the port.
    pub async fn show(mut self, page: Page) {
        // The person may have closed it.
        let _ = self.page.send(Some(page));
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.connections.shutdown().await;
    }
}

struct Door {
    state: Secret<String>,
    sender: mpsc::Sender<Callback>,
    shown: watch::Receiver<Option<Page>>,
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut connections = JoinSet::new();
    let mut shown = door.shown.clone();
    let cancelled = async move { drop(shown.wait_for(|page| *page == Some(Page::Cancelled)).await) };
    let mut cancelled = std::pin::pin!(cancelled);
    loop {
        tokio::select! {
            // The port is free before whoever asked for it knows that.
            () = cancelled.as_mut() => break,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&door)))),
                // Out of file descriptors, most likely; it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(|request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(answer(&request, &door).await) }
    });
    // A browser that goes away is no concern of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: &Request<Incoming>, door: &Door) -> Response<Full<Bytes>> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host == format!("{name}:{PORT}"));
    if !is_here || request.uri().authority().is_some() {
        return page(
            StatusCode::MISDIRECTED_REQUEST,
            "Wrong address",
            "This address belongs to a login on this machine.",
        );
    }
    let is_cancel = request.uri().path() == CANCEL;
    if request.uri().path() != PATH && !is_cancel {
        return page(StatusCode::NOT_FOUND, "Not found", "This port waits for the end of a login.");
    }
    if request.method() != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "Wrong method", "This port waits for the end of a login.");
    }
    if is_cancel {
        return cancel(request, door).await;
    }
    let Some(code) = code_in(request.uri().query().unwrap_or_default(), &door.state) else {
        return page(
            StatusCode::BAD_REQUEST,
            "Another login",
            "This page does not belong to the login that is in progress. Start the login again and use its own page.",
        );
    };
    // A browser that asks again, as one that loads pages ahead does, is shown the same end.
    let _ = door.sender.try_send(Callback::Came(code));
    let mut shown = door.shown.clone();
    let shown = match tokio::time::timeout(FINISH, shown.wait_for(Option::is_some)).await {
        Ok(Ok(shown)) => Ok(shown.clone()),
        Ok(Err(_)) => Ok(None),
        Err(late) => Err(late),
    };
    match shown {
        Ok(Some(Page::Done)) => page(
            StatusCode::OK,
            "Logged in",
            "The account was added to codex-account-manager. You can close this page.",
        ),
        Ok(Some(Page::Failed(why))) => page(
            StatusCode::BAD_REQUEST,
            "Not logged in",
            &format!("The login failed: {why}. You can close this page."),
        ),
        Ok(Some(Page::Cancelled) | None) => page(
            StatusCode::BAD_REQUEST,
            "Not logged in",
            "The login was cancelled. You can close this page and start again.",
        ),
        Err(_) => page(
            StatusCode::ACCEPTED,
            "Not finished yet",
            "The login is not finished yet. The program where you started it shows the result. You can close this page.",
        ),
    }
}

/// Lets another program have the port. A page of the web must not end a login: a program sends no `Origin`.
async fn cancel(request: &Request<Incoming>, door: &Door) -> Response<Full<Bytes>> {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if request.headers().contains_key(ORIGIN) || site.is_some_and(|site| !matches!(site, b"none" | b"same-origin")) {
        return page(StatusCode::FORBIDDEN, "Not from here", "Only a program on this machine ends a login.");
    }
    if door.sender.try_send(Callback::Cancelled).is_err() {
        return page(StatusCode::CONFLICT, "Too late", "The login is being finished; the port is free in a moment.");
    }
    // It is said once nothing listens here any more.
    let mut shown = door.shown.clone();
    let _ = tokio::time::timeout(HEAD, shown.wait_for(Option::is_some)).await;
    tokio::task::yield_now().await;
    page(StatusCode::OK, "Cancelled", "The login was cancelled.")
}

fn page(status: StatusCode, title: &str, text: &str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:1.1rem system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}}</style>\
         <h1>{title}</h1><p>{}</p></html>",
        escaped(text)
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .insert("content-security-policy", HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_runs_nothing_that_a_request_puts_in_it() {
        assert_eq!(escaped("<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
    }
}
