//! Ids that name the account they were made for, so that nothing has to be stored to know an id of another one.

use super::account::Account;

/// An id of `account`; the numbers tell it from all others.
pub(super) fn id(prefix: &str, account: Account, first: u64, second: u64) -> String {
    format!("{prefix}{first:016x}{second:016x}{:04x}", mark(account, first))
}

/// Whether `id` was made for `account`.
pub(super) fn is_of(account: Account, id: &str) -> bool {
    let Some((_, digits)) = id.split_once('_').filter(|(_, digits)| digits.len() == 36 && digits.is_ascii()) else {
        return false;
    };
    let first = u64::from_str_radix(&digits[..16], 16).ok();
    first.is_some_and(|first| digits[32..] == format!("{:04x}", mark(account, first)))
}

/// Whether a client made `id` for what it wrote itself: what follows the prefix is a UUID.
pub(super) fn is_of_a_client(id: &str) -> bool {
    let Some((_, uuid)) = id.split_once('_') else { return false };
    let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn mark(account: Account, number: u64) -> u64 {
    (account.0 as u64 ^ number) & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_client_is_a_uuid() {
        assert!(is_of_a_client("at_01a22630-0328-7e80-bd47-ab89868dc1f5"));
        for other in ["at_1", "01a22630-0328-7e80-bd47-ab89868dc1f5", "at_01a22630-0328-7e80-bd47-ab89868dc1fg"] {
            assert!(!is_of_a_client(other), "{other}");
        }
    }

    #[test]
    fn an_id_is_of_the_account_it_was_made_for_alone() {
        let made = id("msg_", Account(3), 0x1234_5678_9abc_def0, 7);
        assert!(is_of(Account(3), &made));
        for other in ["msg_1", "rs_", "none", &made[..39]] {
            assert!(!is_of(Account(3), other), "{other}");
        }
        assert!(!is_of(Account(2), &made));
    }
}
