//! What listens on a port of this machine, found out by asking it: our proxy with our key, or something else.

use std::net::Ipv4Addr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::secrets::Secret;

/// What listens on this machine answers at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// No answer that is looked at is longer, in bytes.
const LONGEST: usize = 64 * 1024;

/// What a port has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Nobody listens.
    Nobody,
    /// A proxy of ours that takes the key, in this version.
    Ours(String),
    /// A proxy of ours that wants another key.
    AnotherKey,
    /// Another program.
    Another,
}

/// Who listens on `port` of `127.0.0.1`. The key goes only to what says that it is our proxy.
pub async fn listener(port: u16, key: Option<&Secret<String>>) -> Listener {
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await else {
        return Listener::Nobody;
    };
    let Some((StatusCode::OK, health)) = get(stream, port, "/health", None).await else { return Listener::Another };
    let health: Value = serde_json::from_slice(&health).unwrap_or_default();
    let (Some("ok"), Some(version), true) =
        (health["status"].as_str(), health["version"].as_str(), health["uptimeSeconds"].is_number())
    else {
        return Listener::Another;
    };
    let Some(key) = key else { return Listener::AnotherKey };
    let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return Listener::Nobody };
    // Nothing goes to a provider for this one.
    match get(stream, port, "/metrics", Some(key)).await {
        Some((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _)) | None => Listener::AnotherKey,
        Some(_) => Listener::Ours(version.to_owned()),
    }
}

async fn get(stream: TcpStream, port: u16, path: &str, key: Option<&Secret<String>>) -> Option<(StatusCode, Bytes)> {
    let mut request = Request::get(path).header(HOST, format!("127.0.0.1:{port}"));
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {}", key.expose()));
    }
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let asking = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        let answering = async {
            let answer = sender.send_request(request).await.ok()?;
            let status = answer.status();
            // Numbers may be longer than is worth reading; that they came is enough.
            let body = Limited::new(answer.into_body(), LONGEST).collect().await;
            Some((status, body.map(http_body_util::Collected::to_bytes).unwrap_or_default()))
        };
        tokio::pin!(connection, answering);
        tokio::select! {
            answer = &mut answering => answer,
            _ = &mut connection => answering.await,
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection with the text for its path.
    async fn serve(answers: &'static [(&'static str, &'static str)]) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        crate::background::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                let answer = answers.iter().find(|(path, _)| head.starts_with(&format!("GET {path} ")));
                let (status, body) = answer.map_or(("404 Not Found", "no"), |(_, it)| it.split_once('|').unwrap());
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn what_listens_is_distinguished() {
        const HEALTH: (&str, &str) = ("/health", r#"200 OK|{"status":"ok","version":"1.2.3","uptimeSeconds":4}"#);
        let key = Secret::new("sk-own".to_owned());
        for (answers, expected) in [
            (&[HEALTH, ("/metrics", "200 OK|numbers")][..], Listener::Ours("1.2.3".to_owned())),
            (&[HEALTH, ("/metrics", "401 Unauthorized|{}")], Listener::AnotherKey),
            (&[("/health", "200 OK|fine")], Listener::Another),
            (&[], Listener::Another),
        ] {
            let port = serve(answers).await;
            assert_eq!(listener(port, Some(&key)).await, expected);
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
        assert_eq!(listener(free, Some(&key)).await, Listener::Nobody);
    }
}
