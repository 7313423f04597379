//! The resources that a path and a query name, and those that the answer may create.

use std::borrow::Cow;

use super::form::{names, percent_decoded};
use super::{Keeps, is_id};

/// The members that `path` leads to or through: every segment of the shape of an id behind the first one.
pub fn in_path(path: &str) -> Vec<String> {
    let mut segments = below_v1(path).split('/').map(|segment| decoded(segment));
    if segments.next().is_none_or(|first| first == "models") {
        return Vec::new();
    }
    segments.filter(|segment| is_id(segment)).map(Cow::into_owned).collect()
}

fn below_v1(path: &str) -> &str {
    path.strip_prefix("/v1/").unwrap_or(path)
}

/// What a query names: where a list goes on, and ids under the keys of ids.
pub fn in_query(query: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter_map(|(key, value)| {
        let (key, value) = (percent_decoded(key.as_bytes()), percent_decoded(value.as_bytes()));
        let value = String::from_utf8(value).ok()?;
        ((matches!(&key[..], b"after" | b"before" | b"call_id") || names(&key)) && is_id(&value)).then_some(value)
    });
    named.collect()
}

/// The segment as the upstream reads it: `%5F` is `_` there too. What does not decode stays.
pub fn decoded(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    String::from_utf8(percent_decoded(segment.as_bytes())).map_or(Cow::Borrowed(segment), Cow::Owned)
}

/// What of the answer to a request at `path` is to be remembered, where the request says whether it `stores`.
pub fn keeps(is_post: bool, path: &str, stores: Option<bool>) -> Keeps {
    let path = below_v1(path).trim_end_matches('/');
    match path {
        "responses" if is_post && stores == Some(false) => Keeps::ByItself,
        "chat/completions" if is_post && stores != Some(true) => Keeps::ByItself,
        "completions" | "embeddings" | "moderations" => Keeps::Nothing,
        _ if path == "models" || path.starts_with("models/") => Keeps::Nothing,
        // What stands in a file was written by somebody, and is no sign of its owner.
        _ if path.ends_with("/content") => Keeps::Nothing,
        _ => Keeps::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_the_path() {
        for (path, ids) in [
            ("/v1/responses/resp_1", vec!["resp_1"]),
            ("/v1/responses/resp_1/input_items", vec!["resp_1"]),
            ("/v1/responses/compact", vec![]),
            ("/v1/responses", vec![]),
            ("/v1/files/file-1/content", vec!["file-1"]),
            ("/v1/vector_stores/vs_1/files/file-2", vec!["vs_1", "file-2"]),
            ("/v1/vector_stores/vs_1/file_batches/vsfb_2", vec!["vs_1", "vsfb_2"]),
            ("/v1/containers/cntr_1/files/cfile_1/content", vec!["cntr_1", "cfile_1"]),
            ("/v1/fine_tuning/jobs/ftjob-1/events", vec!["ftjob-1"]),
            (
                "/v1/fine_tuning/checkpoints/ft:gpt-4o:org::1:ckpt-step-1/permissions",
                vec!["ft:gpt-4o:org::1:ckpt-step-1"],
            ),
            ("/v1/skills/skill_1/versions/2", vec!["skill_1"]),
            ("/v1/chat/completions", vec![]),
            ("/v1/chat/completions/chatcmpl-1", vec!["chatcmpl-1"]),
            ("/v1/models/gpt-5.2", vec![]),
            ("/v1/responses/resp%5F1%3aa%2Db/input_items", vec!["resp_1:a-b"]),
            ("/v1/%72esponses/resp_1", vec!["resp_1"]),
            ("/v1/responses/resp%", vec![]),
            ("/v1/responses/resp%+5%F0%9F", vec![]),
        ] {
            assert_eq!(in_path(path), ids, "{path}");
        }
    }

    #[test]
    fn a_query_names_where_a_list_goes_on() {
        for (query, ids) in [
            ("after=file-1&limit=20", vec!["file-1"]),
            ("call_id=rtc_1", vec!["rtc_1"]),
            ("purpose=batch&project_id=proj%5F1", vec!["proj_1"]),
            ("starting_after=12&model=gpt-5.2", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(in_query(query), ids, "{query}");
        }
    }

    #[test]
    fn what_is_not_stored_is_not_kept() {
        for (is_post, path, stores, expected) in [
            (true, "/v1/responses", None, Keeps::All),
            (true, "/v1/responses", Some(false), Keeps::ByItself),
            (true, "/v1/responses/compact", None, Keeps::All),
            (true, "/v1/chat/completions", None, Keeps::ByItself),
            (true, "/v1/chat/completions", Some(true), Keeps::All),
            (false, "/v1/chat/completions", None, Keeps::All),
            (true, "/v1/files", None, Keeps::All),
            (false, "/v1/files", None, Keeps::All),
            (true, "/v1/embeddings", None, Keeps::Nothing),
            (false, "/v1/models", None, Keeps::Nothing),
            (false, "/v1/files/file-1/content", None, Keeps::Nothing),
            (false, "/v1/containers/cntr_1/files/cfile_1/content", None, Keeps::Nothing),
            (true, "/v1/vector_stores/vs_1/files", None, Keeps::All),
        ] {
            assert_eq!(keeps(is_post, path, stores), expected, "{path}");
        }
    }
}
