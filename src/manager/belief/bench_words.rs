//! Why an account is benched, and what to do about it, in the words that every listing and every refusal has.

use crate::domain::account::Kind;
use crate::domain::health::{
    REASON_AUTH, REASON_MISASSIGNED, REASON_QUOTA, REASON_REFUSED, WORKSPACE_NOT_AUTHORIZED, is_of_a_workspace,
};
use crate::domain::pool::Member;

/// Why `member`, which is benched, is.
pub fn bench_words(member: &Member) -> String {
    let Some(cooldown) = member.cooldown.as_ref().filter(|cooldown| !cooldown.reason.is_empty()) else {
        return "cooling down".to_owned();
    };
    match cooldown.reason.as_str() {
        REASON_QUOTA => "out of quota; check the plan and billing of this account".to_owned(),
        REASON_AUTH => "the key was refused".to_owned(),
        REASON_REFUSED => "the account or its organisation is deactivated".to_owned(),
        REASON_MISASSIGNED => "its organisation or project does not fit its key; change them with `edit \
                               --organization ID --project ID`"
            .to_owned(),
        WORKSPACE_NOT_AUTHORIZED => "its workspace is not authorised in this region; use a network of that region, or \
                                     log in again with `codex-account-manager login` if the workspace was moved"
            .to_owned(),
        code if is_of_a_workspace(code) => format!(
            "its workspace refuses it (`{code}`); ask the workspace's administrator, or log in to another one with \
             `codex-account-manager login`"
        ),
        code if member.kind == Kind::ChatGpt && cooldown.is_refusal() => format!(
            "its token was refused, and so was a new one (`{code}`); log in again with `codex-account-manager login`"
        ),
        other => format!("cooling down: {other}"),
    }
}
