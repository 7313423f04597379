//! Values found in documents that come in pieces.

use super::*;
use proptest::prelude::*;

fn read(document: &str, step: usize) -> JsonFields {
    let mut fields = JsonFields::default();
    for piece in document.as_bytes().chunks(step) {
        fields.push(piece);
    }
    fields
}

#[track_caller]
fn check(document: &str, field: Field, expected: Option<&str>) {
    for step in [1, 3, document.len().max(1)] {
        let fields = read(document, step);
        let raw = fields.raw(field).map(|raw| std::str::from_utf8(raw).unwrap().trim());
        assert_eq!(raw, expected, "{document} in steps of {step}");
    }
}

#[test]
fn values_are_found_at_their_own_path_alone() {
    check(r#"{"id":"a","usage":{"x":1}}"#, Field::Usage, Some(r#"{"x":1}"#));
    check(r#"{ "usage" : null , "id" : "a" }"#, Field::Usage, Some("null"));
    check(r#"{"a":{"usage":1},"b":[{"usage":2}]}"#, Field::Usage, None);
    check(r#"{"response":{"usage":{"i":1},"id":"r"},"type":"t"}"#, Field::ResponseUsage, Some(r#"{"i":1}"#));
    check(r#"{"response":{"o":{"usage":9},"id":"r"},"type":"t"}"#, Field::ResponseUsage, None);
    check(r#"{"response":[{"usage":9}],"type":"t"}"#, Field::Type, Some(r#""t""#));
    check(r#"{"delta":"say \"usage\": {\\","type":"t"}"#, Field::Type, Some(r#""t""#));
    check(r#"{"choices":[],"usage":3}"#, Field::Choices, Some("[]"));
    check(r#"{"choices":[{"delta":{"content":"long enough"}}],"id":"b"}"#, Field::Choices, None);
    check(r#"{"choices":[{"delta":{"content":"long enough"}}],"id":"b"}"#, Field::Id, Some(r#""b""#));
    check(r#"{"us\u0061ge":1}"#, Field::Usage, Some("1"));
    check(r#"{"usage":1,"id":"a","usage":{"id":"b"}}"#, Field::Id, Some(r#""a""#));
    check(r#"{"response":{"usage":1},"usage":2,"response":{"id":3}}"#, Field::ResponseUsage, Some("1"));
    check(r#"{"usage":1,"usage":2}"#, Field::Usage, Some("2"));
    check("[1,2]", Field::Usage, None);
    check("}{", Field::Usage, None);
    check("", Field::Usage, None);
}

#[test]
fn the_span_of_usage_covers_its_key_and_value() {
    for (document, cut) in [
        (r#"{"id":"a","usage":null,"b":1}"#, r#""usage":null"#),
        (r#"{"id":"a", "usage" : {"x":[1]} }"#, r#""usage" : {"x":[1]}"#),
        (r#"{"usage":"s"}"#, r#""usage":"s""#),
    ] {
        let (from, to) = read(document, 1).usage_span().unwrap();
        assert_eq!(&document[from..to], cut);
    }
}

#[test]
fn neither_depth_nor_length_costs_memory() {
    let mut fields = JsonFields::default();
    fields.push(b"{\"x\":");
    for _ in 0..100_000 {
        fields.push(b"[{\"a\":");
    }
    assert_eq!(fields.raw(Field::Usage), None);
    let mut fields = JsonFields::default();
    fields.push(b"{\"usage\":\"");
    for _ in 0..10_000 {
        fields.push(&[b'x'; 1_000]);
    }
    assert!(fields.found.values.is_empty());
    for _ in 0..100 {
        fields.push(b"\",\"usage\":\"x");
    }
    fields.push(b"\",\"id\":\"a\"}");
    assert_eq!(fields.text(Field::Id).as_deref(), Some("a"));
    assert_eq!(fields.found.values, br#""x""a""#, "of a hundred values with one name the last one is kept");
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\], é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let key =
            prop_oneof![Just("usage".to_owned()), Just("response".to_owned()), Just("id".to_owned()), "[a-z\"]{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn it_finds_what_a_parser_finds(document in json(), step in 1_usize..9) {
        let text = document.to_string();
        let fields = read(&text, step);
        let expect = |value: Option<&Value>, field: Field| {
            // What is longer than its limit is passed over on purpose.
            let short = |value: &Value| value.to_string().len() <= 512;
            let found = fields.value(field).filter(short);
            prop_assert_eq!(found.as_ref(), value.filter(|value| short(value)));
            Ok(())
        };
        expect(document.get("usage"), Field::Usage)?;
        expect(document.get("response").and_then(|response| response.get("id")), Field::ResponseId)?;
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), step in 1_usize..9) {
        let mut fields = JsonFields::default();
        bytes.chunks(step).for_each(|piece| fields.push(piece));
    }
}
