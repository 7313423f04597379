//! An account that several states of the file share until one of them changes it. A file may have thousands, of which a
//! change concerns one or two.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::account::StoredAccount;

/// Reads as an account, and is copied when it is changed.
#[derive(Clone, Default)]
pub struct SharedAccount(Arc<StoredAccount>);

impl SharedAccount {
    /// Whether both are one account in memory, so that nothing of it differs.
    pub fn is_one_with(&self, other: &SharedAccount) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<StoredAccount> for SharedAccount {
    fn from(account: StoredAccount) -> SharedAccount {
        SharedAccount(Arc::new(account))
    }
}

impl Deref for SharedAccount {
    type Target = StoredAccount;

    fn deref(&self) -> &StoredAccount {
        &self.0
    }
}

impl DerefMut for SharedAccount {
    fn deref_mut(&mut self) -> &mut StoredAccount {
        Arc::make_mut(&mut self.0)
    }
}

impl PartialEq for SharedAccount {
    fn eq(&self, other: &SharedAccount) -> bool {
        self.is_one_with(other) || **self == **other
    }
}

impl fmt::Debug for SharedAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_changed_leaves_the_others_as_they_are() {
        let first = SharedAccount::from(StoredAccount { id: "a".to_owned(), ..StoredAccount::default() });
        let mut second = first.clone();
        assert!(second.is_one_with(&first));
        second.label = Some("b".to_owned());
        assert!(!second.is_one_with(&first) && second != first);
        assert_eq!((first.label.as_deref(), second.id.as_str()), (None, "a"));
        second.label = None;
        assert_eq!(second, first);
    }
}
