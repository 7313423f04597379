//! Requests that are served with a login: translated both ways, failed over, refused in words that clients show.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, ToolCall};

use crate::support::keys::random_key;
use crate::support::logins::{Logins, ask, post, small};
use crate::support::{Pool, Sidecar, eventually};

#[track_caller]
fn text_of(response: &Value) -> &str {
    let message = response["output"].as_array().into_iter().flatten().find(|item| item["type"] == "message");
    message.and_then(|message| message["content"][0]["text"].as_str()).unwrap_or_else(|| panic!("no text: {response}"))
}

#[test]
fn a_request_for_a_document_is_answered_from_a_stream() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    logins.upstream.script(logins.accounts[0], Answer::Say("Hello there.".to_owned()));
    let response = ask(&sidecar);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("x-account-label"), Some("person-1@example.com"));
    let document = response.json();
    assert_eq!((document["status"].as_str(), text_of(&document)), (Some("completed"), "Hello there."));
    let sent = &logins.upstream.requests_of("/backend-api/codex/responses")[0];
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!((&body["store"], &body["stream"]), (&json!(false), &json!(true)));
    assert_eq!(sent.header("chatgpt-account-id"), Some("workspace-1"));
    assert_eq!(sent.header("originator"), Some("codex-account-manager"));
    let row = eventually("it is accounted", || {
        let row = logins.sandbox.run(&["usage", "--json"]).ok().json()["rows"][0].clone();
        (row["requests"] == 1).then_some(row)
    });
    assert!(row["inputTokens"].as_u64().unwrap() > 0, "{row}");
    assert_eq!(row["costUsd"], json!(0.0), "a plan is paid by the month");
}

#[test]
fn chat_completions_are_answered_whole_and_streamed_with_tools() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let weather = ToolCall { name: "weather".to_owned(), arguments: r#"{"city":"Oslo"}"#.to_owned() };
    let time = ToolCall { name: "time".to_owned(), arguments: "{}".to_owned() };
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    let mut body = json!({
        "model": "gpt-5.2", "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}],
        "tools": [tool("weather"), tool("time")], "max_tokens": 50, "temperature": 0.2,
    });
    logins.upstream.script(logins.accounts[0], Answer::CallTools(vec![weather.clone(), time.clone()]));
    let response = post(&sidecar, "/v1/chat/completions", &body);
    assert_eq!(response.status(), 200, "{}", response.text());
    let dropped = response.header("x-dropped-parameters").unwrap_or_default().to_owned();
    assert!(dropped.contains("max_tokens") && dropped.contains("temperature"), "{dropped}");
    let document = response.json();
    let choice = &document["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls", "{document}");
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    let called: Vec<_> = calls.iter().map(|call| call["function"]["name"].as_str().unwrap()).collect();
    assert_eq!(called, ["weather", "time"]);
    assert_eq!(calls[0]["function"]["arguments"], weather.arguments);
    // The results go back, and the answer streams.
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(choice["message"].clone());
    for call in calls {
        messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "sunny"}));
    }
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    logins.upstream.script(logins.accounts[0], Answer::Say("It is sunny.".to_owned()));
    let streamed = post(&sidecar, "/v1/chat/completions", &body).text();
    let chunks: Vec<Value> = streamed
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "It is sunny.", "{streamed}");
    assert!(streamed.trim_end().ends_with("data: [DONE]"), "{streamed}");
    assert!(chunks.last().unwrap()["usage"]["prompt_tokens"].as_u64().unwrap() > 0, "{streamed}");
    let sent = logins.upstream.requests_of("/backend-api/codex/responses");
    let input: Value = serde_json::from_slice(&sent.last().unwrap().body).unwrap();
    let kinds: Vec<_> = input["input"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect();
    assert!(kinds.iter().filter(|kind| **kind == "function_call_output").count() == 2, "{input}");
}

#[test]
fn a_used_up_plan_fails_over_and_is_out_for_every_model_until_its_reset() {
    for status in [429, 404] {
        let logins = Logins::new(2);
        let sidecar = logins.sidecar();
        let limit = Answer::UsageLimit { status, resets_in: Duration::from_secs(3_600) };
        logins.upstream.script(logins.accounts[0], limit);
        assert_eq!(ask(&sidecar).header("x-retry-count"), Some("1"));
        let other = post(&sidecar, "/v1/responses", &json!({"model": "gpt-5.2", "input": "hi"}));
        assert_eq!(other.header("x-retry-count"), Some("0"));
        assert_eq!(logins.served_by(), [1, 2, 2]);
        let listed = logins.listed(1);
        assert_eq!(listed["state"], "rateLimited", "{listed}");
        let left = listed["availableAt"].as_i64().unwrap() - crate::support::logins::now();
        assert!((3_500_000..=3_605_000).contains(&left), "{left}");
    }
}

