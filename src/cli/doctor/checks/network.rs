//! The way to the upstreams: the proxy of the environment, the certificates, and whether each upstream answers. All three
//! are what serving uses.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use crate::cli::doctor::finding::{Finding, FindingKind, Mend};
use crate::cli::doctor::scene::Scene;
use crate::domain::base_url::BaseUrl;
use crate::manager::Manager;
use crate::upstream::Unanswered;
use crate::upstream::network::{Network, Remark, Weight};

/// An upstream that does not answer by then is not reachable.
const PATIENCE: Duration = Duration::from_secs(5);

/// The proxy that requests to providers go through, and which of them do not.
pub fn proxy(scene: &Scene) -> Vec<Finding> {
    let upstreams = scene.manager.as_ref().map(|manager| manager.upstreams()).unwrap_or_default();
    let upstreams: Vec<BaseUrl> = upstreams.into_iter().map(|(_, base)| base).collect();
    network(scene).describe_proxy(&upstreams).into_iter().map(finding).collect()
}

/// The certificates that are trusted, by their sources.
pub fn roots(scene: &Scene) -> BoxFuture<'_, Vec<Finding>> {
    async move { network(scene).describe_roots().await.into_iter().map(finding).collect() }.boxed()
}

fn network(scene: &Scene) -> Network {
    match &scene.manager {
        Some(manager) => manager.upstream().network().clone(),
        None => Network::new(&scene.environment),
    }
}

fn finding(remark: Remark) -> Finding {
    let Remark { text, weight } = remark;
    let mend = Mend::hint("correct that variable, or unset it");
    match weight {
        Weight::Fine => Finding::ok(text),
        Weight::Odd => Finding::warning(FindingKind::NetworkVariable, text, mend),
        Weight::Broken => Finding::problem(FindingKind::NetworkVariable, text, mend),
    }
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
            match ask(manager, &base).await {
                Ok(response) => Finding::ok(format!("{what}`{base}` answers ({})", response.status().as_u16())),
                Err(error) => Finding::problem(
                    FindingKind::UpstreamUnreachable,
                    format!("{what}`{base}` does not answer: {error}"),
                    Mend::run(format!("curl -v {base}/v1/models")).and(error.hint().unwrap_or(
                        "check the network and the address; `HTTPS_PROXY` names a proxy where one is needed",
                    )),
                ),
            }
        });
        join_all(asking).await
    }
    .boxed()
}

/// Asks as a request is sent.
async fn ask(manager: &Manager, base: &BaseUrl) -> Result<reqwest::Response, Unanswered> {
    let url = reqwest::Url::parse(&format!("{base}/v1/models"));
    let url = url.map_err(|error| Unanswered::Broken("the address cannot be used".to_owned(), error.into()))?;
    manager.upstream().request(reqwest::Request::new(reqwest::Method::GET, url), Some(PATIENCE)).await
}
