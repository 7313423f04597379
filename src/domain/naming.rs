//! Names that distinguish accounts: the label, else by email; several that share an email are distinguished
//! by plan or by the end of an id, so that each name can be typed and means one account.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What is known of an account that it can be called by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naming<'a> {
    /// The stable id.
    pub id: &'a str,
    /// The name that a person gave it.
    pub label: Option<&'a str>,
    /// The email of a login.
    pub email: Option<&'a str>,
    /// The plan of a login.
    pub plan: Option<&'a str>,
    /// The provider's id of the account.
    pub account_id: Option<&'a str>,
}

/// The end of an id has at least so many characters.
const SHORTEST_END: usize = 6;

/// A plan with more characters is not part of a name.
const LONGEST_PLAN: usize = 24;

/// The names of all accounts, in their order.
pub fn names(accounts: &[Naming<'_>]) -> Vec<String> {
    let mut called: HashMap<Cow<'_, str>, Bearers> = HashMap::with_capacity(accounts.len());
    for (position, account) in accounts.iter().enumerate() {
        let label = account.label.map(folded);
        let email = account.email.map(folded).filter(|email| Some(email) != label.as_ref());
        for name in label.into_iter().chain(email) {
            match called.entry(name) {
                Entry::Vacant(free) => drop(free.insert(Bearers { first: position, others: Vec::new() })),
                Entry::Occupied(mut taken) => taken.get_mut().others.push(position),
            }
        }
    }
    let name = |(position, account): (usize, &Naming<'_>)| {
        let base = account.label.or(account.email).map_or_else(|| format!("Account {}", position + 1), str::to_owned);
        let folded = folded(&base);
        let all = called
            .get(&folded)
            .into_iter()
            .flat_map(|called| [called.first].into_iter().chain(called.others.iter().copied()));
        let others = all.filter(|other| *other != position);
        // A label is looked for before an email.
        let is_rival = |other: usize| {
            account.label.is_none() || accounts[other].label.is_some_and(|label| self::folded(label) == folded)
        };
        if !others.clone().any(is_rival) {
            return base;
        }
        let rivals: Vec<&Naming<'_>> = others.map(|other| &accounts[other]).collect();
        let ends = [difference(account.account_id, &rivals, |rival| rival.account_id), Some(account.id.to_owned())];
        let ends = ends.into_iter().flatten().map(|end| format!("id:{end}"));
        let suffixes = plan(account, &rivals).into_iter().chain(ends);
        let mut free = suffixes.map(|suffix| format!("{base} ({suffix})"));
        free.find(|name| !called.contains_key(&self::folded(name))).unwrap_or_else(|| account.id.to_owned())
    };
    accounts.iter().enumerate().map(name).collect()
}

/// The accounts that have one name.
struct Bearers {
    first: usize,
    others: Vec<usize>,
}

/// The text in lowercase, as nearly all names are.
fn folded(text: &str) -> Cow<'_, str> {
    let is_small = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_small { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// The plan, where no rival has it.
fn plan(account: &Naming<'_>, rivals: &[&Naming<'_>]) -> Option<String> {
    let plan = account.plan.map(str::trim)?;
    let is_known = |rival: &&Naming<'_>| rival.plan.is_some_and(|other| other.trim().eq_ignore_ascii_case(plan));
    let is_word = (1..=LONGEST_PLAN).contains(&plan.chars().count()) && !plan.contains(char::is_control);
    (is_word && !rivals.iter().any(is_known)).then(|| plan.to_owned())
}

/// The shortest end of `own` that no rival's id has.
fn difference<'a>(
    own: Option<&str>,
    rivals: &[&Naming<'a>],
    id_of: impl Fn(&Naming<'a>) -> Option<&'a str>,
) -> Option<String> {
    let own = own?;
    let ends = own.char_indices().rev().skip(SHORTEST_END - 1).map(|(at, _)| &own[at..]).chain([own]);
    let is_own = |end: &&str| {
        let has = |rival: &&Naming<'a>| id_of(rival).is_some_and(|id| ends_with(id, end));
        !rivals.iter().any(has)
    };
    ends.into_iter().find(is_own).map(str::to_owned)
}

/// Whether `id` ends with `end`; case makes no difference.
pub fn ends_with(id: &str, end: &str) -> bool {
    id.to_lowercase().ends_with(&end.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `label/email/plan/account id`, each of which may be empty.
    #[track_caller]
    fn check(accounts: &[&str], expected: &[&str]) {
        let ids: Vec<String> = (1..=accounts.len()).map(|number| format!("acc-{number}")).collect();
        let naming = |(text, id): (&&'static str, &'static str)| {
            let mut parts = text.split('/').map(|part| Some(part).filter(|part| !part.is_empty()));
            let mut next = || parts.next().flatten();
            Naming { id, label: next(), email: next(), plan: next(), account_id: next() }
        };
        let ids: Vec<&'static str> = ids.into_iter().map(|id| &*id.leak()).collect();
        let accounts: Vec<&'static str> = accounts.iter().map(|text| &*(*text).to_owned().leak()).collect();
        let namings: Vec<Naming<'_>> = accounts.iter().zip(ids).map(naming).collect();
        assert_eq!(names(&namings), expected, "{accounts:?}");
    }

    #[test]
    fn a_name_that_is_one_accounts_own_stays() {
        check(&["work/a@x//", "/b@x//", "//plus/"], &["work", "b@x", "Account 3"]);
        check(&["a@x/a@x/plus/", "a@x (team)/a@x/team/"], &["a@x", "a@x (team)"]);
    }

    #[test]
    fn workspaces_of_one_email_are_told_apart_by_plan_or_by_the_end_of_their_id() {
        check(&["/a@x/plus/acct-1", "/A@X/team/acct-2"], &["a@x (plus)", "A@X (team)"]);
        check(
            &["/a@x/plus/one-000001", "/a@x/team/two-000002", "/a@x/Team/three-00003"],
            &["a@x (plus)", "a@x (id:000002)", "a@x (id:-00003)"],
        );
        check(&["/a@x/team/one-000001", "/a@x/team/two-000001"], &["a@x (id:e-000001)", "a@x (id:o-000001)"]);
        check(&["/a@x//77", "/a@x//78"], &["a@x (id:77)", "a@x (id:78)"]);
        check(&["/a@x//ws", "/a@x//ws", "/a@x//"], &["a@x (id:acc-1)", "a@x (id:acc-2)", "a@x (id:acc-3)"]);
    }

    #[test]
    fn a_label_is_not_lengthened_and_an_email_that_somebody_else_is_called_by_is() {
        check(&["a@x///", "/a@x/plus/"], &["a@x", "a@x (plus)"]);
        check(&["work/a@x//", "/a@x/plus/"], &["work", "a@x (plus)"]);
        check(&["same///", "Same///"], &["same (id:acc-1)", "Same (id:acc-2)"]);
        check(&["a@x (plus)/b@x//", "/a@x/plus/w1", "/a@x/team/w2"], &["a@x (plus)", "a@x (id:w1)", "a@x (team)"]);
    }
}
