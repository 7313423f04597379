//! The conversation of a request, and the account of each conversation: `sticky` in a process that serves many.

use std::collections::BTreeMap;

use crate::domain::account::{AccountId, ModelFamily};

/// The headers by which clients identify a conversation; the first that is there counts. OpenCode sends the third and the
/// fourth beside the first, Codex the fifth, older ones of both the spellings with `_`.
pub const SESSION_HEADERS: [&str; 7] = [
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "thread-id",
    "conversation_id",
    "conversation-id",
];

/// The headers that are the session of a login's backend, as today's clients and as older ones spell it.
pub const BACKEND_SESSION_HEADERS: [&str; 2] = ["session-id", "session_id"];

/// A session header or a cache key that is longer, in bytes, is not made of what the client calls its conversation.
const LONGEST_NAME: usize = 64;

/// How many conversations are remembered by default.
pub const MOST_CONVERSATIONS: usize = 4096;

/// A conversation, identified by a hash; its name is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationKey(u128);

/// The conversation of a request: by its `prompt_cache_key`, else by a session header, else by its first messages,
/// which every later request of the conversation repeats. A client may name one conversation by its cache key in one
/// request and by a header in the next, so the same name is the same conversation wherever it stands. `None` when
/// nothing identifies it.
pub fn conversation_key<'h>(
    prompt_cache_key: Option<&str>,
    header: &dyn Fn(&str) -> Option<&'h str>,
    first_messages: Option<&[u8]>,
) -> Option<ConversationKey> {
    let said = |name: &&str| !name.trim().is_empty();
    let named = prompt_cache_key
        .filter(said)
        .or_else(|| SESSION_HEADERS.into_iter().find_map(|name| header(name).filter(said)))
        .map(|name| ConversationKey(hash(NAMES, name.trim().as_bytes())));
    named.or_else(|| {
        let messages = first_messages.filter(|messages| !messages.is_empty())?;
        Some(ConversationKey(hash(MESSAGES, messages)))
    })
}

impl ConversationKey {
    /// The same for one client of several, whose conversations have nothing to do with each other's.
    #[must_use = "this returns the key"]
    pub fn of_client(self, name: &str) -> ConversationKey {
        ConversationKey(hash(CLIENTS, &[&self.as_bytes()[..], name.as_bytes()].concat()))
    }

    /// The key as bytes, which say nothing of what it was made of.
    pub fn as_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// What a login's backend is to call a conversation: two names, which are the client's own where it gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationNames {
    /// The session header of a client that sends none.
    pub header: Option<String>,
    /// The cache key of a client that sends none.
    pub cache_key: Option<String>,
}

impl ConversationNames {
    /// The names of a conversation. Where the client gives one of the two, that is the other one too; where it gives
    /// neither, or one that is too long for the other's place, both are `derived`.
    pub fn new<'h>(
        prompt_cache_key: Option<&str>,
        header: &dyn Fn(&str) -> Option<&'h str>,
        derived: Option<&str>,
    ) -> ConversationNames {
        let is_name =
            |name: &&str| (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        let session = BACKEND_SESSION_HEADERS.into_iter().find_map(|name| header(name).map(str::trim).filter(is_name));
        let key = prompt_cache_key.map(str::trim).filter(is_name);
        let or_derived = |name: Option<&str>| name.or(derived).map(str::to_owned);
        ConversationNames { header: or_derived(key), cache_key: or_derived(session) }
    }
}

/// The account each conversation uses for each family. The ones that were used longest ago are forgotten.
#[derive(Debug)]
pub struct Conversations {
    most: usize,
    /// Grows with every use; orders the entries.
    clock: u64,
    entries: BTreeMap<u128, Entry>,
    /// The entries by their last use.
    by_use: BTreeMap<u64, u128>,
}

#[derive(Debug)]
struct Entry {
    account: AccountId,
    used: u64,
}

impl Default for Conversations {
    fn default() -> Conversations {
        Conversations::new(MOST_CONVERSATIONS)
    }
}

