//! Finding the account a person means: by number, id, label or email, or by what a listing shows of it.

use super::naming::ends_with;

/// What an account is called, for [`find`].
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The stable id.
    pub id: &'a str,
    /// The label, when it has one.
    pub label: Option<&'a str>,
    /// The email, when it is known.
    pub email: Option<&'a str>,
    /// What listings call it.
    pub shown: &'a str,
    /// The provider's id of a login's account.
    pub account_id: Option<&'a str>,
}

/// What the end of an id begins with.
const END_OF_ID: &str = "id:";

/// Why no single account was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// Nothing has that name; the count gives the valid range of numbers.
    NotFound {
        /// How many accounts there are.
        count: usize,
    },
    /// More than one does; their 0-based positions.
    Ambiguous(Vec<usize>),
}

/// The 0-based position of the account that `wanted` names. All digits are a 1-based number; anything else is
/// compared, ignoring case, with ids, then labels, then emails, then the names in listings, then the provider's ids, and
/// the first of these that has a match decides. `id:77` names the account whose id ends so.
///
/// # Errors
///
/// [`LookupError::NotFound`] or, when several match in the deciding step, [`LookupError::Ambiguous`].
pub fn find(accounts: &[Names<'_>], wanted: &str) -> Result<usize, LookupError> {
    let wanted = wanted.trim();
    let count = accounts.len();
    let not_found = LookupError::NotFound { count };
    if !wanted.is_empty() && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: usize = wanted.parse().map_err(|_| not_found.clone())?;
        return if (1..=count).contains(&number) { Ok(number - 1) } else { Err(not_found) };
    }
    let folded = wanted.to_lowercase();
    let is = |name: Option<&str>| name.is_some_and(|name| name.to_lowercase() == folded);
    let end =
        folded.strip_prefix(END_OF_ID).map(|end| end.trim_start_matches(['…', '.'])).filter(|end| !end.is_empty());
    let has_end = |id: Option<&str>| id.zip(end).is_some_and(|(id, end)| ends_with(id, end));
    let steps: [&dyn Fn(&Names<'_>) -> bool; 7] = [
        &|names| is(Some(names.id)),
        &|names| is(names.label),
        &|names| is(names.email),
        &|names| is(Some(names.shown)),
        &|names| is(names.account_id),
        &|names| has_end(names.account_id),
        &|names| has_end(Some(names.id)),
    ];
    for step in steps {
        let matching = accounts.iter().enumerate().filter(|(_, names)| step(names));
        let matches: Vec<usize> = matching.map(|(position, _)| position).collect();
        match matches.as_slice() {
            [] => {}
            [position] => return Ok(*position),
            _ => return Err(LookupError::Ambiguous(matches)),
        }
    }
    Err(not_found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: [Names<'static>; 3] = [
        Names {
            id: "id-a",
            label: Some("Work"),
            email: Some("me@example.com"),
            shown: "Work",
            account_id: Some("ws-0077"),
        },
        Names {
            id: "id-b",
            label: None,
            email: Some("me@example.com"),
            shown: "me@example.com (team)",
            account_id: Some("ws-0078"),
        },
        Names { id: "id-c", label: Some("id-a"), email: None, shown: "id-a", account_id: Some("ws-0078") },
    ];

    #[track_caller]
    fn check(wanted: &str, expected: &Result<usize, LookupError>) {
        assert_eq!(find(&ACCOUNTS, wanted), *expected, "{wanted}");
    }

    #[test]
    fn digits_are_a_number_and_the_rest_is_id_then_label_then_email() {
        check("2", &Ok(1));
        check("0", &Err(LookupError::NotFound { count: 3 }));
        check("4", &Err(LookupError::NotFound { count: 3 }));
        check("99999999999999999999999", &Err(LookupError::NotFound { count: 3 }));
        check("ID-A", &Ok(0));
        check("WORK", &Ok(0));
        check("me@example.com", &Err(LookupError::Ambiguous(vec![0, 1])));
        check("ME@example.com (Team)", &Ok(1));
        check("ws-0077", &Ok(0));
        check("id:77", &Ok(0));
        check("id:…0077", &Ok(0));
        check("id:...77", &Ok(0));
        check("ID:-B", &Ok(1));
        check("id:78", &Err(LookupError::Ambiguous(vec![1, 2])));
        check("id:", &Err(LookupError::NotFound { count: 3 }));
        check("id:79", &Err(LookupError::NotFound { count: 3 }));
        check("nobody", &Err(LookupError::NotFound { count: 3 }));
        check("", &Err(LookupError::NotFound { count: 3 }));
    }
}
