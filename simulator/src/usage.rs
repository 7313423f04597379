//! Token counts that look real and follow from the lengths alone, so that tests can foresee them.

/// The tokens of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All input tokens, one for each four bytes of the request's body.
    pub(crate) input: u64,
    /// Those of them that came from the prompt cache: half, in steps of 128, from 1,024 on.
    pub(crate) cached: u64,
    /// One for each four bytes of the answer's text.
    pub(crate) output: u64,
}

impl Usage {
    /// Nothing at all.
    pub(crate) const NONE: Usage = Usage { input: 0, cached: 0, output: 0 };

    /// What a body and a text of so many bytes cost.
    pub(crate) fn of(body: usize, text: usize) -> Usage {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(4).max(1);
        let input = tokens(body);
        let cached = if input < 1024 { 0 } else { input / 2 / 128 * 128 };
        Usage { input, cached, output: tokens(text) }
    }
}