impl Conversations {
    /// Room for `most` conversations, each family of each counted; at least one.
    pub fn new(most: usize) -> Conversations {
        Conversations { most: most.max(1), clock: 0, entries: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    /// The account that the conversation uses for `family`. Asking is a use.
    pub fn account(&mut self, key: ConversationKey, family: &ModelFamily) -> Option<&AccountId> {
        let slot = slot(key, family);
        let entry = self.entries.get_mut(&slot)?;
        self.by_use.remove(&entry.used);
        self.clock += 1;
        entry.used = self.clock;
        self.by_use.insert(self.clock, slot);
        Some(&entry.account)
    }

    /// From now on the conversation uses `account` for `family`.
    pub fn remember(&mut self, key: ConversationKey, family: &ModelFamily, account: AccountId) {
        let slot = slot(key, family);
        // Mostly it was asked for just now.
        if let Some(entry) = self.entries.get_mut(&slot).filter(|entry| entry.used == self.clock) {
            entry.account = account;
            return;
        }
        self.clock += 1;
        let used = self.clock;
        if let Some(before) = self.entries.insert(slot, Entry { account, used }) {
            self.by_use.remove(&before.used);
        }
        self.by_use.insert(used, slot);
        if self.entries.len() > self.most
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }
}

fn slot(key: ConversationKey, family: &ModelFamily) -> u128 {
    hash(key.0, family.as_str().as_bytes())
}

/// FNV-1a's offset basis and its prime, 128 bits.
const NAMES: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
/// Messages begin elsewhere, so that no message is taken for a name.
const MESSAGES: u128 = !NAMES;
/// The same for what is of one client of several.
const CLIENTS: u128 = NAMES.rotate_left(64);

/// FNV-1a, but by eight bytes at a time, because a system prompt is long and a request waits for this. A
/// multiplication carries upwards only, so the upper half is folded down after each. It distinguishes; it
/// protects nothing.
fn hash(basis: u128, bytes: &[u8]) -> u128 {
    let mix = |state: u128, word: u64| {
        let product = (state ^ u128::from(word)).wrapping_mul(PRIME);
        product ^ (product >> 64)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(basis, |state, word| mix(state, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The length distinguishes a rest that ends in zeros from a shorter one.
    mix(mix(state, u64::from_le_bytes(last)), bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn key(prompt_cache_key: Option<&str>, header: (&str, &'static str), messages: Option<&[u8]>) -> Option<u128> {
        conversation_key(prompt_cache_key, &|name| (name == header.0).then_some(header.1), messages).map(|key| key.0)
    }

    #[test]
    fn the_cache_key_comes_first_then_a_header_then_the_first_messages() {
        let named = key(Some("ses_1"), ("", ""), None);
        assert!(named.is_some());
        assert_eq!(key(Some("ses_1"), ("session-id", "other"), Some(b"hi")), named);
        for header in SESSION_HEADERS {
            assert_eq!(key(None, (header, "ses_1"), Some(b"hi")), named, "{header}");
            assert_eq!(key(Some(" "), (header, " ses_1 "), None), named, "{header}");
        }
        let by_header = key(None, ("session-id", ""), Some(b"ses_1"));
        assert!(by_header.is_some() && by_header != named);
        assert_eq!(key(None, ("authorization", "x"), Some(b"")), None);
        assert_eq!(key(None, ("session-id", "  "), None), None);
    }

    #[test]
    fn what_the_client_gives_names_both_and_else_both_are_derived() {
        let long = "k".repeat(LONGEST_NAME + 1);
        let derived = Some("derived");
        for (key, session, header, cache_key) in [
            (None, ("", ""), Some("derived"), Some("derived")),
            (Some("k"), ("", ""), Some("k"), Some("derived")),
            (None, ("session-id", "s"), Some("derived"), Some("s")),
            (None, ("session_id", "s"), Some("derived"), Some("s")),
            (Some("k"), ("session-id", "s"), Some("k"), Some("s")),
            (Some(" "), ("thread-id", "t"), Some("derived"), Some("derived")),
            (Some(&*long), ("session-id", "a b"), Some("derived"), Some("derived")),
            (Some("k\u{e9}"), ("", ""), Some("derived"), Some("derived")),
        ] {
            let found = ConversationNames::new(key, &|name| (name == session.0).then_some(session.1), derived);
            let expected =
                ConversationNames { header: header.map(str::to_owned), cache_key: cache_key.map(str::to_owned) };
            assert_eq!(found, expected, "{key:?} {session:?}");
        }
        assert_eq!(ConversationNames::new(None, &|_| None, None), ConversationNames::default());
    }

    #[test]
    fn the_first_header_of_several_counts() {
        let headers = |name: &str| match name {
            "session-id" => Some("ses_1"),
            "thread-id" => Some("thread_1"),
            _ => None,
        };
        assert_eq!(conversation_key(None, &headers, None).map(|key| key.0), key(Some("ses_1"), ("", ""), None));
    }

    #[test]
    fn the_hash_is_the_same_in_every_version() {
        let hashes: Vec<String> =
            [&b""[..], b"a", b"ses_12345"].into_iter().map(|bytes| format!("{:032x}", hash(NAMES, bytes))).collect();
        insta::assert_snapshot!(hashes.join("\n"), @r"
        b1909adfa0ab1c27a32625e8ad871bd7
        b1539ac17fab1c27a3e5242a82dc03a9
        933347aa327538254650d6b641ff0f93
        ");
    }

    #[test]
    fn the_one_used_longest_ago_is_forgotten() {
        let [a, b, c] = [1, 2, 3].map(ConversationKey);
        let (codex, other) = (ModelFamily::named("codex"), ModelFamily::named("gpt-5.1"));
        let mut conversations = Conversations::new(2);
        conversations.remember(a, &codex, AccountId::new("one"));
        conversations.remember(b, &codex, AccountId::new("two"));
        assert_eq!(conversations.account(a, &codex), Some(&AccountId::new("one")));
        assert_eq!(conversations.account(a, &other), None);
        conversations.remember(c, &codex, AccountId::new("three"));
        assert_eq!(conversations.account(b, &codex), None);
        conversations.remember(a, &codex, AccountId::new("four"));
        assert_eq!(conversations.account(a, &codex), Some(&AccountId::new("four")));
        assert_eq!(conversations.entries.len(), 2);
    }

    proptest! {
        #[test]
        fn a_byte_more_or_another_one_is_another_hash(
            bytes in prop::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), flip in 1u8..,
        ) {
            let mut hashes = HashSet::from([hash(NAMES, &bytes), hash(MESSAGES, &bytes)]);
            let longer = [&bytes[..], &[0]].concat();
            prop_assert!(hashes.insert(hash(NAMES, &longer)));
            let mut changed = longer;
            let at = at.index(changed.len());
            changed[at] ^= flip;
            prop_assert!(hashes.insert(hash(NAMES, &changed)));
        }

        #[test]
        fn it_never_holds_more_than_it_may_and_never_another_ones_account(
            steps in prop::collection::vec((0u128..20, any::<bool>()), 0..200), most in 0usize..8,
        ) {
            let family = ModelFamily::named("codex");
            let mut conversations = Conversations::new(most);
            for (key, asks) in steps {
                let account = AccountId::new(key.to_string());
                let key = ConversationKey(key);
                if asks {
                    let known = conversations.account(key, &family);
                    prop_assert!(known.is_none_or(|known| *known == account));
                } else {
                    conversations.remember(key, &family, account.clone());
                    prop_assert_eq!(conversations.account(key, &family), Some(&account));
                }
                prop_assert!(conversations.entries.len() <= most.max(1));
                prop_assert_eq!(conversations.entries.len(), conversations.by_use.len());
            }
        }
    }
}
