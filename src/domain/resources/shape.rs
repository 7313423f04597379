//! The shapes of ids.

/// No id is longer.
const LONGEST: usize = 256;

/// How long an upstream keeps what an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// As long as the answer that created it is stored.
    WithAnswer,
    /// By itself, whether the answer is stored or not.
    ByItself,
}

use Kept::{ByItself, WithAnswer};

/// How the ids of each kind begin. <https://platform.openai.com/docs/api-reference>
const KINDS: [(&str, Kept); 69] = [
    // Responses, chat completions, and the items of both.
    ("resp_", WithAnswer),
    ("chatcmpl-", WithAnswer),
    ("msg_", WithAnswer),
    ("rs_", WithAnswer),
    ("fc_", WithAnswer),
    ("fco_", WithAnswer),
    ("ctc_", WithAnswer),
    ("ctco_", WithAnswer),
    ("ws_", WithAnswer),
    ("fs_", WithAnswer),
    ("ig_", WithAnswer),
    ("ci_", WithAnswer),
    ("cu_", WithAnswer),
    ("cuo_", WithAnswer),
    ("mcp_", WithAnswer),
    ("mcpl_", WithAnswer),
    ("mcpr_", WithAnswer),
    ("lsh_", WithAnswer),
    ("lsho_", WithAnswer),
    ("sh_", WithAnswer),
    ("sho_", WithAnswer),
    ("apc_", WithAnswer),
    ("apco_", WithAnswer),
    ("tsc_", WithAnswer),
    ("tso_", WithAnswer),
    ("at_", WithAnswer),
    ("item_", WithAnswer),
    // A client carries a compacted conversation along itself.
    ("cmp_", ByItself),
    ("audio_", ByItself),
    ("batch_", ByItself),
    ("file-", ByItself),
    ("file_", ByItself),
    ("cfile_", ByItself),
    ("cntr_", ByItself),
    ("vs_", ByItself),
    ("vsf_", ByItself),
    ("vsfb_", ByItself),
    ("conv_", ByItself),
    ("skill_", ByItself),
    ("skillver_", ByItself),
    ("video_", ByItself),
    ("char_", ByItself),
    ("voice_", ByItself),
    ("cons_", ByItself),
    ("upload_", ByItself),
    ("part_", ByItself),
    ("ftjob-", ByItself),
    ("ftckpt_", ByItself),
    // A model that was trained, and a checkpoint of one.
    ("ft:", ByItself),
    ("ftevent-", ByItself),
    ("asst_", ByItself),
    ("thread_", ByItself),
    ("run_", ByItself),
    ("step_", ByItself),
    ("eval_", ByItself),
    ("evalrun_", ByItself),
    ("outputitem_", ByItself),
    ("pmpt_", ByItself),
    ("rtc_", ByItself),
    ("sess_", ByItself),
    ("cksess_", ByItself),
    ("cthr_", ByItself),
    ("cti_", ByItself),
    ("wf_", ByItself),
    ("proj_", ByItself),
    ("user-", ByItself),
    ("key_", ByItself),
    ("invite-", ByItself),
    ("svc_acct_", ByItself),
];

/// How the begin of an id ends: what has none of these is of no kind.
const KIND_ENDS: [u8; 3] = *b"_-:";

/// Words of paths that begin like an id.
const WORDS: [&str; 3] = ["file_batches", "file_counts", "file_search"];

/// What kind of thing `id` names, as its beginning says.
pub(super) fn kept(id: &str) -> Option<Kept> {
    if !id.bytes().any(|byte| KIND_ENDS.contains(&byte)) {
        return None;
    }
    let kind = KINDS.iter().find(|(begin, _)| id.len() > begin.len() && id.starts_with(begin));
    kind.filter(|_| !WORDS.contains(&id)).map(|(_, kept)| *kept)
}

/// An id that begins like none of these is no shorter, in bytes: what is, is a number or a word of somebody's.
const SHORTEST_UNKNOWN: usize = 8;

/// Whether `text` may be an id: of an id's letters, and no plain word. Servers that only speak like OpenAI begin theirs
/// otherwise, but all have digits.
pub fn is_id(text: &str) -> bool {
    let is_of_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let is_like_one = || text.len() >= SHORTEST_UNKNOWN && text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() <= LONGEST && text.bytes().all(is_of_an_id) && (is_like_one() || kept(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinguished_from_words_and_texts() {
        for (text, expected) in [
            ("resp_1", true),
            ("skill_abc", true),
            ("0b6c9f7e-1f7a-4a51-9d1c-0a4b6c1d2e3f", true),
            ("file_batches", false),
            ("input_items", false),
            ("completions", false),
            ("12", false),
            ("v2", false),
            ("resp_", false),
            ("../secret1", false),
            ("look at resp_1", false),
            ("", false),
        ] {
            assert_eq!(is_id(text), expected, "{text}");
        }
        assert!(!is_id(&"1".repeat(LONGEST + 1)));
    }

    #[test]
    fn what_is_kept_with_its_answer_is_distinguished_from_what_is_kept_by_itself() {
        for (id, expected) in [
            ("resp_1", Some(WithAnswer)),
            ("rs_1", Some(WithAnswer)),
            ("cntr_1", Some(ByItself)),
            ("file-1", Some(ByItself)),
            ("ftjob-1", Some(ByItself)),
            ("ft:gpt-4o:org::1:ckpt-step-1", Some(ByItself)),
            ("call_1", None),
            ("gpt-5.2", None),
        ] {
            assert_eq!(kept(id), expected, "{id}");
        }
    }
}
