//! What each outcome proves, without a store, a clock or a ledger.

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SETTINGS: BreakerSettings = BreakerSettings { failures: 2, open_for: Duration::from_secs(60) };
const WAIT: Duration = Duration::from_secs(30);

fn a() -> AccountId {
    AccountId::new("a")
}

fn family() -> ModelFamily {
    ModelFamily::named("codex")
}

/// Applies the outcome of an attempt that began at `began`.
fn apply(known: &mut Known, outcome: &Outcome, change: impl FnOnce(&mut Attempt<'_>)) -> Effects {
    let (account, family) = (a(), family());
    let mut attempt = Attempt {
        account: &account,
        kind: Kind::ApiKey,
        member: None,
        host: "host",
        family: &family,
        model: Some("spark"),
        client_version: ClientVersion::default(),
        began: NOW,
        is_answered: false,
        is_probe: false,
        breaker: Some(SETTINGS),
    };
    change(&mut attempt);
    let is_current = known.depends_on_credential(outcome, &attempt);
    known.apply(outcome, &attempt, is_current, NOW)
}

#[test]
fn each_outcome_has_its_effect_and_its_change() {
    let bench = |reason: &str, needs_login| {
        let cooldown = Cooldown { until: NOW.after(BENCH), since: Some(NOW), reason: reason.to_owned() };
        Some(Change::Benched { cooldown, needs_login })
    };
    let limited = |keys: &[&str]| {
        Some(Change::Limited { keys: keys.iter().map(ToString::to_string).collect(), until: NOW.after(WAIT) })
    };
    let refusal = ModelRefusal { until: NOW.after(UNSERVED), version: None };
    for (outcome, effect, change) in [
        (Outcome::Success, None, None),
        (Outcome::PassThrough, None, None),
        (Outcome::TooLarge, None, None),
        (Outcome::RefusedHere, None, None),
        (Outcome::RateLimited { wait: WAIT }, Some(Effect::RateLimited), limited(&["codex", "codex:spark"])),
        (Outcome::UsageLimited { wait: WAIT }, Some(Effect::RateLimited), limited(&["*"])),
        (Outcome::ModelLimited { wait: WAIT }, Some(Effect::RateLimited), limited(&["codex:spark"])),
        (Outcome::OutOfQuota, Some(Effect::RateLimited), bench(REASON_QUOTA, false)),
        (Outcome::CredentialRefused { code: None }, Some(Effect::Failed), bench(REASON_AUTH, true)),
        (Outcome::Misassigned, Some(Effect::Failed), bench(REASON_MISASSIGNED, false)),
        (Outcome::AccountRefused { code: Some("x".to_owned()) }, Some(Effect::Failed), bench(REASON_REFUSED, false)),
        (
            Outcome::AccountRefused { code: Some("deactivated_workspace".to_owned()) },
            Some(Effect::Failed),
            bench("deactivated_workspace", false),
        ),
        (
            Outcome::ModelUnavailable { is_of_version: false },
            None,
            Some(Change::Unserved { model: "spark".to_owned(), refusal }),
        ),
        (Outcome::ServerFailure { overloaded: false }, Some(Effect::Failed), None),
        (Outcome::Unreachable, Some(Effect::Unreachable), None),
    ] {
        let effects = apply(&mut Known::default(), &outcome, |_| {});
        assert_eq!((effects.effect, effects.change), (effect, change), "{outcome:?}");
    }
}

#[test]
fn what_another_credential_met_changes_nothing_but_breakers() {
    for outcome in [Outcome::OutOfQuota, Outcome::RateLimited { wait: WAIT }, Outcome::Misassigned] {
        let mut known = Known::default();
        let (account, family) = (a(), family());
        let attempt = Attempt {
            account: &account,
            kind: Kind::ApiKey,
            member: None,
            host: "host",
            family: &family,
            model: None,
            client_version: ClientVersion::default(),
            began: NOW,
            is_answered: true,
            is_probe: false,
            breaker: Some(SETTINGS),
        };
        assert_eq!(known.apply(&outcome, &attempt, false, NOW), Effects::default(), "{outcome:?}");
        assert!(known.accounts.is_empty());
    }
}

#[test]
fn failures_in_a_row_are_counted_until_somebody_answers() {
    let mut known = Known::default();
    let failure = Outcome::ServerFailure { overloaded: false };
    let note = Some(BreakerNote::Failed { settings: SETTINGS, overloaded: false });
    assert_eq!(apply(&mut known, &failure, |_| {}).breaker, note);
    let answered = apply(&mut known, &Outcome::PassThrough, |it| it.is_answered = true);
    assert_eq!(answered.breaker, Some(BreakerNote::Succeeded));
    assert!(known.siblings.breakers().is_empty());
    // Where nothing failed there is nothing to say.
    assert_eq!(apply(&mut known, &Outcome::Success, |it| it.is_answered = true).breaker, None);
    apply(&mut known, &Outcome::Unreachable, |_| {});
    assert_eq!(apply(&mut known, &Outcome::Success, |_| {}).breaker, Some(BreakerNote::Succeeded));
}

#[test]
fn a_success_proves_over_what_was_known_before_it_began() {
    let earlier = |it: &mut Attempt<'_>| it.began = NOW.before(Duration::from_secs(1));
    let later = |it: &mut Attempt<'_>| it.began = NOW.after(Duration::from_secs(1));
    for outcome in [Outcome::RateLimited { wait: WAIT }, Outcome::UsageLimited { wait: WAIT }, Outcome::OutOfQuota] {
        let mut known = Known::default();
        apply(&mut known, &outcome, |_| {});
        assert_eq!(
            apply(&mut known, &Outcome::Success, earlier).change,
            None,
            "{outcome:?} came while it was under way"
        );
        let change = apply(&mut known, &Outcome::Success, later).change;
        let Some(Change::Served { limits, ends_bench, .. }) = change else { panic!("{outcome:?}: {change:?}") };
        assert_eq!(limits.is_empty(), outcome == Outcome::OutOfQuota);
        assert_eq!(ends_bench, outcome == Outcome::OutOfQuota);
        assert_eq!(apply(&mut known, &Outcome::Success, later).change, None, "once");
    }
    let change = apply(&mut Known::default(), &Outcome::Success, |it| it.is_probe = true).change;
    assert_eq!(change, Some(Change::Served { limits: Vec::new(), model: None, ends_bench: true }));
}

#[test]
fn a_login_whose_renewed_token_is_refused_is_left_alone_for_a_while() {
    let login = |it: &mut Attempt<'_>| it.kind = Kind::ChatGpt;
    let minute = Duration::from_secs(60);
    for (code, reason) in [
        (Some("token_revoked".to_owned()), "token_revoked"),
        (None, "unauthorized"),
        (Some("two words".to_owned()), "unauthorized"),
        (Some("x".repeat(65)), "unauthorized"),
    ] {
        let effects = apply(&mut Known::default(), &Outcome::CredentialRefused { code }, login);
        assert_eq!(effects.token_refused, Some(TokenRefusal { reason: reason.to_owned(), length: minute }));
        let Some(Change::Benched { cooldown, needs_login: false }) = effects.change else { panic!("{effects:?}") };
        assert_eq!((cooldown.until, cooldown.reason.as_str()), (NOW.after(minute), reason));
    }
}
