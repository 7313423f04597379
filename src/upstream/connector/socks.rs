//! The way through a SOCKS proxy (RFC 1928, and RFC 1929 for a user name and a password).

use std::net::IpAddr;

use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error, TargetAddr};

use super::tunnel::Refusal;
use crate::upstream::network::{Proxy, Scheme};

/// Why there is no way.
#[derive(Debug)]
pub enum SocksError {
    /// The name of the upstream is to be looked up here, and is not known.
    Lookup(std::io::Error),
    /// The proxy said no.
    Refused(Refusal),
}

/// Asks `proxy`, to which `stream` is open, for a connection to `host`, which has no brackets.
pub async fn socks(stream: TcpStream, proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, SocksError> {
    let target = seen_by(proxy, host, port).await.map_err(SocksError::Lookup)?;
    let through = match &proxy.user {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some(user) => {
            let (name, password) = (user.name.expose().as_str(), user.password.expose().as_str());
            Socks5Stream::connect_with_password_and_socket(stream, target, name, password).await
        }
    };
    through.map(Socks5Stream::into_inner).map_err(|error| SocksError::Refused(refusal(proxy, error)))
}

/// By `socks5` a name is looked up here, without holding up the runtime, and by `socks5h` where the proxy is.
async fn seen_by(proxy: &Proxy, host: &str, port: u16) -> std::io::Result<TargetAddr<'static>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(TargetAddr::Ip((address, port).into()));
    }
    if proxy.scheme == Scheme::Socks5 {
        let mut found = tokio::net::lookup_host((host, port)).await?;
        return found.next().map(TargetAddr::Ip).ok_or_else(|| std::io::Error::other("it has no address"));
    }
    Ok(TargetAddr::Domain(host.to_owned().into(), port))
}

fn refusal(proxy: &Proxy, error: Error) -> Refusal {
    let said = match error {
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Refusal::Closed,
        Error::Io(error) => return Refusal::Broken(error.to_string()),
        Error::InvalidResponseVersion
        | Error::InvalidReservedByte
        | Error::UnknownAddressType
        | Error::UnknownAuthMethod => {
            return Refusal::OtherProtocol;
        }
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired if proxy.user.is_none() => {
            "it wants a user name and a password".to_owned()
        }
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired => {
            "it wants another authentication than a user name and a password".to_owned()
        }
        Error::PasswordAuthFailure(_) => "it does not accept the user name and password".to_owned(),
        other => other.to_string().to_lowercase().replace("socks", "SOCKS"),
    };
    Refusal::Socks(said)
}
