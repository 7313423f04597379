//! The client's side of a socket. It is read at all times, so that a client that leaves is noticed while its response is
//! under way; what it says meanwhile waits.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::domain::account::AccountId;
use crate::domain::allowed::Allowed;
use crate::manager::ProxyKey;
use crate::proxy::inspect::fields::{Field, JsonFields};
use crate::proxy::state::ProxyState;
use crate::proxy::websocket::connection_of;

/// No message of a client is longer, in bytes.
pub const LONGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// So many messages may wait for the response before them.
const MOST_WAITING: usize = 64;

/// As many bytes of them.
const MOST_WAITING_BYTES: usize = 2 * LONGEST_MESSAGE;

/// What one read takes; a socket keeps two of these.
const READ_AT_ONCE: usize = 8 * 1024;

/// How long the other side may take to answer a close.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);

/// Why a socket ends whose client had a key that was taken back.
const NOT_ADMITTED: &str = "the key of this connection is not valid any more";

/// Why it ends where its client says something in a turn whose account it may not use any more.
const NOT_ALLOWED: &str = "the account of this turn may not be used here any more";

/// The client is not there any more, or its socket was closed.
#[derive(Debug)]
pub struct Gone;

/// A message.
pub struct ClientMessage {
    /// What it says.
    pub text: Utf8Bytes,
    /// It asks for a response.
    pub is_create: bool,
    /// The accounts that might have it when it came; `None` while that was not known.
    pub within: Option<Arc<Allowed>>,
}

/// The client.
pub struct Client<'p> {
    socket: WebSocketStream<TcpStream>,
    proxy: &'p ProxyState,
    /// The key of the proxy that it came with.
    key: Option<Arc<ProxyKey>>,
    /// The accounts that might have what it says when the first bytes of the message came that is not whole yet.
    within: Option<Arc<Allowed>>,
    waiting: VecDeque<ClientMessage>,
    fields: Box<JsonFields>,
}

/// How the frames of either side are read.
pub fn config(longest_message: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(READ_AT_ONCE)
        .max_message_size(Some(longest_message))
        .max_frame_size(Some(longest_message))
}

