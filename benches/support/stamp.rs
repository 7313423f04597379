//! Events that carry the time they were sent at, so that two processes of one machine can tell how long each was on its way.
#![expect(clippy::disallowed_methods, reason = "the product's clock counts in milliseconds")]

use std::time::{SystemTime, UNIX_EPOCH};

const BEFORE: &str = r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","model":"gpt-5.4","choices":[{"index":0,"delta":{"content":""#;
const BEHIND: &str = "\"},\"finish_reason\":null}]}\n\n";

/// An event of a chat completion, stamped with the time.
pub fn event() -> String {
    format!("{BEFORE}{}{BEHIND}", nanos())
}

/// How long the stamped events in `piece` were on their way, in microseconds.
pub fn ages(piece: &[u8]) -> impl Iterator<Item = f64> {
    let now = nanos();
    let text = std::str::from_utf8(piece).unwrap_or_default();
    let stamps =
        text.split("\n\n").filter_map(|event| event.strip_prefix(BEFORE)?.split('"').next()?.parse::<u64>().ok());
    stamps.map(move |sent| f64::from(u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX)) / 1e3)
}

/// Whether `piece` holds the end of a whole stream.
pub fn is_end(piece: &[u8]) -> bool {
    piece.ends_with(b"data: [DONE]\n\n")
}

fn nanos() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}
