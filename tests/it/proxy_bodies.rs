//! Bodies as clients send them: compressed, as forms, and nearly JSON.

use std::io::Read;

use flate2::Compression;
use serde_json::{Value, json};
use simulated_openai::api::Answer;

use crate::support::http::{self, Response};
use crate::support::logins::{Logins, post};
use crate::support::{Pool, Sidecar};

fn send(sidecar: &Sidecar, path: &str, kind: &str, encoding: Option<&str>, body: &[u8]) -> Response {
    let bearer = format!("Bearer {}", sidecar.api_key());
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", kind)];
    headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
    http::request(sidecar.port(), "POST", path, &headers, body)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::bufread::GzEncoder::new(bytes, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::bufread::ZlibEncoder::new(bytes, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

const JSON: &str = "application/json";

#[test]
fn a_compressed_body_is_read_and_goes_to_a_key_as_it_was_before() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    let made = http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &json!({"model": "m", "input": "x"}));
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    let body = json!({"model": "m", "input": "x ".repeat(500), "previous_response_id": made.json()["id"]}).to_string();
    for (encoding, encoded) in [
        ("gzip", gzip(body.as_bytes())),
        ("X-Gzip", gzip(body.as_bytes())),
        ("deflate", zlib(body.as_bytes())),
        ("deflate, gzip", gzip(&zlib(body.as_bytes()))),
        ("identity", body.clone().into_bytes()),
    ] {
        // An account that fails is followed by nobody else: the same bytes go to the owner again.
        pool.script(1, Answer::ServerError(500));
        let failed = send(&sidecar, "/v1/responses", JSON, Some(encoding), &encoded);
        assert_eq!((failed.status(), failed.header("x-failover")), (500, None), "{encoding}: {}", failed.text());
        let answer = send(&sidecar, "/v1/responses", JSON, Some(encoding), &encoded);
        assert_eq!(answer.status(), 200, "{encoding}: {}", answer.text());
        assert_eq!(answer.header("x-account-id"), Some(pool.ids[0].as_str()), "{encoding}");
        let sent = pool.upstream.requests().pop().unwrap();
        assert_eq!(sent.body, body, "{encoding}");
        let header = |name: &str| sent.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((header("content-encoding"), header("content-length")), (None, Some(&*body.len().to_string())));
    }
}

#[test]
fn what_cannot_be_decoded_is_refused_in_true_words_and_reaches_nobody() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024 + 1]);
    for (encoding, body, status, code, words) in [
        ("snappy", &b"xx"[..], 415, "unsupported_content_encoding", "snappy"),
        ("gzip, aws-chunked", b"xx", 415, "unsupported_content_encoding", "aws-chunked"),
        ("gzip", b"{\"model\":\"m\"}", 400, "invalid_content_encoding", "gzip"),
        ("zstd", b"xx", 400, "invalid_content_encoding", "zstd"),
        ("br", b"\xff\xff\xff", 400, "invalid_content_encoding", "br"),
        ("gzip", &bomb, 413, "request_too_large", "64 MiB"),
    ] {
        let refused = send(&sidecar, "/v1/responses", JSON, Some(encoding), body);
        let error = refused.json()["error"].clone();
        assert_eq!((refused.status(), error["code"].as_str()), (status, Some(code)), "{encoding}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    assert!(pool.upstream.requests().is_empty());
}

#[test]
fn the_model_of_a_form_counts_in_whatever_order_its_parts_come() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/update", &json!({"account": 1, "models": ["gpt-5*"]})).unwrap();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    let model = "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n".as_bytes().to_vec();
    let head = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"gpt-5.wav\"\r\n\r\n";
    let file = [head.as_bytes(), &vec![7; 3 * 1024 * 1024], b"\r\n"].concat();
    for parts in [[&model, &file], [&file, &model]] {
        let body = [parts[0].as_slice(), parts[1], b"--XX--\r\n"].concat();
        let answer = send(&sidecar, "/v1/audio/transcriptions", "multipart/form-data; boundary=XX", None, &body);
        assert_eq!(answer.header("x-account-id"), Some(pool.ids[1].as_str()), "{}", answer.text());
        assert!(pool.upstream.requests().pop().unwrap().body == body, "the form is passed on as it is");
    }
    let answer = send(&sidecar, "/v1/x", "application/x-www-form-urlencoded", None, b"model=gpt-5.2");
    assert!(answer.header("x-account-id").is_none_or(|id| id == pool.ids[0]), "{}", answer.text());
}

