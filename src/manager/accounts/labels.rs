//! Labels that nobody else has.

use crate::domain::account::{LONGEST_LABEL, is_same_label};
use crate::store::{State, StoredAccount};

/// Whether an account is called so; case makes no difference.
pub fn has_label(account: &StoredAccount, label: &str) -> bool {
    account.label.as_ref().is_some_and(|known| is_same_label(known, label))
}

/// `wanted`, unless an account other than the one at `own` is called so: then with the plan, which differs between the workspaces of
/// one person, or with the first number that makes it free.
pub fn free_label(state: &State, wanted: &str, plan: Option<&str>, own: Option<usize>) -> String {
    let others = state.accounts.iter().enumerate().filter(|(position, _)| Some(*position) != own);
    free_label_by(|label| !others.clone().any(|(_, account)| has_label(account, label)), wanted, plan)
}

/// The same where it is known which labels are free.
pub fn free_label_by(is_free: impl Fn(&str) -> bool, wanted: &str, plan: Option<&str>) -> String {
    let wanted: String = wanted.trim().chars().filter(|letter| !letter.is_control()).collect();
    let with = |suffix: &str| {
        let suffix = if suffix.is_empty() { String::new() } else { format!(" ({suffix})") };
        let kept: String = wanted.chars().take(LONGEST_LABEL - suffix.chars().count()).collect();
        format!("{}{suffix}", kept.trim_end())
    };
    let plan = plan.filter(|plan| (1..=16).contains(&plan.chars().count())).map(with);
    let numbered = (2_u64..).map(|number| with(&number.to_string()));
    let mut labels = std::iter::once(with("")).chain(plan).chain(numbered);
    labels.find(|label| is_free(label)).expect("there are more numbers than accounts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_taken_gets_the_plan_and_then_a_number() {
        let mut state = State::default();
        let labelled = |label: &str| StoredAccount { label: Some(label.to_owned()), ..StoredAccount::default() }.into();
        assert_eq!(free_label(&state, "you@x.com", Some("team"), None), "you@x.com");
        state.accounts.push(labelled("You@x.com"));
        assert_eq!(free_label(&state, "you@x.com", Some("team"), None), "you@x.com (team)");
        assert_eq!(free_label(&state, "you@x.com", Some("team"), Some(0)), "you@x.com");
        assert_eq!(free_label(&state, "you@x.com", None, None), "you@x.com (2)");
        state.accounts.push(labelled("you@x.com (team)"));
        assert_eq!(free_label(&state, "you@x.com", Some("team"), None), "you@x.com (2)");
        assert_eq!(free_label(&state, &"x".repeat(90), None, None).len(), 64);
        state.accounts.push(labelled(&"é".repeat(64)));
        assert_eq!(free_label(&state, &"é".repeat(64), None, None), format!("{} (2)", "é".repeat(60)));
    }
}
