//! One table of what accounts make and where it is named: wherever that is, the account that made it is asked.

use serde_json::{Value, json};
use simulated_openai::api::{Answer, LimitKind, Wait};
use std::time::Duration;

use crate::support::http::{self, Response};
use crate::support::{Pool, Sidecar};

struct Scene {
    pool: Pool,
    sidecar: Sidecar,
    /// The digits by which ids name the first account.
    owner: String,
}

impl Scene {
    fn new() -> Scene {
        let pool = Pool::new(2);
        let sidecar = pool.sidecar();
        let mut scene = Scene { pool, sidecar, owner: String::new() };
        scene.pin(1);
        let id = scene.ask("POST", "/v1/responses", &json!({"model": "gpt-5.4", "input": "x"})).json()["id"].clone();
        let owner = &id.as_str().unwrap()["resp_".len()..][..16];
        Scene { owner: owner.to_owned(), ..scene }
    }

    fn pin(&mut self, number: usize) {
        self.sidecar.request("accounts/switch", &json!({ "account": number })).unwrap();
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {}", self.sidecar.api_key());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if method == "GET" { String::new() } else { body.to_string() };
        http::request(self.sidecar.port(), method, path, &headers, body.as_bytes())
    }

    /// An id as the first account makes it.
    fn id(&self, prefix: &str, number: u32) -> String {
        format!("{prefix}{}{number:016x}", self.owner)
    }

    /// The first account answers once with `body`.
    fn script(&self, body: &Value) {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        self.pool.script(1, Answer::Raw { status: 200, headers, body: body.to_string().into() });
    }

    #[track_caller]
    fn served_by(&self, response: &Response, number: usize) {
        let account = response.header("x-account-id");
        assert_eq!(account, Some(self.pool.ids[number - 1].as_str()), "{}", response.text());
    }

    fn limit_the_first(&self) {
        let answer = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens };
        self.pool.script(1, answer);
    }
}

fn with_input(input: &Value) -> Value {
    json!({"model": "gpt-5.4", "input": input})
}

