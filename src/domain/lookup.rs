//! Finding the account a person means: by number, id, label or email.

/// What an account is called, for [`find`].
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The stable id.
    pub id: &'a str,
    /// The label, when it has one.
    pub label: Option<&'a str>,
    /// The email, when it is known.
    pub email: Option<&'a str>,
}

/// Why no single account was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// Nothing answers to that name; the count tells the valid range of numbers.
    NotFound {
        /// How many accounts there are.
        count: usize,
    },
    /// More than one does; their 0-based positions.
    Ambiguous(Vec<usize>),
}

/// The 0-based position of the account that `wanted` names. All digits are a 1-based number; anything else is
/// compared, ignoring case, with ids, then labels, then emails, and the first of these that has a match decides.
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
    let steps: [for<'b> fn(&Names<'b>) -> Option<&'b str>; 3] =
        [|names| Some(names.id), |names| names.label, |names| names.email];
    for step in steps {
        let matches: Vec<usize> = accounts
            .iter()
            .enumerate()
            .filter(|(_, names)| step(names).is_some_and(|name| name.to_lowercase() == folded))
            .map(|(position, _)| position)
            .collect();
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
        Names { id: "id-a", label: Some("Work"), email: Some("me@example.com") },
        Names { id: "id-b", label: Some("home"), email: Some("me@example.com") },
        Names { id: "id-c", label: Some("id-a"), email: None },
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
        check("nobody", &Err(LookupError::NotFound { count: 3 }));
        check("", &Err(LookupError::NotFound { count: 3 }));
    }
}
