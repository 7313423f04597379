//! Where an API-key account's requests go.

use hyper::Uri;

use crate::domain::base_url::BaseUrl;

/// The address of `path_and_query` (which begins with `/v1`) at `base`. `None` when it is no valid target.
pub fn target(base: &BaseUrl, path_and_query: &str) -> Option<Uri> {
    let path =
        if base.prefix().is_empty() { path_and_query.to_owned() } else { format!("{}{path_and_query}", base.prefix()) };
    let scheme = if base.is_https() { "https" } else { "http" };
    Uri::builder().scheme(scheme).authority(base.authority()).path_and_query(path).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_the_base_stands_before_v1() {
        for (base, expected) in [
            ("https://api.openai.com", "https://api.openai.com/v1/models?a=b"),
            ("https://host/openai/v1", "https://host/openai/v1/models?a=b"),
        ] {
            let base = BaseUrl::parse(base).unwrap();
            assert_eq!(target(&base, "/v1/models?a=b").unwrap().to_string(), expected);
        }
    }
}
