//! The way to the upstreams: proxies of the environment, and whether each upstream answers.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::domain::base_url::BaseUrl;
use crate::error::deepest;
use crate::upstream::request_client;

/// An upstream that does not answer by then is not reachable.
const PATIENCE: Duration = Duration::from_secs(5);

/// The proxies that requests to providers may go through.
pub fn proxies(scene: &Scene) -> Vec<Finding> {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];
    let set = names.iter().filter_map(|name| Some((*name, scene.environment.get(name)?)));
    let shown: Vec<String> = set.map(|(name, value)| format!("`{name}={}`", without_login(value))).collect();
    vec![Finding::ok(if shown.is_empty() { "no proxy is set".to_owned() } else { shown.join(", ") })]
}

/// An address without the name and password in it.
fn without_login(value: &str) -> String {
    let (scheme, rest) = value.split_once("://").map_or(("", value), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

/// Asks each upstream without a key or token, all at once: any answer will do.
pub fn upstreams(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move {
        let Some(manager) = &scene.manager else { return Vec::new() };
        let asking = manager.upstreams().into_iter().map(|(what, base)| async move {
            let what = match what {
                "chatgpt" => "ChatGPT at ",
                "issuer" => "the issuer of logins at ",
                _ => "",
            };
            match ask(&base).await {
                Ok(response) => Finding::ok(format!("{what}`{base}` answers ({})", response.status().as_u16())),
                Err(error) => Finding::problem(
                    FindingKind::UpstreamUnreachable,
                    format!("{what}`{base}` does not answer: {}", deepest(&error)),
                    Mend::run(format!("curl -v {base}/v1/models"))
                        .and("check the network, `HTTPS_PROXY` and the address"),
                ),
            }
        });
        join_all(asking).await
    }
    .boxed()
}

/// Asks as the proxy would: never through another proxy when it is on this machine.
async fn ask(base: &BaseUrl) -> reqwest::Result<reqwest::Response> {
    request_client(base, PATIENCE)?.get(format!("{base}/v1/models")).send().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        for (value, expected) in [
            ("http://ann:se@cret@proxy:3128", "http://proxy:3128"),
            ("socks5h://proxy:1080", "socks5h://proxy:1080"),
            ("ann:secret@proxy:3128", "proxy:3128"),
            ("localhost,10.0.0.0/8", "localhost,10.0.0.0/8"),
        ] {
            assert_eq!(without_login(value), expected);
        }
    }
}
