//! The identity of a login: the ChatGPT account and the person together; the email where one of them is unknown, never the
//! email alone. A plan changes and says nothing of it.

/// Who a login is, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginIdentity<'a> {
    /// The ChatGPT account or workspace.
    pub account_id: Option<&'a str>,
    /// The person, as ChatGPT numbers them.
    pub user_id: Option<&'a str>,
    /// The person, by the way they sign in. It says something only where a user id is unknown.
    pub subject: Option<&'a str>,
    /// The address of the person.
    pub email: Option<&'a str>,
}

/// How two logins compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// They are one.
    Same,
    /// They may be one: what is known agrees, and it is too little to be sure.
    Possible,
    /// They are two, or nothing that is known of both agrees.
    Different,
}

/// The logins that are or may be one's own, by their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This one is.
    Same(usize),
    /// Each of these may be; none for a login that is new.
    Possible(Vec<usize>),
}

impl LoginIdentity<'_> {
    /// How the two compare.
    pub fn likeness(&self, other: &LoginIdentity<'_>) -> Likeness {
        let (account, person, email) = (self.same_account(other), self.same_person(other), self.same_email(other));
        match (account, person, email) {
            (Some(false), _, _) | (_, Some(false), _) | (_, None, Some(false)) | (None, None, None) => {
                Likeness::Different
            }
            (Some(true), Some(true), _) | (Some(true), None, Some(true)) | (None, Some(true), Some(true)) => {
                Likeness::Same
            }
            // A login for which neither side names an account has no other.
            (None, Some(true), _) if self.account_id.is_none() && other.account_id.is_none() => Likeness::Same,
            (Some(true), None, None) | (None, Some(true), _) | (None, None, Some(true)) => Likeness::Possible,
        }
    }

    /// Whether something that is known of both differs, so that they can never be one.
    pub fn contradicts(&self, other: &LoginIdentity<'_>) -> bool {
        let differs = |same: Option<bool>| same == Some(false);
        let person = self.same_person(other);
        differs(self.same_account(other)) || differs(person) || person.is_none() && differs(self.same_email(other))
    }

    /// Whether they are or may be one, which is worth a question: an account id alone is that of a whole team.
    pub fn is_worth_asking(&self, other: &LoginIdentity<'_>) -> bool {
        match self.likeness(other) {
            Likeness::Same => true,
            Likeness::Possible => self.same_person(other) == Some(true) || self.same_email(other) == Some(true),
            Likeness::Different => false,
        }
    }

    /// Where this login is among `others`. Of several that are the same, one with the same account id is before one
    /// whose account id is unknown; the latter may be any of the accounts of a person who has several.
    pub fn find_among<'a>(&self, others: impl Iterator<Item = (usize, LoginIdentity<'a>)>) -> Found {
        let others: Vec<(usize, LoginIdentity<'a>)> = others.collect();
        let of = |wanted: Likeness| others.iter().filter(move |(_, other)| self.likeness(other) == wanted);
        if let Some((position, _)) = of(Likeness::Same).find(|(_, other)| self.account_id == other.account_id) {
            return Found::Same(*position);
        }
        let has_other_accounts = others.iter().any(|(_, other)| {
            let is_person = self.same_person(other) == Some(true);
            is_person && other.account_id.is_some() && self.likeness(other) == Likeness::Different
        });
        match of(Likeness::Same).collect::<Vec<_>>()[..] {
            [(position, _)] if !has_other_accounts => Found::Same(*position),
            _ => {
                let alike = others.iter().filter(|(_, other)| self.likeness(other) != Likeness::Different);
                Found::Possible(alike.map(|(position, _)| *position).collect())
            }
        }
    }

    fn same_account(&self, other: &LoginIdentity<'_>) -> Option<bool> {
        Some(self.account_id? == other.account_id?)
    }

    /// A person who signs in by another way has another subject and the same user id.
    fn same_person(&self, other: &LoginIdentity<'_>) -> Option<bool> {
        let both = |one: Option<&str>, other: Option<&str>| Some(one? == other?);
        both(self.user_id, other.user_id).or_else(|| both(self.subject, other.subject))
    }

    fn same_email(&self, other: &LoginIdentity<'_>) -> Option<bool> {
        Some(self.email?.trim().to_lowercase() == other.email?.trim().to_lowercase())
    }
}

#[cfg(test)]
mod tests;
