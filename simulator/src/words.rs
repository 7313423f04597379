//! What both servers make their answers of: texts in pieces, calls of tools, and ids that look random.

/// A call of a tool that the client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON; a custom tool takes any text.
    pub arguments: String,
}

/// `text` in the pieces in which it is streamed: words, each with the space before it, and the last full stop.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let behind_first = rest.chars().next()?.len_utf8();
        let at = rest[behind_first..].find([' ', '.']).map_or(rest.len(), |at| at + behind_first);
        let (piece, behind) = rest.split_at(at);
        rest = behind;
        Some(piece)
    })
}

/// Scatters a running number, so that ids look as random as real ones. The finalizer of `SplitMix64`.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