#[test]
fn a_key_gets_what_is_nearly_json_as_it_is_and_its_model_counts_all_the_same() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/update", &json!({"account": 1, "models": ["gpt-5*"]})).unwrap();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    let deep = format!("{{\"x\":{}{},\"model\":\"o3\"}}", "[".repeat(2_000), "]".repeat(2_000));
    for body in [
        &b"{\"input\":\"cut \\ud83d\",\"model\":\"o3\"}"[..],
        b"{\"input\":\"cut \xf0\x9f\",\"model\":\"o3\"}",
        b"\xef\xbb\xbf{\"model\":\"o3\"}",
        b"{\"model\":\"gpt-5\",\"model\":\"o3\"}",
        b"{\"temperature\":NaN,\"model\":\"o3\",}",
        deep.as_bytes(),
    ] {
        let answer = send(&sidecar, "/v1/responses", JSON, None, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(answer.header("x-account-id"), Some(pool.ids[1].as_str()), "{shown}: {}", answer.text());
        assert!(pool.upstream.requests().pop().unwrap().body == body, "{shown}");
    }
}

#[test]
fn a_login_is_sent_what_is_plainly_meant_and_the_rest_is_refused_by_its_name() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let nested = |depth: usize| {
        let schema = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        format!(
            "{{\"model\":\"gpt-5.2\",\"input\":\"x\",\"tools\":[{{\"type\":\"function\",\"name\":\"f\",\"parameters\":{schema}}}]}}"
        )
    };
    let (deep, deeper) = (nested(140), nested(2_000));
    for (body, status, code) in [
        (&b"{\"model\":\"gpt-5.2\",\"input\":\"cut \\ud83d here\"}"[..], 200, None),
        (b"{\"model\":\"gpt-5.2\",\"input\":\"cut \xf0\x9f here\"}", 200, None),
        (b"\xef\xbb\xbf{\"model\":\"gpt-5.2\",\"input\":\"a\nb\"}", 200, None),
        (deep.as_bytes(), 200, None),
        (deeper.as_bytes(), 400, Some("json_too_deep")),
        (b"{\"model\":\"gpt-5.2\",\"input\":\"x\",\"top_p\":NaN}", 400, Some("invalid_json")),
        (b"{\"model\":\"gpt-5.2\",\"input\":\"x\"", 400, Some("invalid_json")),
    ] {
        let answer = send(&sidecar, "/v1/responses", JSON, None, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        let error = if status == 200 { Value::Null } else { answer.json()["error"].clone() };
        assert_eq!((answer.status(), error["code"].as_str()), (status, code), "{shown}: {}", answer.text());
    }
    // A key that cannot serve now does not make it a matter of time.
    logins.sandbox.add("key", &crate::support::keys::random_key());
    logins.sandbox.run(&["edit", "key", "--disable"]).ok();
    let words = |body: &[u8]| {
        let answer = send(&sidecar, "/v1/responses", JSON, None, body).json();
        answer["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    crate::support::eventually("the key is known", || {
        words(deeper.as_bytes()).contains("A ChatGPT login cannot serve it: its body nests too deep").then_some(())
    });
    let malformed = words(b"{\"model\":\"gpt-5.2\",\"input\":\"x\",}");
    assert!(malformed.contains("not JSON: trailing comma at line 1"), "{malformed}");
    let sent = logins.upstream.requests_of("/backend-api/codex/responses");
    let first: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(first["input"][0]["content"][0]["text"], "cut \u{fffd} here");
    let encoded =
        send(&sidecar, "/v1/responses", JSON, Some("gzip"), &gzip(b"{\"model\":\"gpt-5.2\",\"input\":\"x\"}"));
    assert_eq!(encoded.status(), 200, "{}", encoded.text());
}

#[test]
fn what_a_login_made_is_stored_nowhere_and_a_request_that_names_it_is_answered_so() {
    let mut logins = Logins::new(1);
    let key = crate::support::keys::random_key();
    let openai = simulated_openai::api::SimulatedOpenAi::start_on_thread().unwrap();
    openai.add_key(&key);
    logins.sandbox.set("CAM_OPENAI_BASE_URL", &openai.base_url());
    logins.sandbox.add("key", &key);
    let mut sidecar = logins.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    for store in [json!(null), json!(false)] {
        let made = post(&sidecar, "/v1/responses", &json!({"model": "gpt-5.2", "input": "x", "store": store})).json();
        let id = made["id"].as_str().unwrap().to_owned();
        sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
        let bearer = format!("Bearer {}", sidecar.api_key());
        let read =
            http::request(sidecar.port(), "GET", &format!("/v1/responses/{id}"), &[("authorization", &bearer)], b"");
        assert_eq!((read.status(), &read.json()["error"]["code"]), (404, &json!("resource_not_stored")));
        assert!(read.text().contains(&id) && read.text().contains("stores nothing"), "{}", read.text());
        let body = json!({"model": "gpt-5.2", "input": "x", "previous_response_id": id});
        let continued = post(&sidecar, "/v1/responses", &body);
        assert_eq!(continued.status(), 400, "{}", continued.text());
        assert!(continued.text().contains("stores nothing"), "{}", continued.text());
        sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    }
    let chat = json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": "x"}]});
    let id = post(&sidecar, "/v1/chat/completions", &chat).json()["id"].as_str().unwrap().to_owned();
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    let bearer = format!("Bearer {}", sidecar.api_key());
    let path = format!("/v1/chat/completions/{id}");
    let read = http::request(sidecar.port(), "GET", &path, &[("authorization", &bearer)], b"");
    assert_eq!((read.status(), &read.json()["error"]["code"]), (404, &json!("resource_not_stored")));
    assert!(openai.requests().is_empty(), "no key is asked for what it cannot know");
}
