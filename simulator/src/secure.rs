//! TLS before a face, and HTTP/2 where the client offers it, as providers have it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// The TLS of a server on this machine.
pub struct Secure {
    acceptor: TlsAcceptor,
    authority: String,
    streams: Option<u32>,
}

impl Secure {
    /// TLS that offers HTTP/2 before HTTP/1.1.
    pub fn http2() -> Secure {
        Secure::offering(&[b"h2", b"http/1.1"])
    }

    /// TLS that offers HTTP/1.1 alone.
    pub fn http1() -> Secure {
        Secure::offering(&[b"http/1.1"])
    }

    /// The same that allows no more than `most` streams of a connection at a time.
    #[must_use]
    pub fn with_streams(self, most: u32) -> Secure {
        Secure { streams: Some(most), ..self }
    }

    fn offering(protocols: &[&[u8]]) -> Secure {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Simulated Authority");
        let key = || KeyPair::generate().expect("ring makes keys");
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("the authority signs itself");
        let own = key();
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let leaf = CertificateParams::new(names).and_then(|leaf| leaf.signed_by(&own, &issuer));
        let leaf = leaf.expect("the authority signs the server");
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default protocol versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der())),
            )
            .expect("the key is that of the certificate");
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Secure { acceptor: TlsAcceptor::from(Arc::new(config)), authority: issuer.pem(), streams: None }
    }

    /// The certificate of its authority, as a file of certificates has it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What speaks the TLS.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// How many streams a connection may have at a time; `None` when that is not said.
    pub(crate) fn streams(&self) -> Option<u32> {
        self.streams
    }

    /// The client's side of `socket`, and whether it speaks HTTP/2.
    pub(crate) async fn accept(&self, socket: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = self.acceptor.accept(socket).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, is_http2))
    }
}
