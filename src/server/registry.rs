//! All methods of the product.

use super::methods::Methods;
use super::{accounts, login, routing, status, table, usage};

/// Every method with its handler.
pub fn all() -> Methods {
    let files =
        [accounts::register, login::register, routing::register, status::register, usage::register, table::register];
    files.into_iter().fold(Methods::default(), |methods, register| register(methods))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::protocol::METHODS;

    #[test]
    fn every_declared_method_has_a_handler_and_no_other_is_served() {
        let served: Vec<&str> = all().0.into_iter().map(|(name, _)| name).collect();
        let declared: BTreeSet<&str> = METHODS.iter().map(|method| method.name).collect();
        assert_eq!(served.len(), declared.len(), "each once");
        assert_eq!(served.into_iter().collect::<BTreeSet<_>>(), declared);
    }
}
