//! What was made with an account stays with it: responses, files, and what names them.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};

use crate::support::http::{self, Response};
use crate::support::{Pool, Sidecar, eventually};

fn create(sidecar: &Sidecar, more: &Value) -> Response {
    let mut body = json!({"model": "gpt-5.4", "input": "hello"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    http::post(sidecar.port(), "/v1/responses", sidecar.api_key(), &body)
}

/// The id of a response that `number` made.
#[track_caller]
fn made_by(pool: &Pool, sidecar: &mut Sidecar, number: u64, more: &Value) -> String {
    sidecar.request("accounts/switch", &json!({ "account": number })).unwrap();
    let response = create(sidecar, more);
    assert_eq!(response.header("x-account-id"), Some(pool.ids[usize::try_from(number).unwrap() - 1].as_str()));
    let text = response.text();
    let at = text.find("resp_").unwrap();
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[track_caller]
fn served_by(pool: &Pool, response: &Response, number: usize) {
    assert_eq!(response.status(), 200, "{}", response.text());
    assert_eq!(response.header("x-account-id"), Some(pool.ids[number - 1].as_str()));
}

#[test]
fn a_response_is_continued_read_and_named_with_the_account_that_made_it_by_every_process() {
    let pool = Pool::new(3);
    let mut sidecar = pool.sidecar();
    for more in [json!({}), json!({"stream": true})] {
        let id = made_by(&pool, &mut sidecar, 2, &more);
        // Neither a pin nor the strategy leads it away, here or in a sibling.
        sidecar.request("accounts/switch", &json!({ "account": 3 })).unwrap();
        pool.knows_owner(&id);
        let sibling = pool.sidecar();
        for asker in [&sidecar, &sibling] {
            let continued = create(asker, &json!({"previous_response_id": id}));
            served_by(&pool, &continued, 2);
            let bearer = format!("Bearer {}", asker.api_key());
            let read =
                http::request(asker.port(), "GET", &format!("/v1/responses/{id}"), &[("authorization", &bearer)], b"");
            served_by(&pool, &read, 2);
        }
        served_by(&pool, &create(&sidecar, &json!({})), 3);
    }
}

#[test]
fn a_file_stays_with_its_account_also_where_it_is_named_deep_in_a_request() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    let bearer = format!("Bearer {}", sidecar.api_key());
    let form = "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n--b--\r\n";
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=b")];
    let made = http::request(sidecar.port(), "POST", "/v1/files", &headers, form.as_bytes());
    served_by(&pool, &made, 2);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    let read = http::request(sidecar.port(), "GET", &format!("/v1/files/{id}"), &headers[..1], b"");
    served_by(&pool, &read, 2);
    let input = json!([{"role": "user", "content": [{"type": "input_file", "file_id": id}]}]);
    served_by(&pool, &create(&sidecar, &json!({ "input": input })), 2);
}

#[test]
fn what_is_not_stored_or_not_known_binds_nothing() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let id = made_by(&pool, &mut sidecar, 2, &json!({"store": false}));
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    // The upstream's own words are passed on.
    let continued = create(&sidecar, &json!({"previous_response_id": id}));
    assert_eq!(continued.header("x-account-id"), Some(pool.ids[0].as_str()));
    assert_eq!(continued.json()["error"]["code"], "previous_response_not_found");
}

#[test]
fn an_owner_that_cannot_serve_is_told_clearly_and_no_other_account_is_asked() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let id = made_by(&pool, &mut sidecar, 2, &json!({}));
    pool.upstream.traffic().clear_requests();
    pool.script(2, Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens });
    for _ in 0..2 {
        let refused = create(&sidecar, &json!({"previous_response_id": id}));
        assert_eq!(refused.status(), 429);
        let error = refused.json()["error"].clone();
        assert_eq!(error["code"], "resource_owner_unavailable");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&id) && message.contains("account 2 (account-2)"), "{message}");
        assert!(message.contains("rateLimited"), "{message}");
        assert!(refused.header("retry-after").is_some() && error["resets_in_seconds"].is_u64(), "{error}");
    }
    assert_eq!(pool.served_by(), [Some(2)]);
    pool.sandbox.run(&["edit", "2", "--disable"]).ok();
    let refused = eventually("the edit arrives", || {
        Some(create(&sidecar, &json!({"previous_response_id": id}))).filter(|refused| refused.status() == 503)
    });
    assert!(refused.text().contains("disabled"), "{}", refused.text());
    pool.sandbox.run(&["remove", "2", "--yes"]).ok();
    let gone = eventually("the removal arrives", || {
        Some(create(&sidecar, &json!({"previous_response_id": id}))).filter(|gone| gone.status() == 404)
    });
    assert!(gone.text().contains("an account that was removed"), "{}", gone.text());
    // The next one without it is served by who is left.
    served_by(&pool, &create(&sidecar, &json!({})), 1);
}

#[test]
fn things_of_two_accounts_in_one_request_are_refused() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let first = made_by(&pool, &mut sidecar, 1, &json!({}));
    let second = made_by(&pool, &mut sidecar, 2, &json!({}));
    let input = json!([{"role": "user", "content": [{"type": "input_file", "file_id": second}]}]);
    let torn = create(&sidecar, &json!({"previous_response_id": first, "input": input}));
    assert_eq!((torn.status(), &torn.json()["error"]["code"]), (409, &json!("resource_owner_unavailable")));
}
