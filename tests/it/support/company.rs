//! A network as companies have it, on loopback: upstreams behind TLS of the company's own authority, and proxies of every
//! kind on the way. Whatever name a proxy is asked for, it leads to the one upstream.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the company's authority is called.
pub const AUTHORITY: &str = "Corp Root";

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Http,
    Https,
    Socks5,
}

/// What a proxy was asked for.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Host and port.
    pub target: String,
    /// The user name and password, as they came.
    pub login: Option<String>,
}

/// The upstreams' TLS, and what trusts it.
pub struct Company {
    folder: TempDir,
    acceptor: TlsAcceptor,
    upstream: u16,
}

/// A proxy.
pub struct Proxy {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    firsts: Arc<Mutex<Vec<u8>>>,
}

impl Company {
    /// TLS for every name below `corp.test` in front of the simulated upstream at `base_url`.
    pub fn new(base_url: &str) -> Company {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, AUTHORITY);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // As companies hand it out: another certificate stands before it.
        let other = CertificateParams::new(vec!["other.test".to_owned()]).unwrap();
        let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        std::fs::write(folder.path().join("ca.pem"), format!("# Corp\n{other}{}", issuer.pem())).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["*.corp.test", "localhost", "127.0.0.1", "192.0.2.1"].map(str::to_owned);
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let port = base_url.rsplit_once(':').unwrap().1.parse().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let front = acceptor.clone();
        let upstream = listen(move |stream| {
            let front = front.clone();
            async move {
                let mut client = front.accept(stream).await.ok()?;
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
            }
        });
        Company { folder, acceptor, upstream }
    }

    /// The port of the upstreams' TLS.
    pub fn port(&self) -> u16 {
        self.upstream
    }

    /// The file with the certificate of the authority.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A proxy of this kind that lets in whoever has `login`, `name:password`, or everybody.
    pub fn proxy(&self, kind: Kind, login: Option<&'static str>) -> Proxy {
        let (seen, firsts) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
        let (noted, began, acceptor, upstream) =
            (Arc::clone(&seen), Arc::clone(&firsts), self.acceptor.clone(), self.upstream);
        let port = listen(move |stream| {
            let (noted, began, acceptor) = (Arc::clone(&noted), Arc::clone(&began), acceptor.clone());
            async move {
                let mut first = [0];
                stream.peek(&mut first).await.ok()?;
                began.lock().unwrap().push(first[0]);
                match kind {
                    Kind::Http => connect(stream, &noted, login, upstream).await,
                    Kind::Https => connect(acceptor.accept(stream).await.ok()?, &noted, login, upstream).await,
                    Kind::Socks5 => socks(stream, &noted, login, upstream).await,
                }
            }
        });
        Proxy { port, seen, firsts }
    }
}

impl Proxy {
    /// What it was asked for so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The first byte of every connection to it.
    pub fn firsts(&self) -> Vec<u8> {
        self.firsts.lock().unwrap().clone()
    }
}

/// Serves every connection to a port of its own, on a thread of its own.
fn listen<F: Future<Output = Option<()>> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    port
}

async fn lead(mut client: impl AsyncRead + AsyncWrite + Unpin, upstream: u16) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}

async fn connect(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Seen>>,
    login: Option<&str>,
    upstream: u16,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
        if head[0] == 0x16 {
            // TLS to a proxy of plain HTTP.
            return client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let sent = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic ")).map(decoded);
    let is_known = login.is_none_or(|login| sent.as_deref() == Some(login));
    seen.lock().unwrap().push(Seen { target, login: sent });
    if !is_known {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"corp\"\r\n\
            content-type: text/html\r\ncontent-length: 26\r\n\r\n<h1>Ask the help desk</h1>";
        return client.write_all(refusal).await.ok();
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    lead(client, upstream).await
}

fn decoded(text: &str) -> String {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
}

/// RFC 1928 and RFC 1929.
async fn socks(mut client: TcpStream, seen: &Mutex<Vec<Seen>>, login: Option<&str>, upstream: u16) -> Option<()> {
    let methods = text_after(&mut client, 1).await?;
    let wanted = if login.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        client.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    client.write_all(&[5, wanted]).await.ok()?;
    let mut sent = None;
    if let Some(login) = login {
        let name = text_after(&mut client, 1).await?;
        let password = text_after(&mut client, 0).await?;
        let pair = String::from_utf8([&name[..], b":", &password[..]].concat()).ok()?;
        let is_known = pair == login;
        client.write_all(&[1, u8::from(!is_known)]).await.ok()?;
        sent = Some(pair);
        if !is_known {
            return None;
        }
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await.ok()?;
    let host = match head[3] {
        3 => String::from_utf8(text_after(&mut client, 0).await?).ok()?,
        1 => {
            let mut address = [0; 4];
            client.read_exact(&mut address).await.ok()?;
            std::net::Ipv4Addr::from(address).to_string()
        }
        _ => return None,
    };
    let port = client.read_u16().await.ok()?;
    seen.lock().unwrap().push(Seen { target: format!("{host}:{port}"), login: sent });
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    lead(client, upstream).await
}

/// Bytes behind their length, which stands behind `skipped` bytes.
async fn text_after(client: &mut TcpStream, skipped: usize) -> Option<Vec<u8>> {
    for _ in 0..skipped {
        client.read_u8().await.ok()?;
    }
    let mut text = vec![0; usize::from(client.read_u8().await.ok()?)];
    client.read_exact(&mut text).await.ok()?;
    Some(text)
}
