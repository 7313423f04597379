//! Every pair of what can be known of two logins.

use super::*;

/// `account id/user id/subject/email`, each of which may be empty.
fn identity(text: &str) -> LoginIdentity<'_> {
    let mut parts = text.split('/').map(|part| Some(part).filter(|part| !part.is_empty()));
    let mut next = || parts.next().flatten();
    LoginIdentity { account_id: next(), user_id: next(), subject: next(), email: next() }
}

#[test]
fn an_account_and_a_person_make_a_login_and_the_email_stands_in_for_one_of_them() {
    use Likeness::{Different, Possible, Same};
    for (one, other, expected) in [
        ("ws/u/s/a@x", "ws/u/s/a@x", Same),
        ("ws/u/s/a@x", "ws/u/s/new@x", Same),
        ("ws/u//", "ws/u//", Same),
        ("ws//s/", "ws//s/", Same),
        ("ws/u/s1/a@x", "ws/u/s2/a@x", Same),
        ("ws/u/s/a@x", "ws//s/", Same),
        ("ws/u/s/a@x", "ws///A@X ", Same),
        ("ws///a@x", "ws///a@x", Same),
        ("/u//a@x", "ws/u//a@x", Same),
        ("/u//", "/u//", Same),
        ("//s/", "//s/", Same),
        ("/u//a@x", "/u//new@x", Same),
        ("ws/u1/s/a@x", "ws/u2/s/a@x", Different),
        ("ws//s1/a@x", "ws//s2/a@x", Different),
        ("ws1/u/s/a@x", "ws2/u/s/a@x", Different),
        ("ws1///a@x", "ws2///a@x", Different),
        ("ws/u//a@x", "ws///b@x", Different),
        ("ws/u//a@x", "//s/b@x", Different),
        ("///a@x", "///b@x", Different),
        ("///", "ws/u/s/a@x", Different),
        ("///", "///", Different),
        ("ws/u//", "//s/", Different),
        ("ws/u//a@x", "ws///", Possible),
        ("ws///", "ws///", Possible),
        ("ws/u//", "ws//s/", Possible),
        ("///a@x", "///a@x", Possible),
        ("///a@x", "ws/u/s/a@x", Possible),
        ("/u//", "ws/u//a@x", Possible),
        ("/u//new@x", "ws/u//a@x", Possible),
    ] {
        let (one, other) = (identity(one), identity(other));
        assert_eq!(one.likeness(&other), expected, "{one:?} {other:?}");
        assert_eq!(other.likeness(&one), expected, "{other:?} {one:?}");
        if one.contradicts(&other) {
            assert_eq!(expected, Different, "{one:?} {other:?}");
        }
    }
}

#[test]
fn only_what_differs_contradicts() {
    for (one, other, expected) in [
        ("ws1/u//", "ws2/u//", true),
        ("ws/u1//", "ws/u2//", true),
        ("ws///a@x", "ws///b@x", true),
        ("ws/u//a@x", "ws/u//b@x", false),
        ("///", "ws/u//", false),
        ("ws/u//", "//s/", false),
    ] {
        assert_eq!(identity(one).contradicts(&identity(other)), expected, "{one} {other}");
    }
}

#[test]
fn a_question_is_asked_of_a_person_who_may_be_there_twice_and_not_of_a_team() {
    for (one, other, expected) in [
        ("ws/u//", "ws/u//", true),
        ("///a@x", "ws/u//a@x", true),
        ("/u//new@x", "ws/u//a@x", true),
        ("ws///", "ws/u//a@x", false),
        ("ws1/u//a@x", "ws2/u//a@x", false),
    ] {
        assert_eq!(identity(one).is_worth_asking(&identity(other)), expected, "{one} {other}");
    }
}

#[test]
fn a_login_is_found_among_others_only_where_nothing_else_can_be_meant() {
    use Found::{Possible, Same};
    for (own, others, expected) in [
        ("ws/u//a@x", vec!["ws///", "ws/u//a@x"], Same(1)),
        ("ws/u//a@x", vec!["/u//a@x", "ws/u//a@x"], Same(1)),
        ("ws/u//a@x", vec!["ws/u//", "ws/u//"], Same(0)),
        ("ws/u//a@x", vec!["/u//a@x"], Same(0)),
        // One of two accounts of a person: the unknown one may be a third.
        ("ws2/u//a@x", vec!["/u//a@x", "ws1/u//a@x"], Possible(vec![0])),
        ("/u//a@x", vec!["ws1/u//a@x", "ws2/u//a@x"], Possible(vec![0, 1])),
        ("/u//a@x", vec!["ws1/u//a@x", "ws2/u//a@x", "/u//a@x"], Same(2)),
        ("ws/u//a@x", vec!["ws///"], Possible(vec![0])),
        ("ws/u//a@x", vec!["ws///b@x", "ws2/u//a@x", "ws/u2//a@x"], Possible(vec![])),
        ("ws/u//a@x", vec![], Possible(vec![])),
    ] {
        let identities = others.iter().map(|text| identity(text)).enumerate();
        assert_eq!(identity(own).find_among(identities), expected, "{own} among {others:?}");
    }
}
