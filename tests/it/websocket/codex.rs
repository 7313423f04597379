//! The real Codex in its WebSocket mode with keys: over one socket, over several when accounts are limited, and back to
//! HTTP where there is none.

use std::time::Duration;

use simulated_openai::api::{Answer, DEFAULT_TEXT, LimitKind, Wait};

use crate::support::Pool;
use crate::support::sandbox::Output;
use crate::support::tools;

#[track_caller]
fn check_answered(output: &Output) {
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout.trim(), DEFAULT_TEXT, "{output:?}");
}

fn methods(pool: &Pool) -> Vec<String> {
    pool.upstream.requests().iter().map(|each| format!("{} {}", each.method, each.path_and_query)).collect()
}

#[test]
fn codex_speaks_over_a_socket() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    check_answered(&tools::codex_by_socket(&pool.sandbox, &sidecar, &codex));
    assert_eq!(methods(&pool), ["GET /v1/responses"], "all of it went through one socket");
    let request = &pool.upstream.requests()[0];
    assert_eq!(pool.number_of(request), Some(1));
    let last = request.messages.last().unwrap();
    assert!(last.contains("\"response.create\"") && last.contains("say hi"), "{last}");
    let text = format!("{request:?}");
    assert!(!text.contains(sidecar.api_key()), "our own key goes no further");
}

#[test]
fn codex_goes_back_to_http_where_there_is_no_socket() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    pool.script(1, Answer::Raw { status: 426, headers: Vec::new(), body: "{}".into() });
    let sidecar = pool.sidecar();
    let output = tools::codex_by_socket(&pool.sandbox, &sidecar, &codex);
    check_answered(&output);
    assert!(!output.stderr.contains("Reconnecting"), "it does so at once: {output:?}");
    assert_eq!(methods(&pool), ["GET /v1/responses", "POST /v1/responses"]);
    assert_eq!(pool.served_by(), [Some(1), Some(1)]);
}

fn limited(retry_after: Wait) -> Answer {
    Answer::RateLimit { retry_after, kind: LimitKind::Tokens }
}

#[test]
fn codex_does_not_see_that_a_handshake_failed_over() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    pool.upstream.always(&pool.keys[0], Some(limited(Wait::Usual(Duration::from_secs(3600)))));
    let sidecar = pool.sidecar();
    let output = tools::codex_by_socket(&pool.sandbox, &sidecar, &codex);
    check_answered(&output);
    assert_eq!(methods(&pool), ["GET /v1/responses", "GET /v1/responses"]);
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
}

/// Its first turn goes on from a warm-up, which the limited account alone knows: it sends the whole conversation then.
#[test]
fn codex_goes_on_with_the_next_account_when_an_open_socket_meets_a_limit() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(2);
    pool.script(1, Answer::Normal);
    pool.script(1, limited(Wait::Usual(Duration::from_secs(3600))));
    let sidecar = pool.sidecar();
    check_answered(&tools::codex_by_socket(&pool.sandbox, &sidecar, &codex));
    assert_eq!(methods(&pool), ["GET /v1/responses", "GET /v1/responses"]);
    assert_eq!(pool.served_by(), [Some(1), Some(2)]);
    let resent = &pool.upstream.requests()[1].messages;
    assert!(resent.iter().all(|message| message.contains("\"response.create\"")), "{resent:?}");
}