impl<'p> Client<'p> {
    /// The client whose handshake, which came with `key`, was answered with 101.
    pub async fn of(upgrade: OnUpgrade, proxy: &'p ProxyState, key: Option<Arc<ProxyKey>>) -> Option<Client<'p>> {
        let (stream, read) = connection_of(upgrade).await?;
        let config = Some(config(LONGEST_MESSAGE));
        let socket = WebSocketStream::from_partially_read(stream, read.into(), Role::Server, config).await;
        Some(Client { socket, proxy, key, within: None, waiting: VecDeque::new(), fields: Box::default() })
    }

    /// The name of the key of the proxy that it came with.
    pub fn key(&self) -> Option<Arc<str>> {
        self.key.as_ref().map(|key| Arc::clone(&key.name))
    }

    /// Ends the socket where its key was taken back.
    pub async fn admitted(&mut self) -> Result<(), Gone> {
        match self.proxy.still_admits(self.key.as_deref()) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.close(CloseCode::Policy, NOT_ADMITTED).await),
        }
    }

    /// Whether the account may have what was said: when it came, and now.
    pub fn may_tell(&self, said: &ClientMessage, account: &AccountId) -> bool {
        let now = self.proxy.manager.accounts().allowed_to(self.key.as_ref().map(|key| &*key.name));
        now.admits(account) && said.within.as_ref().is_none_or(|within| within.admits(account))
    }

    /// The next message.
    pub async fn next(&mut self) -> Result<ClientMessage, Gone> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(message);
            }
            self.receive().await?;
        }
    }

    /// The next message that asks for no response, if one came.
    fn other(&mut self) -> Option<ClientMessage> {
        let place = self.waiting.iter().position(|message| !message.is_create)?;
        self.waiting.remove(place)
    }

    /// The same for the account of a turn that is under way. The socket ends where that may not have it: a turn goes on to no
    /// other account.
    pub async fn other_for(&mut self, account: &AccountId) -> Result<Option<ClientMessage>, Gone> {
        let Some(said) = self.other() else { return Ok(None) };
        self.admitted().await?;
        if self.may_tell(&said, account) {
            return Ok(Some(said));
        }
        // In a folder that was just opened nothing may be used until it was read.
        self.proxy.manager.session().project_was_read().await;
        if self.may_tell(&said, account) {
            return Ok(Some(said));
        }
        Err(self.close(CloseCode::Policy, NOT_ALLOWED).await)
    }

    /// Waits for `future`, and listens meanwhile.
    pub async fn while_waiting<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Gone> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = future.as_mut() => return Ok(done),
                received = self.receive() => received?,
            }
        }
    }

    /// Takes in what comes next. Nothing is lost when it is given up.
    pub async fn receive(&mut self) -> Result<(), Gone> {
        let message = std::future::poll_fn(|context| {
            if self.within.is_none() && has_begun(self.socket.get_ref(), context) {
                self.within = self.allowed();
            }
            self.socket.poll_next_unpin(context)
        });
        let message = message.await;
        // A ping was answered by the reading. It may stand between the parts of a message.
        if let Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) = message {
            return Ok(());
        }
        let within = self.within.take();
        match message {
            Some(Ok(Message::Text(text))) => {
                // One that came in the same piece as the one before it begins now.
                let within = within.or_else(|| self.allowed());
                self.fields.push(text.as_bytes());
                let is_create = self.fields.text(Field::Type).as_deref() == Some("response.create");
                self.fields.reset();
                self.waiting.push_back(ClientMessage { text, is_create, within });
                let bytes: usize = self.waiting.iter().map(|message| message.text.len()).sum();
                if self.waiting.len() > MOST_WAITING || bytes > MOST_WAITING_BYTES {
                    return Err(self.close(CloseCode::Policy, "too many messages wait for their responses").await);
                }
                Ok(())
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(self.close(CloseCode::Unsupported, "only text is read here").await),
            Some(Ok(Message::Close(_))) => {
                // The next read sends the answer to it.
                let _ = tokio::time::timeout(CLOSE_PATIENCE, self.socket.next()).await;
                Err(Gone)
            }
            Some(Err(Error::Capacity(_))) => Err(self.close(CloseCode::Size, "a message is longer than 16 MiB").await),
            Some(Err(_)) | None => Err(Gone),
        }
    }

    /// The accounts that may have what it says now; `None` while that is not known of a folder that was just opened.
    fn allowed(&self) -> Option<Arc<Allowed>> {
        let manager = &self.proxy.manager;
        let allowed = || manager.accounts().allowed_to(self.key.as_ref().map(|key| &*key.name));
        manager.session().is_project_read().then(allowed)
    }

    /// Sends a message.
    pub async fn send(&mut self, text: Utf8Bytes) -> Result<(), Gone> {
        self.socket.send(Message::Text(text)).await.map_err(|_| Gone)
    }

    /// Ends the socket and says why.
    pub async fn close(&mut self, code: CloseCode, why: &'static str) -> Gone {
        let closing = async {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(why) };
            if self.socket.close(Some(frame)).await.is_ok() {
                // What the client still sends is read, so that it can read the close.
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = tokio::time::timeout(CLOSE_PATIENCE, closing).await;
        Gone
    }
}

/// Whether a message came that nobody has begun to read, or the socket ended. A ping is none, and a client may send one at any time.
fn has_begun(stream: &TcpStream, context: &mut Context<'_>) -> bool {
    let mut first = [0];
    let is_control = |frame: u8| frame & 0x08 != 0;
    stream.poll_peek(context, &mut ReadBuf::new(&mut first)).is_ready() && !is_control(first[0])
}