/// A login and, behind it, the key `a-key`.
fn with_a_key() -> (Logins, Pool, Sidecar) {
    let mut logins = Logins::new(1);
    let pool = Pool::new(0);
    let key = random_key();
    pool.upstream.add_key(&key);
    logins.sandbox.set("CAM_OPENAI_BASE_URL", &pool.upstream.base_url());
    logins.sandbox.add("a-key", &key);
    let sidecar = logins.sidecar();
    (logins, pool, sidecar)
}

#[test]
fn keys_and_logins_fail_over_into_each_other_and_other_paths_go_to_keys() {
    let (logins, _pool, sidecar) = with_a_key();
    assert_eq!(ask(&sidecar).header("x-account-label"), Some("person-1@example.com"));
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) };
    logins.upstream.script(logins.accounts[0], limit);
    assert_eq!(ask(&sidecar).header("x-account-label"), Some("a-key"));
    let embeddings = json!({"model": "text-embedding-3-small", "input": "hi"});
    let response = post(&sidecar, "/v1/embeddings", &embeddings);
    assert_eq!((response.status(), response.header("x-account-label")), (200, Some("a-key")));
}

#[test]
fn what_no_login_can_do_is_refused_in_words_when_there_is_no_key() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    for (path, body, code) in [
        ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": "hi"}), "api_key_account_required"),
        ("/v1/responses", json!({"model": "gpt-5.2", "input": "hi", "background": true}), "unsupported_parameter"),
        (
            "/v1/responses",
            json!({"model": "gpt-5.2", "input": "hi", "previous_response_id": "resp_1"}),
            "unsupported_parameter",
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5.2", "input": "hi", "tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
            "unsupported_parameter",
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5.2", "input": [
                {"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
            "unsupported_parameter",
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-5.2", "input": "hi", "include": ["message.output_text.logprobs"]}),
            "unsupported_parameter",
        ),
        (
            "/v1/chat/completions",
            json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": "hi"}], "n": 2}),
            "unsupported_parameter",
        ),
    ] {
        let response = post(&sidecar, path, &body);
        assert_eq!((response.status(), response.json()["error"]["code"].as_str()), (400, Some(code)), "{body}");
    }
    assert_eq!(logins.served_by(), [0_usize; 0]);
    let unsupported = post(&sidecar, "/v1/responses", &json!({"model": "gpt-4o", "input": "hi"}));
    assert_eq!(unsupported.json()["error"]["code"], "model_not_found", "{}", unsupported.text());
}

#[test]
fn a_stream_that_breaks_is_seen_as_broken_and_one_that_failed_early_is_failed_over() {
    let logins = Logins::new(2);
    let sidecar = logins.sidecar();
    let mut streamed = small();
    streamed["stream"] = json!(true);
    let failure =
        |code: &str| Answer::FailInStream { after_events: 2, code: code.to_owned(), message: "no".to_owned() };
    logins.upstream.script(logins.accounts[0], failure("server_is_overloaded"));
    let response = post(&sidecar, "/v1/responses", &streamed);
    assert_eq!(response.header("x-retry-count"), Some("1"), "{}", response.text());
    assert!(response.text().contains("response.completed"));
    assert!(!response.text().contains("codex.rate_limits"), "{}", response.text());
    // What is the request's own fault comes as the stream told it.
    logins.upstream.script(logins.accounts[1], failure("context_length_exceeded"));
    let response = post(&sidecar, "/v1/responses", &streamed);
    assert!(response.text().contains("context_length_exceeded"), "{}", response.text());
    logins.upstream.script(logins.accounts[1], failure("context_length_exceeded"));
    let response = post(&sidecar, "/v1/responses", &small());
    let error = &response.json()["error"];
    assert_eq!((response.status(), &error["code"]), (400, &json!("context_length_exceeded")));
    assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &Value::Null));
    // Whoever reads no stream of responses is not told the token that the backend echoes either.
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ5b3UifQ.c2lnbmF0dXJl";
    let mut chat = json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": "hi"}]});
    for stream in [false, true] {
        let message = format!("no: Bearer {token}");
        let echo = Answer::FailInStream { after_events: 2, code: "invalid_prompt".to_owned(), message };
        // Whichever of them is asked.
        logins.accounts.iter().for_each(|account| logins.upstream.script(*account, echo.clone()));
        chat["stream"] = json!(stream);
        let response = post(&sidecar, "/v1/chat/completions", &chat);
        assert_eq!(response.status(), 400, "{}", response.text());
        assert_eq!(response.json()["error"]["message"], "no: Bearer ****");
    }
}

#[test]
fn what_is_no_json_or_too_large_for_a_login_is_told_as_that() {
    use crate::support::http;
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let key = format!("Bearer {}", sidecar.api_key());
    let many = format!("{{\"model\":\"gpt-5.2\",\"input\":[{}1]}}", "1,".repeat(300_000));
    for (kind, body, status, code) in [
        ("application/json", "{\"model\":", 400, "invalid_json"),
        ("application/json", many.as_str(), 413, "request_too_large"),
        ("text/plain", "{\"model\":\"gpt-5.2\",\"input\":\"hi\"}", 200, ""),
    ] {
        let headers = [("authorization", key.as_str()), ("content-type", kind)];
        let response = http::request(sidecar.port(), "POST", "/v1/responses", &headers, body.as_bytes());
        let told = response.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!((response.status(), told.as_str()), (status, code), "{kind} {}", &body[..20]);
    }
}

