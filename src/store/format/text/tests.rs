//! Reading what changed says the same as reading all.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn text(bytes: &[u8]) -> FileText {
    FileText::read(bytes.to_vec(), &FileText::default()).0
}

/// Reads `after` where `before` is known, and returns how many accounts both have in memory once.
#[track_caller]
fn check(before: &[u8], after: &[u8]) -> usize {
    let known = text(before);
    let (read, state) = FileText::read(after.to_vec(), &known);
    assert_eq!(
        state,
        State::from_json(after),
        "{}\n{}",
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(after)
    );
    assert_eq!(read.bytes(), after);
    let is_known = |account: &&SharedAccount| known.accounts.iter().any(|known| known.is_one_with(account));
    read.accounts.iter().filter(is_known).count()
}

fn file(accounts: &[&str]) -> Vec<u8> {
    format!(r#"{{"version":3,"accounts":[{}],"revision":7}}"#, accounts.join(", ")).into_bytes()
}

#[test]
fn of_a_text_only_the_accounts_are_read_that_are_written_otherwise() {
    const A: &str = r#"{"id":"a","label":"one"}"#;
    const B: &str = r#"{"id":"b","apiKey":"sk-1","tag":[1,{"x":"]}"}]}"#;
    const C: &str = r#"{"id":"c","rateLimitResetTimes":{"codex":7}}"#;
    let before = file(&[A, B, C]);
    for (after, known, what) in [
        (vec![A, B, C], 3, "the same"),
        (vec![A, r#"{"id":"b","label":"new"}"#, C], 2, "one is changed"),
        (vec![r#"{"id":"x"}"#, A, r#"{"id":"y"}"#, B, C, r#"{"id":"z"}"#], 3, "some are added"),
        (vec![A, C], 2, "one is gone"),
        (vec![C], 1, "only the last is left"),
        (vec![C, A, B], 1, "they are in another order"),
        (vec![r#"{"id":"a","label":"one","later":[null]}"#, B, C], 2, "a field that is not known is new"),
        (vec![A, A, B, C], 3, "one is there twice"),
        (vec![A, r#"{"id":"b"}"#, r#"{"id":"c"}"#], 1, "the last are changed"),
        (vec![], 0, "none is left"),
    ] {
        assert_eq!(check(&before, &file(&after)), known, "{what}");
    }
    // Whatever else may be there reads as it does alone.
    for after in [
        &b""[..],
        b"{",
        b"[]",
        br#"{"version":9,"accounts":[{"id":"a","label":"one"}]}"#,
        br#"{"version":3,"accounts":[{"id":"a","label":"one"},7]}"#,
        br#"{"version":3,"accounts":[{"id":"a","label":"one"},{"id":}]}"#,
        br#"{"version":3,"accounts":[],"accounts":[{"id":"a","label":"one"}]}"#,
        br#"{"version":3,"accounts":7,"accounts":[{"id":"a","label":"one"}]}"#,
        b"\xef\xbb\xbf{\"version\":3,\"accounts\":[{\"id\":\"a\",\"label\":\"one\"}]}",
        b"{\"version\":3,\"accounts\":[{\"id\":\"a\",\"label\":\"\xff\"}]}",
    ] {
        check(&before, after);
        check(after, &before);
    }
}

#[test]
fn an_account_without_an_id_gets_the_one_that_a_whole_reading_gives() {
    let twin = r#"{"accountId":"a","email":"x"}"#;
    for (before, after) in [
        (vec![twin, twin, r#"{"accountId":"b"}"#], vec![twin, r#"{"accountId":"b"}"#]),
        (vec![twin, r#"{"accountId":"b"}"#], vec![twin, twin, r#"{"accountId":"b"}"#]),
        (vec![r#"{"id":"a"}"#, r#"{"id":"b"}"#], vec![r#"{"id":"a"}"#, r#"{"id":"a"}"#]),
    ] {
        check(&file(&before), &file(&after));
    }
    // The same account in a file of another version.
    let limited = r#"{"id":"a","rateLimitResetTime":7}"#;
    let first = file(&[limited]);
    check(&first, &String::from_utf8(first.clone()).unwrap().replace("\"version\":3", "\"version\":1").into_bytes());
}

#[test]
fn an_account_that_is_nested_too_deeply_is_refused_as_by_a_whole_reading() {
    for depth in 100..140 {
        let deep = format!(r#"{{"id":"a","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        check(&file(&[r#"{"id":"a"}"#]), &file(&[&deep]));
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Set(usize, String, Value),
    Unset(usize, usize),
    Add(usize, Value),
    Remove(usize),
    Move(usize, usize),
    Twice(usize),
    Outside(u64),
    Style,
    /// A byte is another one, wherever it is.
    Byte(usize, u8),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!(7)),
        Just(json!(-1.5)),
        Just(json!({"codex": 7, "odd": "x"})),
        Just(json!(["gpt-5", {"}]": "\\\"{["}])),
        "[ -~é\"\\\\]{0,6}".prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known =
        ["id", "label", "kind", "email", "apiKey", "priority", "models", "quota", "rateLimitResetTimes", "extra"];
    prop::sample::select(known.map(str::to_owned).to_vec())
}

fn account() -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec((name(), value()), 0..4);
    (0_u8..9, fields).prop_map(|(id, fields)| {
        let mut account = json!({ "id": format!("id-{id}") });
        for (name, value) in fields {
            account[name] = value;
        }
        account
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (any::<usize>(), name(), value()).prop_map(|(at, name, value)| Edit::Set(at, name, value)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(at, field)| Edit::Unset(at, field)),
        2 => (any::<usize>(), account()).prop_map(|(at, account)| Edit::Add(at, account)),
        2 => any::<usize>().prop_map(Edit::Remove),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Edit::Move(from, to)),
        1 => any::<usize>().prop_map(Edit::Twice),
        1 => any::<u64>().prop_map(Edit::Outside),
        1 => Just(Edit::Style),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

/// A file as programs write one: what it says, how, and the byte that is damaged.
#[derive(Clone, Debug)]
struct Written {
    accounts: Vec<Value>,
    revision: u64,
    is_compact: bool,
    damage: Option<(usize, u8)>,
}

impl Written {
    fn bytes(&self) -> Vec<u8> {
        let file = json!({ "version": 3, "accounts": self.accounts, "revision": self.revision });
        let mut bytes =
            if self.is_compact { serde_json::to_vec(&file) } else { serde_json::to_vec_pretty(&file) }.unwrap();
        if let Some((at, byte)) = self.damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes
    }

    fn edit(&mut self, edit: Edit) {
        let count = self.accounts.len();
        match edit {
            Edit::Set(at, name, value) if count > 0 => self.accounts[at % count][name] = value,
            Edit::Unset(at, field) if count > 0 => {
                let account = self.accounts[at % count].as_object_mut().unwrap();
                let name = account.keys().nth(field % account.len().max(1)).cloned();
                account.shift_remove(&name.unwrap_or_default());
            }
            Edit::Add(at, account) => self.accounts.insert(at % (count + 1), account),
            Edit::Remove(at) if count > 0 => drop(self.accounts.remove(at % count)),
            Edit::Move(from, to) if count > 0 => self.accounts.swap(from % count, to % count),
            Edit::Twice(at) if count > 0 => self.accounts.push(self.accounts[at % count].clone()),
            Edit::Outside(revision) => self.revision = revision,
            Edit::Style => self.is_compact = !self.is_compact,
            Edit::Byte(at, byte) => self.damage = Some((at, byte)),
            _ => {}
        }
    }
}

proptest! {
    /// Each text is read where the one before is known, which was read in the same way.
    #[test]
    fn whatever_is_edited_reads_as_a_whole_reading_does(
        accounts in prop::collection::vec(account(), 0..40),
        rounds in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..6),
    ) {
        let mut file = Written { accounts, revision: 1, is_compact: false, damage: None };
        let mut known = text(&file.bytes());
        for edits in rounds {
            file.damage = None;
            for edit in edits {
                file.edit(edit);
            }
            let bytes = file.bytes();
            let (read, state) = FileText::read(bytes.clone(), &known);
            let whole = State::from_json(&bytes);
            prop_assert_eq!(&state, &whole);
            known = match (state, whole) {
                (Ok(state), Ok(whole)) => {
                    let written = state.to_json_after(&read);
                    prop_assert_eq!(&written, &whole.to_json());
                    // As a change of this program: written, read again, changed and written once more.
                    let (text, again) = FileText::read(written.clone(), &read);
                    let (text, mut again) = (text.of_this_program(), again.unwrap());
                    prop_assert_eq!(&again, &State::from_json(&written).unwrap());
                    if let Some(first) = again.accounts.first_mut() {
                        first.label = Some("changed".to_owned());
                    }
                    let count = again.accounts.len();
                    again.accounts.rotate_left(usize::from(count > 7));
                    prop_assert_eq!(again.to_json_after(&text), again.to_json());
                    text
                }
                _ => read,
            };
        }
    }
}
