//! What a request is sent to: its path and query, and what follows from them, found once.

use std::borrow::Cow;

use hyper::Method;

use crate::domain::usage::Asks;
use crate::proxy::read::usage_question::plain;

/// What a request is sent to.
pub struct Aim {
    path_and_query: String,
    /// Where the path ends.
    path: usize,
    /// The path as an upstream reads it, where that differs.
    plain: Option<String>,
    asks: Asks,
}

impl Aim {
    /// With this method, to this path and query.
    pub fn new(method: &Method, path_and_query: String) -> Aim {
        let path = path_and_query.bytes().position(|byte| byte == b'?').unwrap_or(path_and_query.len());
        let (plain, said) = (plain(&path_and_query[..path]), path);
        let asks = Asks::of(method.as_str(), &plain);
        let plain = match plain {
            Cow::Borrowed(plain) if plain.len() == said => None,
            differs => Some(differs.into_owned()),
        };
        Aim { path_and_query, path, plain, asks }
    }

    /// The path and the query.
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path_and_query[..self.path]
    }

    /// The query, without the question mark.
    pub fn query(&self) -> &str {
        self.path_and_query.get(self.path + 1..).unwrap_or_default()
    }

    /// The path as an upstream reads it.
    pub fn plain(&self) -> &str {
        self.plain.as_deref().unwrap_or_else(|| self.path())
    }

    /// What the request is about.
    pub fn asks(&self) -> Asks {
        self.asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_a_path_and_a_query() {
        for (target, path, query, plain) in [
            ("/v1/responses", "/v1/responses", "", "/v1/responses"),
            ("/v1/responses/?a=b?c", "/v1/responses/", "a=b?c", "/v1/responses"),
            ("/v1/%72esponses?", "/v1/%72esponses", "", "/v1/responses"),
            ("/v1/models?a=%72", "/v1/models", "a=%72", "/v1/models"),
        ] {
            let aim = Aim::new(&Method::POST, target.to_owned());
            assert_eq!((aim.path(), aim.query(), aim.plain()), (path, query, plain), "{target}");
            assert_eq!((aim.path_and_query(), aim.asks()), (target, Asks::ForNew));
        }
        let poll = |target: &str| Aim::new(&Method::GET, target.to_owned()).asks();
        assert_eq!(poll("/v1/%72esponses/resp_1?a=b"), Asks::ForKnown);
        assert_eq!(poll("/v1/models"), Asks::ForOther);
    }
}
