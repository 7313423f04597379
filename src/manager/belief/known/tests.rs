//! What stands in for the file, and what is forgotten.

use super::*;

const NOW: Timestamp = Timestamp(1_000);

fn id() -> AccountId {
    AccountId::new("a")
}

#[test]
fn limits_that_are_over_are_forgotten_and_of_too_many_the_first() {
    let mut known = Known::default();
    let own = known.accounts.entry(id()).or_default();
    for number in 0..10_000 {
        let model = format!("model {number}");
        own.limits.insert(model.clone(), Limit::ending(Timestamp(number)));
        own.limited_since.insert(model, Timestamp(number));
    }
    known.forget_old_limits(Timestamp(9_000));
    let own = &known.accounts[&id()];
    assert_eq!(own.limits.len(), 999);
    assert!((1_000..=MOST_LIMITS).contains(&own.limited_since.len()), "{}", own.limited_since.len());
    assert!(own.limited_since.contains_key("model 9999"));
    known.forget_old_limits(Timestamp(10_000));
    assert!(known.accounts[&id()].limits.is_empty());
}

#[test]
fn limits_of_many_accounts_add_up_to_no_more_than_those_of_one() {
    let mut known = Known::default();
    for number in 0..10_000 {
        let own = known.accounts.entry(AccountId::new(format!("{}", number % 10))).or_default();
        own.limited_since.insert(format!("model {number}"), Timestamp(number));
    }
    known.forget_old_limits(NOW);
    let left: usize = known.accounts.values().map(|own| own.limited_since.len()).sum();
    assert!((1_000..=MOST_LIMITS).contains(&left), "{left}");
}

#[test]
fn accounts_that_are_gone_and_those_of_which_nothing_is_known_do_not_add_up() {
    let mut known = Known::default();
    for number in 0..1_000 {
        known.asks_for_quota(&AccountId::new(number.to_string()), NOW);
    }
    known.forget_accounts_but(|id| id.as_str() == "7");
    assert_eq!(known.accounts.len(), 1);
    known.accounts.entry(id()).or_default().limits.insert("f".to_owned(), Limit::ending(NOW));
    known.forget_old_limits(NOW);
    assert_eq!(known.accounts.len(), 1, "nothing is known of the other one");
}

#[test]
fn what_is_on_its_way_to_the_file_stands_in_for_it() {
    let refusal = |until| ModelRefusal { until: Timestamp(until), version: None };
    let limit = |until| Limit::ending(Timestamp(until));
    let cooldown = |reason: &str| Cooldown { until: Timestamp(9_000), since: None, reason: reason.to_owned() };
    let of_file = Facts {
        limits: BTreeMap::from([("f".to_owned(), limit(5_000)), ("g".to_owned(), limit(5_000))]),
        cooldown: Some(cooldown("old")),
        unserved: BTreeMap::from([("m".to_owned(), refusal(5_000))]),
        ..Facts::default()
    };
    let mut known = Known::default();
    assert_eq!(known.facts(&id(), of_file.clone(), NOW), of_file);
    let own = known.accounts.entry(id()).or_default();
    own.limits = BTreeMap::from([("f".to_owned(), limit(6_000)), ("g".to_owned(), limit(4_000))]);
    own.unserved.insert("m".to_owned(), refusal(7_000));
    own.bench = Some(Bench { cooldown: cooldown("new"), needs_login: true });
    let facts = known.facts(&id(), of_file.clone(), NOW);
    assert_eq!((facts.limits["f"], facts.limits["g"]), (limit(6_000), limit(5_000)), "the later end holds");
    assert_eq!((facts.cooldown, facts.needs_login), (Some(cooldown("new")), true));
    assert_eq!(facts.unserved["m"], refusal(7_000));
    known.written(&id(), &Change::Benched { cooldown: cooldown("new"), needs_login: true });
    known.written(&id(), &Change::Unserved { model: "m".to_owned(), refusal: refusal(7_000) });
    known.written(&id(), &Change::Limited { keys: Vec::new(), until: Timestamp(6_000) });
    let facts = known.facts(&id(), of_file.clone(), NOW);
    assert_eq!((facts.cooldown, facts.unserved), (of_file.cooldown, of_file.unserved));
    assert_eq!(facts.limits["f"], limit(5_000));
}
