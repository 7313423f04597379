//! The least that does the job on this stack, to measure against: forwards by hyper, keeps the body, sends it with a second key
//! when the first is at its limit, and reads the usage of JSON and of streams as they pass.

use std::cell::Cell;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::{Authority, Scheme};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use memchr::memmem;
use serde::Deserialize;
use tokio::net::TcpListener;

use super::upstream::KEY;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Writes its address to stdout and serves until it is killed.
pub fn serve(upstreams: &[String]) -> io::Result<()> {
    let accounts: io::Result<Vec<Account>> = upstreams.iter().map(|upstream| Account::new(upstream)).collect();
    let proxy = Rc::new(Proxy { accounts: accounts?, client: client(), tokens: Cell::new(0) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new());
        loop {
            let (socket, _): (_, SocketAddr) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let proxy = Rc::clone(&proxy);
            let service = service_fn(move |request| forward(Rc::clone(&proxy), request));
            tokio::task::spawn_local(http.serve_connection(TokioIo::new(socket), service));
        }
    })
}

struct Account {
    authority: Authority,
    authorization: HeaderValue,
}

impl Account {
    fn new(upstream: &str) -> io::Result<Account> {
        let authorization = HeaderValue::try_from(format!("Bearer {KEY}")).map_err(io::Error::other)?;
        Ok(Account { authority: upstream.parse().map_err(io::Error::other)?, authorization })
    }
}

struct Proxy {
    accounts: Vec<Account>,
    client: Client<HttpConnector, Full<Bytes>>,
    tokens: Cell<u64>,
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build(connector)
}

async fn forward(proxy: Rc<Proxy>, request: Request<Incoming>) -> Result<Response<Metered>, Error> {
    let (mut head, body) = request.into_parts();
    head.headers.remove(HOST);
    head.headers.remove(CONNECTION);
    let body = body.collect().await?.to_bytes();
    let mut answer = None;
    for account in &proxy.accounts {
        let mut uri = std::mem::take(&mut head.uri).into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(account.authority.clone());
        head.uri = Uri::from_parts(uri)?;
        head.headers.insert(AUTHORIZATION, account.authorization.clone());
        let request = Request::from_parts(head.clone(), Full::new(body.clone()));
        let response = proxy.client.request(request).await?;
        let is_limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
        answer = Some(response);
        if !is_limited {
            break;
        }
    }
    let mut response = answer.ok_or("no account")?;
    response.headers_mut().remove(CONNECTION);
    let is_stream =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    Ok(response.map(|body| Metered { body, proxy, is_stream, kept: BytesMut::new() }))
}

/// A body whose usage is read as it passes.
struct Metered {
    body: Incoming,
    proxy: Rc<Proxy>,
    is_stream: bool,
    /// The event that is not whole yet, or all of the JSON.
    kept: BytesMut,
}

#[derive(Deserialize)]
struct Answer {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: u64,
}

impl Metered {
    fn read(&mut self, piece: &Bytes) {
        self.kept.extend_from_slice(piece);
        while self.is_stream
            && let Some(end) = memmem::find(&self.kept, b"\n\n")
        {
            let event = self.kept.split_to(end + 2);
            self.count(event.strip_prefix(b"data: ").unwrap_or_default());
        }
    }

    fn count(&self, json: &[u8]) {
        if memmem::find(json, b"\"usage\"").is_some()
            && let Ok(Answer { usage: Some(usage) }) = serde_json::from_slice(json)
        {
            self.proxy.tokens.set(self.proxy.tokens.get() + usage.total_tokens);
        }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(piece) = frame.data_ref()
        {
            self.read(piece);
        }
        if self.body.is_end_stream() && !self.is_stream {
            self.count(&self.kept);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
