//! The people who sign in, and the tokens that they are given.

/// One login: a person in one workspace. Told apart by its number alone, since people share workspaces and one person
/// has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(pub(super) usize);

/// What is known of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The person; several logins may share it.
    pub email: String,
    /// The workspace, as `chatgpt_account_id` spells it.
    pub account_id: String,
    /// The plan, such as `plus`, `pro`, `team` or `business`.
    pub plan: String,
    /// Where the workspace's data must be processed, as the tokens claim it.
    pub residency: Option<String>,
    /// Whether the workspace is one of `FedRAMP`, as the tokens claim it.
    pub is_fedramp: bool,
}

impl Login {
    /// A login whose identity token has the email at its top.
    pub fn new(email: &str, account_id: &str, plan: &str) -> Login {
        Login {
            email: email.into(),
            account_id: account_id.into(),
            plan: plan.into(),
            residency: None,
            is_fedramp: false,
        }
    }

    /// The same login in a workspace whose data is processed in `region`, such as `us`; `no_constraint` is anywhere.
    #[must_use]
    pub fn resident_in(self, region: &str) -> Login {
        Login { residency: Some(region.to_owned()), ..self }
    }

    /// The same login in a workspace of `FedRAMP`.
    #[must_use]
    pub fn in_fedramp(self) -> Login {
        Login { is_fedramp: true, ..self }
    }
}

/// What one login was given last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Whose they are.
    pub account: Account,
    /// The identity token, a JWT.
    pub id_token: String,
    /// The access token, a JWT.
    pub access_token: String,
    /// The refresh token: `rt_` and 40 letters and digits.
    pub refresh_token: String,
}