/// A request that names an id.
type Named = fn(&str) -> (&'static str, String, Value);

#[test]
fn what_an_account_makes_or_lists_is_found_again_wherever_it_is_named() {
    let mut scene = Scene::new();
    let tool = |tool: Value| json!({"model": "gpt-5.4", "input": "x", "tools": [tool]});
    let skill = |id: &str| {
        tool(json!({"type": "shell", "environment": {"skills": [{"type": "skill_reference", "skill_id": id}]}}))
    };
    let rows: [(&str, &str, Named); 8] = [
        ("POST", "/v1/skills", |id| ("GET", format!("/v1/skills/{id}"), Value::Null)),
        ("POST", "/v1/containers", |id| ("GET", format!("/v1/containers/{id}/files"), Value::Null)),
        ("POST", "/v1/containers", |id| {
            let tool = json!({"type": "code_interpreter", "container": id});
            ("POST", "/v1/responses".to_owned(), json!({"model": "gpt-5.4", "input": "x", "tools": [tool]}))
        }),
        ("POST", "/v1/videos", |id| {
            ("POST", "/v1/videos/edits".to_owned(), json!({"prompt": "x", "video": {"id": id}}))
        }),
        ("POST", "/v1/vector_stores", |id| {
            let tool = json!({"type": "file_search", "vector_store_ids": [id]});
            ("POST", "/v1/responses".to_owned(), json!({"model": "gpt-5.4", "input": "x", "tools": [tool]}))
        }),
        ("POST", "/v1/conversations", |id| {
            ("POST", "/v1/responses".to_owned(), json!({"model": "gpt-5.4", "input": "x", "conversation": {"id": id}}))
        }),
        ("GET", "/v1/batches", |id| ("GET", format!("/v1/batches/{id}"), Value::Null)),
        ("GET", "/v1/containers", |id| ("GET", format!("/v1/containers?after={id}"), Value::Null)),
    ];
    for (method, path, named) in rows {
        scene.pin(1);
        let made = scene.ask(method, path, &json!({"name": "x"})).json();
        let id = made["id"].as_str().or(made["data"][0]["id"].as_str()).unwrap().to_owned();
        scene.pin(2);
        let (method, path, body) = named(&id);
        let again = scene.ask(method, &path, &body);
        assert_eq!(again.status(), 200, "{method} {path} {body}: {}", again.text());
        scene.served_by(&again, 1);
    }
    scene.pin(1);
    let id = scene.ask("POST", "/v1/skills", &json!({})).json()["id"].as_str().unwrap().to_owned();
    scene.pin(2);
    scene.served_by(&scene.ask("POST", "/v1/responses", &skill(&id)), 1);
}

#[test]
fn an_item_is_referred_to_with_its_account_and_a_text_that_looks_like_it_is_not() {
    let mut scene = Scene::new();
    for stream in [false, true] {
        scene.pin(1);
        let made =
            scene.ask("POST", "/v1/responses", &json!({"model": "gpt-5.4", "input": "x", "stream": stream})).text();
        let at = made.find("msg_").unwrap();
        let id: String =
            made[at..].chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        scene.pin(2);
        let user = json!({"role": "user", "content": "more"});
        let named =
            scene.ask("POST", "/v1/responses", &with_input(&json!([{"type": "item_reference", "id": id}, user])));
        assert_eq!(named.status(), 200, "{}", named.text());
        scene.served_by(&named, 1);
        let message = json!({"type": "message", "id": id, "role": "assistant",
            "content": [{"type": "output_text", "text": format!("{{\"file_id\":\"{id}\"}}"), "annotations": []}]});
        scene.served_by(&scene.ask("POST", "/v1/responses", &with_input(&json!([message, user]))), 2);
        scene.served_by(&scene.ask("POST", "/v1/responses", &with_input(&json!(id))), 2);
    }
}

#[test]
fn what_a_response_makes_on_its_way_is_known_though_the_response_is_not_stored() {
    let mut scene = Scene::new();
    let (container, file, message) = (scene.id("cntr_", 1), scene.id("cfile_", 2), scene.id("msg_", 3));
    scene.script(&json!({"id": scene.id("resp_", 4), "object": "response", "status": "completed", "output": [
        {"type": "code_interpreter_call", "id": scene.id("ci_", 5), "code": "1", "container_id": container},
        {"type": "message", "id": message, "role": "assistant", "content": [{"type": "output_text", "text": "x",
            "annotations": [{"type": "container_file_citation", "container_id": container, "file_id": file}]}]},
    ]}));
    scene.ask("POST", "/v1/responses", &json!({"model": "gpt-5.4", "input": "x", "store": false}));
    scene.pin(2);
    scene.served_by(&scene.ask("GET", &format!("/v1/containers/{container}/files/{file}/content"), &Value::Null), 1);
    let reference = with_input(&json!([{"type": "item_reference", "id": message}]));
    let refused = scene.ask("POST", "/v1/responses", &reference);
    assert_eq!(refused.status(), 404);
    scene.served_by(&refused, 2);
}

#[test]
fn reasoning_that_is_only_a_pointer_is_left_out_for_an_account_that_did_not_make_it() {
    let scene = Scene::new();
    let reasoning = json!({"type": "reasoning", "id": scene.id("rs_", 1), "summary": []});
    scene.script(&json!({"id": scene.id("resp_", 2), "output": [reasoning]}));
    scene.ask("POST", "/v1/responses", &with_input(&json!("x")));
    let input = json!([{"role": "user", "content": "x"}, reasoning, {"role": "user", "content": "more"}]);
    scene.served_by(&scene.ask("POST", "/v1/responses", &with_input(&input)), 1);
    scene.limit_the_first();
    let answer = scene.ask("POST", "/v1/responses", &with_input(&input));
    assert_eq!(answer.status(), 200, "{}", answer.text());
    scene.served_by(&answer, 2);
    let sent = scene.pool.upstream.requests();
    let sent = std::str::from_utf8(&sent.last().unwrap().body).unwrap();
    // All other bytes are the client's.
    assert_eq!(sent, with_input(&input).to_string().replace(&format!("{reasoning},"), ""));
}

#[test]
fn a_compacted_conversation_goes_on_with_its_account_alone() {
    let mut scene = Scene::new();
    let compacted =
        json!({"type": "compaction", "id": "cmp_1", "encrypted_content": format!("gAAAASIM.{}.abc", scene.owner)});
    scene.script(&json!({"id": "resp_c1", "object": "response.compaction", "output": [compacted]}));
    scene.ask("POST", "/v1/responses/compact", &with_input(&json!("x")));
    scene.pin(2);
    let input = with_input(&json!([compacted, {"role": "user", "content": "more"}]));
    let answer = scene.ask("POST", "/v1/responses", &input);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    scene.served_by(&answer, 1);
    scene.limit_the_first();
    scene.pool.upstream.traffic().clear_requests();
    let refused = scene.ask("POST", "/v1/responses", &input);
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (429, &json!("resource_owner_unavailable")));
    assert!(
        refused.text().contains("The encrypted content of this request belongs to account 1"),
        "{}",
        refused.text()
    );
    assert_eq!(scene.pool.served_by(), [Some(1)]);
}

#[test]
fn a_streamed_response_is_known_before_it_is_over() {
    let mut scene = Scene::new();
    scene.pool.upstream.traffic().set_stream_pause(Duration::from_millis(300));
    let mut connection = http::Connection::open(scene.sidecar.port());
    let bearer = format!("Bearer {}", scene.sidecar.api_key());
    let body = json!({"model": "gpt-5.4", "input": "x", "stream": true}).to_string();
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    connection.request("POST", "/v1/responses", &headers, body.as_bytes());
    assert_eq!(connection.head().unwrap().status, 200);
    let mut rest = Vec::new();
    let created = connection.event(&mut rest).unwrap().unwrap();
    let at = created.find("resp_").unwrap();
    let id = &created[at..at + "resp_".len() + 32];
    scene.pin(2);
    assert_eq!(scene.pool.upstream.traffic().open_streams(), 1);
    let read = scene.ask("GET", &format!("/v1/responses/{id}"), &Value::Null);
    scene.served_by(&read, 1);
    assert_eq!(scene.pool.upstream.traffic().open_streams(), 1, "the stream is under way");
}
