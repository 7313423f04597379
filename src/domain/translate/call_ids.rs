//! The ids of calls: the backend takes none that is longer than 64 characters, while a conversation that began with another
//! provider may have such ones. A long id always becomes the same short one, wherever and whenever it stands, so that
//! a call and its result still belong together and the prompt's cache is found again.

use serde_json::{Map, Value};

/// No id of a call is longer, in characters.
const LONGEST: usize = 64;

/// So much of a long id stays, in characters: what a person recognises it by.
const KEPT: usize = LONGEST - 1 - DIGITS;

/// The digits of the mark that distinguishes it from every other one.
const DIGITS: usize = 32;

/// Shortens the ids of calls that `item` names.
pub(super) fn shorten(item: &mut Value) {
    let Value::Object(item) = item else { return };
    shorten_at(item, "call_id");
    // The output of a local shell names its call by its own id.
    if item.get("type").is_some_and(|kind| kind == "local_shell_call_output") {
        shorten_at(item, "id");
    }
    // A call that was made by a program names the program's own call.
    if let Some(Value::Object(caller)) = item.get_mut("caller") {
        shorten_at(caller, "caller_id");
    }
}

fn shorten_at(fields: &mut Map<String, Value>, name: &str) {
    if let Some(Value::String(id)) = fields.get_mut(name)
        && let Some(short) = short(id)
    {
        *id = short;
    }
}

/// The short id for `id`. `None` when it is short enough as it is.
fn short(id: &str) -> Option<String> {
    // No string has more characters than bytes.
    if id.len() <= LONGEST || id.chars().count() <= LONGEST {
        return None;
    }
    let kept: String = id.chars().take(KEPT).collect();
    Some(format!("{kept}_{:0DIGITS$x}", mark(id)))
}

/// FNV-1a with 128 bits. Ids that differ have marks that differ, except for a chance of one in 2^64 among four thousand
/// million ids.
fn mark(id: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    id.bytes().fold(BASIS, |mark, byte| (mark ^ u128::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn ids_that_are_short_enough_stay() {
        for id in ["", "call_1", &"x".repeat(64), &"é".repeat(64)] {
            assert_eq!(short(id), None, "{id}");
        }
    }

    #[test]
    fn long_ids_become_short_ones_that_differ_and_stay() {
        let long = |end: &str| format!("call_{}{end}", "x".repeat(80));
        let ids = ["", "a", "b", "ab", "ba", "é", "\u{0}"].map(long);
        let others =
            ["x".repeat(65), "y".repeat(65), "é".repeat(65), format!("{}|{}", "a".repeat(40), "b".repeat(900))];
        let shortened: HashSet<String> = ids.iter().chain(&others).map(|id| short(id).unwrap()).collect();
        assert_eq!(shortened.len(), ids.len() + others.len());
        for short_id in &shortened {
            assert_eq!((short_id.chars().count(), short(short_id)), (64, None), "{short_id}");
        }
        // What an earlier turn of a conversation was sent with is in the prompt's cache.
        assert_eq!(short(&"x".repeat(65)).unwrap(), format!("{}_{:032x}", "x".repeat(31), mark(&"x".repeat(65))));
    }

    #[test]
    fn every_kind_of_call_and_result_is_reached() {
        let long = "c".repeat(100);
        let short_id = short(&long).unwrap();
        for kind in
            ["function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "shell_call", "x"]
        {
            let mut item = json!({ "type": kind, "call_id": long, "name": long, "caller": { "type": "program", "caller_id": long } });
            shorten(&mut item);
            let caller = json!({ "type": "program", "caller_id": short_id });
            assert_eq!(item, json!({ "type": kind, "call_id": short_id, "name": long, "caller": caller }));
        }
        let mut output = json!({ "type": "local_shell_call_output", "id": long, "output": "x" });
        shorten(&mut output);
        assert_eq!(output["id"], short_id.as_str());
        for mut other in [json!("x"), json!({ "call_id": 5 }), json!({ "call_id": null, "caller": null })] {
            let before = other.clone();
            shorten(&mut other);
            assert_eq!(other, before);
        }
    }
}
