//! Which logins are the same one: told by account id, email and plan together.

/// Who a login is, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginIdentity<'a> {
    /// The ChatGPT account or workspace.
    pub account_id: Option<&'a str>,
    /// The person.
    pub email: Option<&'a str>,
    /// What they pay for.
    pub plan: Option<&'a str>,
}

/// How alike two logins are that are not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Account id, email and plan are known on both sides and equal.
    Same,
    /// The account id is, and nothing that both know differs.
    Possible,
    /// All but the plan is: a person may have changed it, or have two.
    OtherPlan,
}

impl LoginIdentity<'_> {
    /// `None` for two logins that are not the same. One person has several workspaces, and one workspace several people,
    /// so that neither an email nor an account id says enough alone.
    pub fn likeness(&self, other: &LoginIdentity<'_>) -> Option<Likeness> {
        let equal = |one: Option<&str>, other: Option<&str>| Some(one?.eq_ignore_ascii_case(other?));
        if self.account_id.is_none() || self.account_id != other.account_id {
            return None;
        }
        match (equal(self.email, other.email), equal(self.plan, other.plan)) {
            (Some(false), _) | (None, Some(false)) => None,
            (Some(true), Some(true)) => Some(Likeness::Same),
            (Some(true), Some(false)) => Some(Likeness::OtherPlan),
            (Some(true) | None, None) | (None, Some(true)) => Some(Likeness::Possible),
        }
    }
}

impl LoginIdentity<'_> {
    /// The position of the login among `others` that is this one: the same, else the only one that may be. Those that
    /// `admits` does not let in are passed over.
    pub fn position_among<'a>(
        &self,
        others: impl Iterator<Item = (usize, LoginIdentity<'a>)>,
        admits: impl Fn(usize, Likeness) -> bool,
    ) -> Option<usize> {
        let likeness = |(position, other): (usize, LoginIdentity<'a>)| Some((position, self.likeness(&other)?));
        let alike: Vec<(usize, Likeness)> =
            others.filter_map(likeness).filter(|(position, likeness)| admits(*position, *likeness)).collect();
        let same = alike.iter().find(|(_, likeness)| *likeness == Likeness::Same);
        match (same, &alike[..]) {
            (Some((position, _)), _) | (None, [(position, _)]) => Some(*position),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity<'a>(account_id: &'a str, email: &'a str, plan: &'a str) -> LoginIdentity<'a> {
        let known = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        LoginIdentity { account_id: known(account_id), email: known(email), plan: known(plan) }
    }

    #[test]
    fn workspaces_people_and_plans_tell_logins_apart() {
        let one = identity("ws-1", "you@x.com", "plus");
        for (other, expected) in [
            (identity("ws-1", "YOU@x.com", "plus"), Some(Likeness::Same)),
            (identity("ws-1", "you@x.com", ""), Some(Likeness::Possible)),
            (identity("ws-1", "", "plus"), Some(Likeness::Possible)),
            (identity("ws-1", "", ""), Some(Likeness::Possible)),
            (identity("ws-1", "you@x.com", "team"), Some(Likeness::OtherPlan)),
            (identity("ws-1", "", "team"), None),
            (identity("ws-1", "me@x.com", "plus"), None),
            (identity("ws-2", "you@x.com", "plus"), None),
            (identity("", "you@x.com", "plus"), None),
        ] {
            assert_eq!(one.likeness(&other), expected, "{other:?}");
            assert_eq!(other.likeness(&one), expected, "{other:?}");
        }
        assert_eq!(identity("", "you@x.com", "plus").likeness(&identity("", "you@x.com", "plus")), None);
    }

    #[test]
    fn the_same_login_is_found_before_the_only_one_that_may_be() {
        let own = identity("ws-1", "you@x.com", "plus");
        let (same, possible) = (own, identity("ws-1", "", ""));
        for (others, expected) in [
            (vec![possible, same], Some(1)),
            (vec![possible], Some(0)),
            (vec![possible, possible], None),
            (vec![identity("ws-2", "you@x.com", "plus")], None),
        ] {
            let found = own.position_among(others.iter().copied().enumerate(), |_, _| true);
            assert_eq!(found, expected, "{others:?}");
        }
        let admits = |_: usize, likeness: Likeness| likeness != Likeness::Same;
        assert_eq!(own.position_among([(0, same)].into_iter(), admits), None);
    }
}
