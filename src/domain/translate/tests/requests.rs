//! Of any conversation, every text, image, call, argument, result and schema reaches the backend, in order.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::domain::translate::{Door, backend_request};

/// What must not get lost.
#[derive(Clone, Debug, PartialEq)]
enum Atom {
    Developer(String),
    User(String),
    Image(String, String),
    Assistant(String),
    Refusal(String),
    Call(String, String, String),
    Result(String, String),
}

#[derive(Clone, Debug)]
enum Turn {
    System(String),
    User(Vec<Result<String, (String, Option<&'static str>)>>),
    Assistant { text: Option<String>, refusal: Option<String>, calls: Vec<(bool, String, String, String)> },
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-zé\"\\\\ \n{}:]{0,9}"
}

fn turn() -> impl Strategy<Value = Turn> {
    let detail = prop_oneof![Just(None), Just(Some("low")), Just(Some("high"))];
    let part = prop_oneof![word().prop_map(Ok), (word(), detail).prop_map(Err)];
    let call = (any::<bool>(), word(), word(), word());
    prop_oneof![
        word().prop_map(Turn::System),
        prop::collection::vec(part, 1..4).prop_map(Turn::User),
        (prop::option::of(word()), prop::option::of(word()), prop::collection::vec(call, 0..4))
            .prop_map(|(text, refusal, calls)| Turn::Assistant { text, refusal, calls }),
    ]
}

pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z_.é\"]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// The conversation as messages of a chat, and what it says.
fn messages(turns: &[Turn]) -> (Vec<Value>, Vec<Atom>) {
    let (mut messages, mut atoms, mut count) = (Vec::new(), Vec::new(), 0);
    for turn in turns {
        match turn {
            Turn::System(text) => {
                messages.push(json!({ "role": "system", "content": text }));
                atoms.push(Atom::Developer(text.clone()));
            }
            Turn::User(parts) => {
                let mut content = Vec::new();
                for part in parts {
                    match part {
                        Ok(text) => {
                            content.push(json!({ "type": "text", "text": text }));
                            atoms.push(Atom::User(text.clone()));
                        }
                        Err((url, detail)) => {
                            content.push(json!({ "type": "image_url", "image_url": { "url": url, "detail": detail } }));
                            atoms.push(Atom::Image(url.clone(), detail.unwrap_or("auto").to_owned()));
                        }
                    }
                }
                messages.push(json!({ "role": "user", "content": content }));
            }
            Turn::Assistant { text, refusal, calls } => {
                atoms.extend(text.clone().map(Atom::Assistant));
                atoms.extend(refusal.clone().map(Atom::Refusal));
                let (mut read, mut results) = (Vec::new(), Vec::new());
                for (is_custom, name, given, result) in calls {
                    count += 1;
                    let id = format!("call_{count}");
                    read.push(if *is_custom {
                        json!({ "id": id, "type": "custom", "custom": { "name": name, "input": given } })
                    } else {
                        json!({ "id": id, "type": "function", "function": { "name": name, "arguments": given } })
                    });
                    atoms.push(Atom::Call(id.clone(), name.clone(), given.clone()));
                    results.push((id, result.clone()));
                }
                messages.push(json!({ "role": "assistant", "content": text, "refusal": refusal, "tool_calls": read }));
                for (id, result) in results.into_iter().rev() {
                    messages.push(json!({ "role": "tool", "tool_call_id": id, "content": result }));
                    atoms.push(Atom::Result(id, result));
                }
            }
        }
    }
    (messages, atoms)
}

/// What the backend reads in `input`.
fn read(input: &[Value]) -> Vec<Atom> {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
    let mut atoms = Vec::new();
    for item in input {
        match item["type"].as_str().unwrap() {
            "message" => {
                for part in item["content"].as_array().unwrap() {
                    atoms.push(match (item["role"].as_str().unwrap(), part["type"].as_str().unwrap()) {
                        ("developer", "input_text") => Atom::Developer(text(part, "text")),
                        ("user", "input_text") => Atom::User(text(part, "text")),
                        ("user", "input_image") => Atom::Image(text(part, "image_url"), text(part, "detail")),
                        ("assistant", "output_text") => Atom::Assistant(text(part, "text")),
                        ("assistant", "refusal") => Atom::Refusal(text(part, "refusal")),
                        other => panic!("{other:?}"),
                    });
                }
            }
            "function_call" => {
                atoms.push(Atom::Call(text(item, "call_id"), text(item, "name"), text(item, "arguments")));
            }
            "custom_tool_call" => {
                atoms.push(Atom::Call(text(item, "call_id"), text(item, "name"), text(item, "input")));
            }
            "function_call_output" | "custom_tool_call_output" => {
                atoms.push(Atom::Result(text(item, "call_id"), text(item, "output")));
            }
            other => panic!("{other}"),
        }
    }
    atoms
}

/// The atoms as the backend gets them: the developer's words that come first are its instructions.
fn expected(atoms: &[Atom]) -> (String, Vec<Atom>) {
    let first: Vec<&str> = atoms
        .iter()
        .map_while(|atom| match atom {
            Atom::Developer(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if first.is_empty() || first.len() == atoms.len() {
        return (String::new(), atoms.to_vec());
    }
    (first.join("\n\n"), atoms[first.len()..].to_vec())
}

fn kind_of(input: &[Value], id: &str) -> Vec<String> {
    let of_call = |item: &&Value| item["call_id"] == id;
    input.iter().filter(of_call).map(|item| item["type"].as_str().unwrap().replace("_output", "")).collect()
}

/// Every place in `value` as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| places(inner, &format!("{at}/{name}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| places(inner, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn rich_requests() -> [Value; 2] {
    let call = json!({ "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    [
        json!({ "model": "m", "stream": true, "stream_options": { "include_usage": true }, "n": 1, "messages": [
            { "role": "system", "content": "x" },
            { "role": "user", "content": [{ "type": "text", "text": "x" }, { "type": "image_url", "image_url": { "url": "u" } },
                { "type": "file", "file": { "file_data": "d" } }] },
            { "role": "assistant", "content": [{ "type": "refusal", "refusal": "x" }], "tool_calls": [call],
              "function_call": { "name": "g", "arguments": "{}" } },
            { "role": "tool", "tool_call_id": "a", "content": "x" }, { "role": "function", "name": "g", "content": "x" },
        ], "tools": [{ "type": "custom", "custom": { "name": "c", "format": { "type": "grammar", "grammar": {} } } }],
           "functions": [{ "name": "g" }], "function_call": { "name": "g" }, "web_search_options": { "user_location":
               { "type": "approximate", "approximate": {} } }, "reasoning_effort": "low", "reasoning": {}, "text": {},
           "response_format": { "type": "json_schema", "json_schema": { "schema": {} } },
           "tool_choice": { "type": "allowed_tools", "allowed_tools": { "tools": [{ "type": "function", "function": {} }] } } }),
        json!({ "model": "m", "instructions": "x", "include": [], "max_tool_calls": 1, "tools": [{ "type": "function" }],
            "service_tier": "fast", "input": [{ "role": "system", "content": [{ "type": "input_text", "text": "x" }] },
                { "type": "reasoning", "id": "rs_1", "encrypted_content": "x" }, { "type": "item_reference", "id": "rs_1" }] }),
    ]
}

proptest! {
    #[test]
    fn a_conversation_loses_nothing(
        turns in prop::collection::vec(turn(), 1..9),
        schema in any_json().prop_filter("null is absence", |schema| !schema.is_null()),
    ) {
        let (messages, atoms) = messages(&turns);
        let asked = json!({
            "model": "gpt-5.2", "messages": messages,
            "tools": [{ "type": "function", "function": { "name": "f", "parameters": schema } }],
            "response_format": { "type": "json_schema", "json_schema": { "name": "s", "schema": schema, "strict": true } },
        });
        let sent = backend_request(Door::ChatCompletions, asked.clone()).unwrap().body;
        let (instructions, expected) = expected(&atoms);
        let input = sent["input"].as_array().unwrap();
        prop_assert_eq!(&sent["instructions"], &Value::from(instructions));
        prop_assert_eq!(read(input), expected);
        prop_assert_eq!(&sent["tools"][0]["parameters"], &schema);
        prop_assert_eq!(&sent["tools"][0]["strict"], &Value::from(false));
        prop_assert_eq!(&sent["text"]["format"], &json!({ "type": "json_schema", "name": "s", "schema": schema, "strict": true }));
        for atom in &atoms {
            if let Atom::Call(id, ..) = atom {
                let kinds = kind_of(input, id);
                prop_assert!(kinds.len() == 2 && kinds[0] == kinds[1], "{} is a {:?}", id, kinds);
            }
        }
    }

    #[test]
    fn what_was_translated_once_stays_as_it_is(turns in prop::collection::vec(turn(), 1..9)) {
        let asked = json!({ "model": "gpt-5.2", "messages": messages(&turns).0 });
        let sent = backend_request(Door::ChatCompletions, asked.clone()).unwrap().body;
        let again = backend_request(Door::Responses, sent.clone()).unwrap();
        prop_assert_eq!(again.body, sent);
        prop_assert!(again.dropped.is_empty());
    }

    #[test]
    fn no_request_panics(place in any::<prop::sample::Index>(), put in any_json(), which in 0..2_usize, swap in any::<bool>()) {
        let mut asked = rich_requests()[which].clone();
        let mut found = Vec::new();
        places(&asked, "", &mut found);
        *asked.pointer_mut(&found[place.index(found.len())]).unwrap() = put;
        let door = if (which == 0) == swap { Door::Responses } else { Door::ChatCompletions };
        if let Ok(request) = backend_request(door, asked.clone()) {
            prop_assert_eq!(&request.body["store"], &Value::from(false));
            prop_assert_eq!(&request.body["stream"], &Value::from(true));
            prop_assert!(!request.body["instructions"].is_null());
            prop_assert!(request.body["include"].as_array().unwrap().contains(&"reasoning.encrypted_content".into()));
        }
    }
}
