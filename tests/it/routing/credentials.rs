//! What an attempt proves belongs to the credential that it was made with, and siblings know it before the client does.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use api::{Answer, LimitKind, Wait};
use serde_json::{Value, json};
use simulated_openai::{api, chatgpt};

use crate::support::keys::random_key;
use crate::support::logins::{Logins, small};
use crate::support::upstream::{answer, ask};
use crate::support::{Pool, Sandbox, Sidecar, eventually, http};

const LATE: Duration = Duration::from_millis(1_500);

fn limit() -> Answer {
    Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(600)), kind: LimitKind::Tokens }
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::Status {
        status,
        code: Some(code.to_owned()),
        error_type: "invalid_request_error".to_owned(),
        message: "refused".to_owned(),
        headers: Vec::new(),
    }
}

/// Every answer that proves something of an account.
fn proofs() -> [Answer; 6] {
    [
        limit(),
        Answer::InsufficientQuota,
        Answer::InvalidKey,
        refusal(401, "mismatched_organization"),
        refusal(403, "account_deactivated"),
        Answer::ModelNotFound,
    ]
}

/// A request on its way, of which nobody reads the answer before its end.
fn in_flight(sidecar: &Sidecar, body: Value) -> JoinHandle<u16> {
    let (port, key) = (sidecar.port(), sidecar.api_key().to_owned());
    std::thread::spawn(move || http::post(port, "/v1/responses", &key, &body).status())
}

/// The lock of the accounts file, until the result is dropped.
fn locked(sandbox: &Sandbox) -> std::fs::File {
    let lock = std::fs::File::options().write(true).open(sandbox.cam_folder().join("lock")).unwrap();
    lock.lock().unwrap();
    lock
}

fn account(sidecar: &mut Sidecar) -> Value {
    sidecar.request("accounts/read", &json!({"account": 1})).unwrap()
}

#[test]
fn what_comes_late_of_an_old_key_says_nothing_of_the_new_one() {
    for proof in proofs() {
        let pool = Pool::new(1);
        let mut sidecar = pool.sidecar();
        pool.script(1, Answer::Late(LATE, Box::new(proof.clone())));
        let old = in_flight(&sidecar, json!({"model": "gpt-5.4", "input": "hello"}));
        eventually("it is on its way", || (pool.upstream.requests().len() == 1).then_some(()));
        let new = random_key();
        pool.upstream.add_key(&new);
        pool.sandbox.run_with(&["edit", "1", "--key-stdin"], new.as_bytes()).ok();
        assert_eq!(answer(&sidecar, "gpt-5.4").status(), 200, "{proof:?}");
        assert_ne!(old.join().unwrap(), 200, "{proof:?}");
        let account = account(&mut sidecar);
        assert_eq!((&account["state"], &account["rateLimits"]), (&json!("ready"), &json!([])), "{proof:?}");
        assert_eq!(answer(&sidecar, "gpt-5.4").status(), 200, "{proof:?}");
    }
}

#[test]
fn a_new_key_is_free_of_what_the_old_one_met() {
    for proof in proofs() {
        let pool = Pool::new(1);
        let sidecar = pool.sidecar();
        pool.script(1, proof.clone());
        assert_ne!(answer(&sidecar, "gpt-5.4").status(), 200, "{proof:?}");
        let new = random_key();
        pool.upstream.add_key(&new);
        pool.sandbox.run_with(&["edit", "1", "--key-stdin"], new.as_bytes()).ok();
        assert_eq!(answer(&sidecar, "gpt-5.4").status(), 200, "{proof:?}");
    }
}

#[test]
fn a_late_success_of_an_old_key_clears_nothing_of_the_new_one() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    pool.script(1, Answer::Late(LATE, Box::new(Answer::Normal)));
    let old = in_flight(&sidecar, json!({"model": "gpt-5.4", "input": "hello"}));
    eventually("it is on its way", || (pool.upstream.requests().len() == 1).then_some(()));
    let new = random_key();
    pool.upstream.add_key(&new);
    pool.sandbox.run_with(&["edit", "1", "--key-stdin"], new.as_bytes()).ok();
    pool.upstream.script(&new, Answer::InsufficientQuota);
    assert_ne!(answer(&sidecar, "gpt-5.4").status(), 200);
    assert_eq!(old.join().unwrap(), 200);
    assert_eq!(account(&mut sidecar)["state"], "coolingDown");
}

#[test]
fn what_comes_late_of_an_old_token_says_nothing_of_the_new_one() {
    use chatgpt::Answer;
    let limit = Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(600) };
    let closed = Answer::DeactivatedWorkspace { status: 402 };
    for proof in [limit, closed] {
        let logins = Logins::new(1);
        let mut sidecar = logins.sidecar();
        logins.upstream.script(logins.accounts[0], Answer::Late(LATE, Box::new(proof.clone())));
        let old = in_flight(&sidecar, small());
        eventually("it is on its way", || (logins.served_by().len() == 1).then_some(()));
        // Somebody logs in again: other tokens in the place of those.
        let locked = locked(&logins.sandbox);
        let mut file = logins.sandbox.accounts();
        let tokens = logins.upstream.sign_in_again(logins.accounts[0]);
        file["accounts"][0]["accessToken"] = json!(tokens.access_token);
        file["accounts"][0]["refreshToken"] = json!(tokens.refresh_token);
        file["revision"] = json!(file["revision"].as_u64().unwrap() + 1);
        logins.sandbox.write_accounts(file.to_string().as_bytes());
        drop(locked);
        assert_ne!(old.join().unwrap(), 200, "{proof:?}");
        assert_eq!(account(&mut sidecar)["state"], "ready", "{proof:?}");
    }
}

/// A write that has not ended 50 ms after the upstream's head goes on behind the answer, which a busy disk makes happen.
#[test]
fn a_sibling_knows_what_an_attempt_proved_when_the_answer_is_there() {
    const ROUNDS: usize = 5;
    for proof in proofs() {
        let known = (0..ROUNDS).filter(|_| sibling_knows(&proof)).count();
        assert!(known > ROUNDS / 2, "{proof:?}: known in {known} of {ROUNDS} rounds");
    }
}

/// Whether a sibling asks the account in vain that answered `proof` to another process just now.
fn sibling_knows(proof: &Answer) -> bool {
    let pool = Pool::new(2);
    let (mut first, mut sibling) = (pool.sidecar(), pool.sidecar());
    for sidecar in [&mut first, &mut sibling] {
        sidecar.request("accounts/switch", &json!({"account": 1})).unwrap();
    }
    assert_eq!((ask(&pool, &first, "gpt-5.4"), ask(&pool, &sibling, "gpt-5.4")), (1, 1));
    pool.script(1, proof.clone());
    assert_eq!(ask(&pool, &first, "gpt-5.4"), 2, "{proof:?}");
    ask(&pool, &sibling, "gpt-5.4") == 2
}

#[test]
fn an_answer_is_not_held_for_a_file_that_somebody_else_has_locked() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    let lock = locked(&pool.sandbox);
    pool.script(1, limit());
    let started = Instant::now();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // What is not written yet holds in this process all the same, and is written in the end.
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
    let limits = || pool.sandbox.accounts()["accounts"][0]["rateLimitResetTimes"].clone();
    assert_eq!(limits(), Value::Null);
    drop(lock);
    eventually("it is written", || limits().is_object().then_some(()));
}
