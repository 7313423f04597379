//! The way through an HTTP proxy (RFC 9110, section 9.3.6). What the proxy says when it refuses is kept: its status alone
//! does not tell a person what to do.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::domain::excerpt::excerpt;
use crate::secrets::{Secret, has_part_of};
use crate::upstream::network::Proxy;

/// No head of an answer is longer, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// No more of a page is read, in bytes.
const LONGEST_PAGE: usize = 16 * 1024;

/// A page that is not there by then is not waited for: the proxy may keep the connection open.
const PAGE: Duration = Duration::from_millis(500);

/// Why a proxy does not let us through.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It closed the connection.
    Closed,
    /// It says something that is no answer of the protocol it was asked in.
    OtherProtocol,
    /// The connection broke.
    Broken(String),
    /// It said no.
    Answered {
        /// Its status.
        status: u16,
        /// What its page says.
        said: Option<String>,
        /// The ways to authenticate that it names.
        schemes: Vec<String>,
    },
    /// A SOCKS proxy said no.
    Socks(String),
}

/// Asks `proxy`, to which `stream` is open, for a connection to `authority`, host and port.
pub async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    proxy: &Proxy,
    authority: &str,
) -> Result<S, Refusal> {
    let user = proxy.user.as_ref().map(|user| format!("Proxy-Authorization: {}\r\n", user.basic().expose()));
    let user = Secret::new(user.unwrap_or_default());
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n", user.expose());
    let request = Secret::new(request);
    let broken = |error: std::io::Error| Refusal::Broken(error.to_string());
    stream.write_all(request.expose().as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => Refusal::Closed,
            _ => broken(error),
        })?;
        if let Some(head) = Head::parse(&answer)? {
            if (200..300).contains(&head.status) {
                return Ok(stream);
            }
            let body = answer.split_off(head.length);
            let page = page(&mut stream, body, head.body_length).await;
            let is_clean = |said: &String| !echoes(said, proxy);
            let said = excerpt(&page).filter(is_clean).or(head.reason.filter(is_clean));
            return Err(Refusal::Answered { status: head.status, said, schemes: head.schemes });
        }
        if read == 0 {
            return Err(if answer.is_empty() { Refusal::Closed } else { Refusal::OtherProtocol });
        }
        if answer.len() > LONGEST_HEAD {
            return Err(Refusal::OtherProtocol);
        }
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    reason: Option<String>,
    schemes: Vec<String>,
    body_length: Option<usize>,
    length: usize,
}

impl Head {
    /// `None` while it is not whole.
    fn parse(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut headers);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Refusal::OtherProtocol),
        };
        let values = |name: &'static str| {
            let named = parsed.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
            named.filter_map(|header| std::str::from_utf8(header.value).ok())
        };
        let scheme = |value: &str| {
            let name = value.split_whitespace().next().unwrap_or_default();
            let is_name =
                !name.is_empty() && name.len() <= 24 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            is_name.then(|| name.to_owned())
        };
        Ok(Some(Head {
            status: parsed.code.unwrap_or_default(),
            reason: parsed.reason.and_then(crate::domain::excerpt::one_line),
            schemes: values("proxy-authenticate").filter_map(scheme).collect(),
            body_length: values("content-length").next().and_then(|value| value.trim().parse().ok()),
            length,
        }))
    }
}

/// What stands behind the head, as far as it comes soon.
async fn page(stream: &mut (impl AsyncRead + Unpin), mut body: Vec<u8>, length: Option<usize>) -> Vec<u8> {
    let wanted = length.unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE);
    let reading = async {
        while body.len() < wanted {
            match stream.read_buf(&mut body).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    // Late or not, what came is shown.
    let _ = tokio::time::timeout(PAGE, reading).await;
    body
}

/// Whether what a proxy says shows a part of the user that it was sent: an excerpt may end in the middle of it.
fn echoes(said: &str, proxy: &Proxy) -> bool {
    let Some(user) = &proxy.user else { return false };
    let basic = user.basic();
    let encoded = basic.expose().trim_start_matches("Basic ");
    [user.password.expose().as_str(), encoded].into_iter().any(|secret| has_part_of(said, secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::network::{Scheme, User};

    #[test]
    fn a_part_of_what_was_sent_is_an_echo_too() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let user = Some(User { name: secret("me"), password: secret("hunter2horse") });
        let proxy = Proxy { variable: "HTTPS_PROXY", scheme: Scheme::Http, host: "p".to_owned(), port: 1, user };
        for (said, expected) in [
            ("no hunter2horse here", true),
            ("the excerpt ended at hunter…", true),
            ("Basic bWU6aHVudGVyMmhvcnNl is wrong", true),
            ("Basic bWU6aHVu…", true),
            ("no hunt here", false),
            ("Blocked", false),
        ] {
            assert_eq!(echoes(said, &proxy), expected, "{said}");
        }
        assert!(!echoes("hunter2horse", &Proxy { user: None, ..proxy }));
    }
}
