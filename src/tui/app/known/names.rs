//! Names that many requests share, such as those of models and accounts: each is kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// With more, those that nothing shares any longer are let go: paths may have ids in them.
const MOST: usize = 10_000;

/// The names.
#[derive(Clone, Debug, Default)]
pub struct Names(HashSet<Arc<str>>);

impl Names {
    /// The one copy of `name`.
    pub fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        if self.0.len() >= MOST {
            self.0.retain(|name| Arc::strong_count(name) > 1);
        }
        let name: Arc<str> = Arc::from(name);
        if self.0.len() < MOST {
            self.0.insert(Arc::clone(&name));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_no_longer_than_it_is_shared() {
        let mut names = Names::default();
        let work = names.shared("work");
        assert!(Arc::ptr_eq(&work, &names.shared("work")));
        for number in 0..MOST * 3 {
            names.shared(&format!("/v1/responses/{number}"));
        }
        assert!(names.0.len() <= MOST && names.0.contains("work"));
    }
}
