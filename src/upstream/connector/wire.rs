//! The bytes of a connection: plain, in TLS, or in TLS that runs inside a proxy's TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// One of two kinds of connection.
#[derive(Debug)]
pub enum Either<P, E> {
    /// Not encrypted here.
    Plain(P),
    /// Encrypted here.
    Encrypted(Box<E>),
}

/// A connection to a proxy, or through it.
pub type Hop = Either<TcpStream, TlsStream<TcpStream>>;

/// A connection to an upstream.
pub type Wire = Either<TcpStream, TlsStream<Hop>>;

impl Wire {
    /// Whether the other end chose HTTP/2.
    pub fn is_http2(&self) -> bool {
        match self {
            Either::Plain(_) => false,
            Either::Encrypted(encrypted) => encrypted.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

impl<P: AsyncRead + Unpin, E: AsyncRead + Unpin> AsyncRead for Either<P, E> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Either::Plain(plain) => Pin::new(plain).poll_read(context, buffer),
            Either::Encrypted(encrypted) => Pin::new(encrypted).poll_read(context, buffer),
        }
    }
}

impl<P: AsyncWrite + Unpin, E: AsyncWrite + Unpin> AsyncWrite for Either<P, E> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Either::Plain(plain) => Pin::new(plain).poll_write(context, bytes),
            Either::Encrypted(encrypted) => Pin::new(encrypted).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Either::Plain(plain) => Pin::new(plain).poll_flush(context),
            Either::Encrypted(encrypted) => Pin::new(encrypted).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Either::Plain(plain) => Pin::new(plain).poll_shutdown(context),
            Either::Encrypted(encrypted) => Pin::new(encrypted).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Either::Plain(plain) => Pin::new(plain).poll_write_vectored(context, pieces),
            Either::Encrypted(encrypted) => Pin::new(encrypted).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Either::Plain(plain) => plain.is_write_vectored(),
            Either::Encrypted(encrypted) => encrypted.is_write_vectored(),
        }
    }
}
