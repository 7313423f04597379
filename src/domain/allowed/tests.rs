//! What narrows a session, by example: what is left, and how it is said.

use proptest::prelude::*;

use super::*;

fn bound(name: &str, text: &str) -> Bound {
    Bound::new(name, Selection::parse(text).map_err(|why| why.to_string()))
}

/// Accounts `a` to `d`, of which `a` and `b` are in the group `work`.
fn allowed(bounds: Vec<Bound>) -> Allowed {
    let work = ["work".to_owned()];
    let groups = |id: &str| if id < "c" { &work[..] } else { &[] };
    let named = ["a", "b", "c", "d"].map(|id| Named { id, label: id, groups: groups(id), has_unknown_groups: false });
    Bounds::new(bounds).allowed(&named)
}

fn left(allowed: &Allowed) -> String {
    ["a", "b", "c", "d"].into_iter().filter(|id| allowed.admits(&AccountId::new((*id).to_owned()))).collect()
}

#[test]
fn an_account_must_be_in_all_of_it() {
    for (bounds, expected) in [
        (vec![], "abcd"),
        (vec![bound("rule 1", "work")], "ab"),
        (vec![bound("rule 1", "work"), bound("`--accounts`", "b, c")], "b"),
        (vec![bound("rule 1", "work"), bound("`--accounts`", "!a")], "b"),
        (vec![bound("rule 1", "work"), bound("`--accounts`", "c")], ""),
        (vec![bound("rule 1", "")], ""),
        (vec![bound("rule 1", "work"), bound("rule 2", "wrok")], ""),
        (vec![bound("rule 1", "!")], ""),
    ] {
        assert_eq!(left(&allowed(bounds.clone())), expected, "{bounds:?}");
    }
}

#[test]
fn of_two_only_what_both_leave_is_left() {
    let (work, some) = (allowed(vec![bound("rule 1", "work")]), allowed(vec![bound("key `ci`", "b, c")]));
    let all = Allowed::default();
    for (one, other, expected) in
        [(&work, &some, "b"), (&some, &work, "b"), (&all, &some, "bc"), (&some, &all, "bc"), (&all, &all, "abcd")]
    {
        assert_eq!(left(&one.and(other)), expected);
    }
    for (both, name) in [
        (work.and(&some), "work & b, c"),
        (all.and(&some), "b, c"),
        (work.and(&allowed(vec![bound("x", "d")])), "none"),
    ] {
        assert_eq!(both.name(), Some(name));
    }
    let both = work.and(&some);
    let by = |id: &str| both.refused.get(&AccountId::new(id.to_owned())).map(|by| by.name.as_str());
    assert_eq!([by("a"), by("b"), by("d")], [Some("key `ci`"), None, Some("rule 1")]);
    let nothing = Allowed::nothing("key `ci`", "it is gone");
    assert_eq!((left(&nothing), left(&work.and(&nothing))), (String::new(), String::new()));
    assert_eq!(work.and(&nothing).and(&nothing).faults().collect::<Vec<_>>(), ["key `ci`: it is gone"]);
}

#[test]
fn a_client_reads_nothing_that_names_accounts_or_places() {
    let title = "key `ci` (config.toml:1)";
    let key = |text| bound(title, text);
    let broken = Bound::new("`projects`", Err("/home/me/config.toml:3: x".to_owned()));
    for (bounds, name, sentences) in [
        (vec![key("work, !a")], "ci", format!(" What may be used here is narrowed by {title}.")),
        (
            vec![bound("`--accounts`", "!a"), bound("`CAM_ACCOUNTS`", "!b"), key("work, d")],
            "ci",
            format!(" What may be used here is narrowed by the proxy's own settings and {title}."),
        ),
        (vec![bound("`--accounts`", "!a")], "ci", " What may be used here is narrowed by the proxy's own settings.".to_owned()),
        (
            vec![key("wrok")],
            "none",
            format!(
                " No account may be used until this is mended: {title}: no account has the group, id or label `wrok`."
            ),
        ),
        (
            vec![broken],
            "none",
            " No account may be used until this is mended: the proxy's own settings: the log and `codex-account-manager doctor` of the proxy's owner say what is wrong."
                .to_owned(),
        ),
    ] {
        let whole = allowed(bounds);
        let seen = whole.clone().for_client("ci", title);
        assert_eq!(left(&seen), left(&whole));
        assert_eq!((seen.name(), seen.sentences()), (Some(name), sentences));
        assert_eq!(seen.and(&seen.clone()).name(), Some(name));
    }
    assert_eq!(Allowed::default().for_client("ci", title), Allowed::default());
}

