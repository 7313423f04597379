//! Older versions and other tools' files.

use super::*;
use crate::domain::account::Kind;
use crate::store::format::{Extra, State, StoredSecret, VERSION};

fn read(text: &str) -> State {
    State::from_json(text.as_bytes()).unwrap()
}

#[test]
fn the_other_tools_file_keeps_its_meaning() {
    let state = read(
        r#"{ "version": 3,
            "accounts": [ { "email": "you@example.com", "accountId": "acct_1", "refreshToken": "rt",
                            "addedAt": 1700000000000, "lastUsed": 1700000000000,
                            "rateLimitResetTimes": { "codex": 1700000900000, "codex:gpt-5.2-codex": 1700000900000 },
                            "coolingDownUntil": 1700000060000, "cooldownReason": "auth-failure" } ],
            "activeIndex": 0,
            "activeIndexByFamily": { "codex": 0, "gpt-5.2-codex": 0, "codex-max": 0, "gpt-5.2": 0, "gpt-5.1": 0 } }"#,
    );
    let account = &state.accounts[0];
    assert_eq!((account.label.as_deref(), account.kind()), (None, Kind::ChatGpt));
    assert!(matches!(&account.refresh_token, Some(StoredSecret::Plain(token)) if token.expose() == "rt"));
    assert_eq!(account.rate_limit_reset_times["codex:gpt-5.2-codex"], 1_700_000_900_000);
    assert_eq!(account.cooldown_reason.as_deref(), Some("auth-failure"));
    assert_eq!((state.revision, state.active_index_by_family.len(), state.extra), (0, 5, Extra::default()));
}

#[test]
fn version_one_spreads_its_reset_time_and_index() {
    let state = read(
        r#"{"version":1,"activeIndex":1,"accounts":[{"accountId":"a","rateLimitResetTime":1700.9,"other":[1]},
            {"accountId":"b","rateLimitResetTime":null}]}"#,
    );
    assert_eq!(state.version, VERSION);
    let times: Vec<_> =
        state.accounts[0].rate_limit_reset_times.iter().map(|(family, at)| (family.as_str(), *at)).collect();
    let mut families = FAMILIES.map(|family| (family, 1700));
    families.sort_unstable();
    assert_eq!(times, families);
    assert!(state.accounts[1].rate_limit_reset_times.is_empty());
    assert_eq!(state.active_index_by_family, active_index_by_family(1));
    let text = String::from_utf8(state.to_json()).unwrap();
    assert!(text.contains("\"version\": 3") && !text.contains("rateLimitResetTime\"") && text.contains("\"other\""));
}

#[test]
fn version_two_has_its_limits_by_family_already() {
    let state = read(
        r#"{"version":2,"activeIndex":-3.0,"accounts":[{"accountId":"a","rateLimitResetTimes":{"codex":5,"x":null}}]}"#,
    );
    assert_eq!(state.accounts[0].rate_limit_reset_times, BTreeMap::from([("codex".to_owned(), 5)]));
    assert_eq!(state.active_index_by_family["gpt-5.1"], -3);
}

#[test]
fn null_floats_and_absurd_numbers_are_tolerated() {
    let state = read(
        r#"{"version":3.0,"activeIndex":1e300,"revision":-4,"storeId":null,"pin":null,"seal":null,"sessions":null,
            "accounts":[{"label":null,"email":null,"addedAt":1700000000000.7,"lastUsed":-1e300,"priority":2.0,
                         "enabled":"yes","models":7,"apiKey":12,"dailyLimitUsd":5,"kind":"robot","refreshToken":""}]}"#,
    );
    let account = &state.accounts[0];
    assert_eq!((state.active_index, state.revision), (i64::MAX, 0));
    assert_eq!((account.added_at, account.last_used), (Some(1_700_000_000_000), Some(i64::MIN)));
    assert_eq!((account.priority, account.daily_limit_usd), (Some(2), Some(5.0)));
    assert_eq!((account.enabled, &account.models, &account.api_key), (None, &None, &None));
    let text = String::from_utf8(state.to_json()).unwrap();
    for kept in ["\"enabled\": \"yes\"", "\"models\": 7", "\"apiKey\": 12", "\"kind\": \"robot\""] {
        assert!(text.contains(kept), "{kept} stays: {text}");
    }
}

#[test]
fn unknown_fields_survive_everywhere() {
    let text = r#"{"version":3,"accounts":[{"id":"a","theirs":{"deep":[1,2]}}],"activeIndex":0,"top":"kept",
        "pin":{"account":"a","at":5,"more":1},"sessions":[{"id":"s","pid":1,"kind":"run","port":2,"extra":true}]}"#;
    let written = String::from_utf8(read(text).to_json()).unwrap();
    for kept in ["\"theirs\"", "\"top\": \"kept\"", "\"more\": 1", "\"extra\": true"] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
}

#[test]
fn a_known_field_wins_over_a_leftover_of_its_name() {
    let mut state = read(r#"{"version":3,"accounts":[{"id":"a","priority":"high"}],"activeIndex":0}"#);
    state.accounts[0].priority = Some(7);
    let again = State::from_json(&state.to_json()).unwrap();
    assert_eq!((again.accounts[0].priority, again.accounts[0].extra.len()), (Some(7), 0));
}

#[test]
fn accounts_without_an_id_get_the_same_one_on_every_read() {
    let text = r#"{"version":3,"activeIndex":0,"accounts":[
        {"accountId":"a","email":"x"},{"accountId":"a","email":"x"},{"accountId":"ax"},{"apiKey":"sk-1"},{"id":""}]}"#;
    let ids = |state: State| state.accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>();
    let first = ids(read(text));
    assert_eq!(first, ids(read(text)));
    assert_eq!(first, ids(State::from_json(&read(text).to_json()).unwrap()), "and the next write keeps it");
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 5);
    assert_eq!(first[0], "acct-f91aca4cffbe74ba", "and so does the next version of this program");
}

#[test]
fn duplicate_ids_are_distinguished() {
    let state =
        read(r#"{"version":3,"activeIndex":0,"accounts":[{"id":"a"},{"id":"a","email":"x"},{"id":"b"},{"id":"a"}]}"#);
    let ids: Vec<_> = state.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!((ids[0], ids[2]), ("a", "b"));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4);
}
