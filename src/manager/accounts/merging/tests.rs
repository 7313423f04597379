//! What is left of two accounts.

use std::collections::BTreeMap;

use super::*;
use crate::store::Pin;

fn account(id: &str) -> StoredAccount {
    StoredAccount {
        id: id.to_owned(),
        refresh_token: Some(StoredSecret::new(format!("refresh-{id}"))),
        ..StoredAccount::default()
    }
}

#[test]
fn the_login_that_works_is_kept_and_of_two_the_one_granted_last() {
    for (own, other, expected) in [
        ((None, Some(1), None), (None, Some(2), None), true),
        ((None, Some(2), None), (None, Some(1), None), false),
        ((None, Some(2), None), (None, Some(2), None), false),
        ((Some(true), Some(2), None), (None, None, None), true),
        ((None, None, None), (Some(true), Some(2), None), false),
        ((None, None, Some(1)), (None, None, Some(2)), true),
    ] {
        let with = |(needs_login, access_expires_at, added_at)| StoredAccount {
            access_expires_at,
            needs_login,
            added_at,
            ..account("one")
        };
        assert_eq!(is_better(&with(other), &with(own)), expected, "{own:?} {other:?}");
    }
    assert!(is_better(&account("one"), &StoredAccount { refresh_token: None, ..account("two") }));
}

#[test]
fn what_the_person_set_on_the_first_stays_and_the_second_fills_what_is_missing() {
    let mut own = StoredAccount {
        label: Some("work".to_owned()),
        priority: Some(3),
        added_at: Some(20),
        last_used: Some(5),
        rate_limit_reset_times: BTreeMap::from([("codex".to_owned(), 100), ("gpt-5.2".to_owned(), 50)]),
        ..account("one")
    };
    let other = StoredAccount {
        label: Some("other".to_owned()),
        priority: Some(1),
        daily_limit_usd: Some(2.0),
        models: Some(vec!["gpt-*".to_owned()]),
        user_id: Some("u".to_owned()),
        added_at: Some(10),
        last_used: Some(9),
        rate_limit_reset_times: BTreeMap::from([("codex".to_owned(), 90), ("gpt-5.2".to_owned(), 60)]),
        rate_limit_set_times: BTreeMap::from([("gpt-5.2".to_owned(), 7)]),
        ..account("two")
    };
    fill(&mut own, other);
    assert_eq!((own.label.as_deref(), own.priority, own.daily_limit_usd), (Some("work"), Some(3), Some(2.0)));
    assert_eq!((own.added_at, own.last_used, own.user_id.as_deref()), (Some(10), Some(9), Some("u")));
    assert_eq!(own.models, Some(vec!["gpt-*".to_owned()]));
    let limits: Vec<_> = own.rate_limit_reset_times.iter().map(|(key, until)| (key.as_str(), *until)).collect();
    assert_eq!(limits, [("codex", 100), ("gpt-5.2", 60)]);
    assert_eq!(own.rate_limit_set_times, BTreeMap::from([("gpt-5.2".to_owned(), 7)]));
    assert_eq!(own.refresh_token, Some(StoredSecret::new("refresh-one")));
}

#[test]
fn what_pointed_at_the_second_points_at_the_first() {
    let mut state = State::new("store");
    state.accounts = ["zero", "gone", "kept", "last"].map(|id| account(id).into()).to_vec();
    (state.active_index, state.active_index_by_family) = (1, BTreeMap::from([("codex".to_owned(), 3)]));
    let pinned = |account: &str| FamilyPin { account: account.to_owned(), at: 1 };
    state.pin = Some(Pin {
        account: Some("gone".to_owned()),
        families: BTreeMap::from([("codex".to_owned(), pinned("gone")), ("gpt-5.2".to_owned(), pinned("last"))]),
        ..Pin::default()
    });
    let mut session = SessionRecord { start_account: Some("gone".to_owned()), ..SessionRecord::default() };
    session.accounts.insert("codex".to_owned(), "gone".to_owned());
    session.pins.all = Some(pinned("gone"));
    state.sessions = vec![session];
    point(&mut state, "kept", "gone");
    take_out(&mut state, 1, 2);
    let ids: Vec<&str> = state.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["zero", "kept", "last"]);
    assert_eq!((state.active_index, state.active_index_by_family["codex"]), (1, 2));
    let pin = state.pin.unwrap();
    assert_eq!((pin.account.as_deref(), pin.families["codex"].account.as_str()), (Some("kept"), "kept"));
    assert_eq!(pin.families["gpt-5.2"].account, "last");
    let session = &state.sessions[0];
    assert_eq!((session.start_account.as_deref(), session.accounts["codex"].as_str()), (Some("kept"), "kept"));
    assert_eq!(session.pins.all.as_ref().map(|pin| pin.account.as_str()), Some("kept"));
}