#[test]
fn it_says_what_keeps_an_account_out_and_what_cannot_be_read() {
    let allowed = allowed(vec![bound("rule 1", "work"), bound("rule 2", "a"), bound("rule 3", "wrok")]);
    let by = |id: &str| allowed.refused[&AccountId::new(id.to_owned())].name.as_str();
    assert_eq!(["a", "b", "c"].map(by), ["rule 3", "rule 2", "rule 1"]);
    let faults: Vec<String> = allowed.faults().collect();
    assert_eq!(faults, ["rule 3: no account has the group, id or label `wrok`"]);
    let refusals = ["a", "c"].map(|id| allowed.brief_refusal(&AccountId::new(id.to_owned())));
    assert_eq!(refusals, ["an error in rule 3 keeps it out", "rule 1 does not allow it here"]);
    assert!(allowed.is_empty() && !allowed.is_all());
    assert!(Allowed::default().is_all() && !Allowed::default().is_empty());
}

#[test]
fn each_thing_is_named_once_in_the_order_of_the_rules() {
    let placed = |number: usize, text: &str| {
        let brief = format!("rule {number}");
        Bound { name: format!("{brief} (c.toml:{number})"), ..bound(&brief, text) }
    };
    let flag = || bound("`--accounts`", "a");
    for (bounds, expected) in [
        (vec![], ""),
        (
            vec![placed(2, "work"), placed(10, "a"), flag()],
            " What may be used here is narrowed by rule 2 (c.toml:2) and rule 10 (c.toml:10).",
        ),
        (vec![placed(2, "!a"), flag()], " Rule 2 (c.toml:2) and `--accounts` have no account in common."),
        (vec![placed(1, ""), flag()], " No account is allowed by rule 1 (c.toml:1)."),
        (vec![flag(), bound("`--accounts`", "b")], " No account is allowed by `--accounts`."),
        (
            vec![placed(1, "work"), placed(2, "wrok")],
            " No account may be used until this is mended: rule 2 (c.toml:2): no account has the group, id or label `wrok`.",
        ),
    ] {
        assert_eq!(allowed(bounds).sentences(), expected);
    }
    for (bounds, expected) in [
        (vec![placed(1, "work"), flag()], Some("rule 1 and `--accounts` allow")),
        (vec![placed(1, "work")], Some("rule 1 allows")),
        // Given twice, said once.
        (vec![bound("`--accounts`", "a, b"), bound("`--accounts`", "b, c")], Some("`--accounts` allows")),
        (vec![placed(1, "*")], None),
        (vec![placed(1, "")], None),
    ] {
        assert_eq!(allowed(bounds).allowing().as_deref(), expected);
    }
    let asks = Allowed::nothing("`projects`", "did you mean `path`?").sentences();
    assert_eq!(asks, " No account may be used until this is mended: `projects`: did you mean `path`?");
    let outside = AccountId::new("c".to_owned());
    let one = allowed(vec![placed(2, "work")]);
    assert_eq!(one.refusal(&outside), "rule 2 (c.toml:2) does not allow it here");
    assert_eq!(one.brief_refusal(&outside), "rule 2 does not allow it here");
}

#[test]
fn it_is_called_by_what_narrows_it() {
    for (bounds, expected) in [
        (vec![], None),
        (vec![bound("rule 1", "work")], Some("work")),
        (vec![bound("rule 1", "work,!b")], Some("work, !b")),
        (vec![bound("rule 1", "work"), bound("rule 2", "work"), bound("`--accounts`", "a")], Some("work & a")),
        (vec![bound("rule 1", "")], Some("none")),
        (vec![bound("rule 1", "work"), bound("rule 2", "c")], Some("none")),
        (vec![bound("rule 1", "work"), bound("rule 2", "wrok")], Some("none")),
    ] {
        assert_eq!(allowed(bounds.clone()).name(), expected, "{bounds:?}");
    }
    let broken = allowed(vec![bound("rule 1", "work"), bound("rule 2", "wrok"), bound("rule 3", "!")]);
    let seen = broken.narrowings().map(|it| (&*it.name, it.words.as_deref(), it.fault.is_some()));
    let expected = [("rule 1", Some("work"), false), ("rule 2", Some("wrok"), true), ("rule 3", None, true)];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

proptest! {
    /// One more bound never brings an account in.
    #[test]
    fn every_further_bound_only_narrows(texts in prop::collection::vec("(!?(work|a|b|c|d|x))(,!?(work|a|b|c|d))?", 0..5)) {
        let bounds: Vec<Bound> = texts.iter().map(|text| bound(text, text)).collect();
        let mut before = "abcd".to_owned();
        for count in 0..=bounds.len() {
            let now = left(&allowed(bounds[..count].to_vec()));
            prop_assert!(now.chars().all(|id| before.contains(id)), "{before} {now} {texts:?}");
            before = now;
        }
    }
}