#[test]
fn a_backend_that_ends_without_its_last_event_is_never_taken_for_whole() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    let events = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n\
                  event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":0,\
                  \"content_index\":0,\"delta\":\"half\"}\n\ndata: [DONE]\n\n";
    let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    let answer = Answer::Raw { status: 200, headers, body: events.into() };
    logins.upstream.always(logins.accounts[0], Some(answer));
    let key = format!("Bearer {}", sidecar.api_key());
    for (path, mut body) in [
        ("/v1/responses", small()),
        ("/v1/chat/completions", json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": "hi"}]})),
    ] {
        body["stream"] = json!(true);
        let mut connection = crate::support::http::Connection::open(sidecar.port());
        let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
        connection.request("POST", path, &headers, body.to_string().as_bytes());
        // All of it came at once: the abort may overtake the head.
        if let Ok(head) = connection.head() {
            assert_eq!(head.status, 200);
            assert!(connection.body().is_err(), "{path}: the stream is aborted");
        }
    }
}

#[test]
fn what_is_to_be_stored_goes_to_a_key_and_to_a_login_when_no_key_can() {
    let (logins, _pool, sidecar) = with_a_key();
    let served_by = |stored: bool| {
        let body = json!({"model": "gpt-5.4", "input": "hi", "store": stored});
        post(&sidecar, "/v1/responses", &body).header("x-account-label").map(str::to_owned)
    };
    assert_eq!(served_by(false).as_deref(), Some("person-1@example.com"));
    assert_eq!(served_by(true).as_deref(), Some("a-key"));
    logins.sandbox.run(&["switch", "1"]).ok();
    eventually("a pin stays", || (served_by(true).as_deref() == Some("person-1@example.com")).then_some(()));
    logins.sandbox.run(&["switch", "--auto"]).ok();
    eventually("the pin is gone", || (served_by(true).as_deref() == Some("a-key")).then_some(()));
    logins.sandbox.run(&["edit", "a-key", "--disable"]).ok();
    eventually("the key is out", || (served_by(true).as_deref() == Some("person-1@example.com")).then_some(()));
}

#[test]
fn a_model_that_no_account_has_stays_unknown_and_is_no_matter_of_time() {
    let logins = Logins::new(1);
    let sidecar = logins.sidecar();
    logins.upstream.set_models_of(logins.accounts[0], &["gpt-5.2"]);
    let body = json!({"model": "gpt-5.9", "input": "hi"});
    let first = post(&sidecar, "/v1/responses", &body);
    assert_eq!((first.status(), &first.json()["error"]["code"]), (400, &json!("model_not_found")), "{}", first.text());
    let asked = logins.served_by().len();
    let second = post(&sidecar, "/v1/responses", &body);
    assert_eq!((second.status(), &second.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!((second.header("x-should-retry"), second.header("retry-after")), (Some("false"), None));
    assert_eq!(logins.served_by().len(), asked, "it is not asked again");
}

/// What the first of two logins answers, and what becomes of it: the status, who served it, a word of the answer, and the
/// state of the first.
#[test]
fn every_other_answer_of_a_backend_means_what_it_says() {
    let say = |text: &str| text.to_owned();
    for (answer, status, served_by, word, state) in [
        (Answer::Torn { bytes: 7 }, 200, 1, "Hello from the simulated ChatGPT.", "ready"),
        (Answer::Refuse(say("I will not.")), 200, 1, "I will not.", "ready"),
        (Answer::Incomplete { text: say("half of") }, 200, 1, "max_output_tokens", "ready"),
        (Answer::UsageNotIncluded, 200, 2, "Hello from the simulated ChatGPT.", "coolingDown"),
        (Answer::DeactivatedWorkspace { status: 402 }, 200, 2, "Hello from the simulated ChatGPT.", "coolingDown"),
        (Answer::DeactivatedWorkspace { status: 403 }, 200, 2, "Hello from the simulated ChatGPT.", "coolingDown"),
        (Answer::ModelNotSupported, 200, 2, "Hello from the simulated ChatGPT.", "ready"),
    ] {
        let logins = Logins::new(2);
        let sidecar = logins.sidecar();
        logins.upstream.script(logins.accounts[0], answer.clone());
        let response = post(&sidecar, "/v1/responses", &small());
        let label = format!("person-{served_by}@example.com");
        assert_eq!(
            (response.status(), response.header("x-account-label")),
            (status, Some(label.as_str())),
            "{answer:?}"
        );
        assert!(response.text().contains(word), "{answer:?}: {}", response.text());
        assert_eq!(logins.listed(1)["state"], state, "{answer:?}");
    }
}
