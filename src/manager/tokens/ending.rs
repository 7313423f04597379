//! The end of a process that has asked for a token: it stays alone until the answer is on the disk.

use super::{LONGEST_ANSWER, Tokens};
use crate::clock;

impl Tokens {
    /// Until no token is on its way to the disk, for ten minutes at most, or until the process is asked `again`. Everything else
    /// of the process has ended by now: nobody waits for this but the login that depends on it. `report` reaches a person.
    pub async fn see_tokens_through(&self, again: impl Future<Output = ()>, report: impl Fn(&str)) {
        if !self.refreshes.on_their_way.is_running() {
            return;
        }
        report(
            "a token is being refreshed and the answer is not on the disk yet; this process waits for it, 10 minutes at most. \
             A second SIGTERM or Ctrl-C ends it at once, which may cost that login",
        );
        let why = tokio::select! {
            biased;
            () = self.rotated() => return,
            () = again => "it was asked to end again",
            () = clock::run_for(LONGEST_ANSWER) => "it did not come within 10 minutes",
        };
        report(&format!(
            "the process ends before the answer of a token refresh: {why}. If the account needs a login now, run \
             `codex-account-manager login`"
        ));
    }
}
