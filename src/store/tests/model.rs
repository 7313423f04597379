//! The store against a model of what it should hold, with another tool writing in between.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Remove(u8),
    Label(u8, String),
    Key(u8, String),
    Activate(i64),
    /// Another store does the step, as a sibling process would.
    Reopen,
    /// Another tool rewrites the file in its own style and drops what it does not know at the top.
    Foreign,
    Refuse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..6).prop_map(Step::Add),
        1 => (0_u8..6).prop_map(Step::Remove),
        2 => (0_u8..6, "[^\u{0}]{1,12}").prop_map(|(id, label)| Step::Label(id, label)),
        2 => (0_u8..6, "[ -~]{1,20}").prop_map(|(id, key)| Step::Key(id, key)),
        1 => any::<i64>().prop_map(Step::Activate),
        1 => Just(Step::Reopen),
        1 => Just(Step::Foreign),
        1 => Just(Step::Refuse),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Expected {
    id: String,
    label: Option<String>,
    key: Option<String>,
}

fn apply(store: &Store, step: &Step, model: &mut Vec<Expected>, active: &mut i64) {
    let name = |id: &u8| format!("account-{id}");
    match step.clone() {
        Step::Add(id) if model.iter().all(|entry| entry.id != name(&id)) => {
            add(store, &name(&id));
            model.push(Expected { id: name(&id), label: Some(name(&id)), key: None });
        }
        Step::Remove(id) => {
            update(store, move |transaction| transaction.state.accounts.retain(|account| account.id != name(&id)))
                .unwrap();
            model.retain(|entry| entry.id != name(&id));
        }
        Step::Label(id, label) => {
            if let Some(entry) = model.iter_mut().find(|entry| entry.id == name(&id)) {
                entry.label = Some(label.clone());
            }
            update(store, move |transaction| {
                if let Some(account) = transaction.state.account_mut(&name(&id)) {
                    account.label = Some(label);
                }
            })
            .unwrap();
        }
        Step::Key(id, key) => {
            if let Some(entry) = model.iter_mut().find(|entry| entry.id == name(&id)) {
                entry.key = Some(key.clone());
            }
            update(store, move |transaction| {
                if let Some(account) = transaction.state.account_mut(&name(&id)) {
                    account.api_key = Some(StoredSecret::new(key));
                }
            })
            .unwrap();
        }
        Step::Activate(index) => {
            *active = index;
            update(store, move |transaction| transaction.state.active_index = index).unwrap();
        }
        Step::Refuse => {
            let refused: Result<(), _> = block_on(store.update(Creation::Allowed, |transaction| {
                transaction.state.accounts.clear();
                Err(())
            }));
            assert!(matches!(refused, Err(UpdateError::Refused(()))));
        }
        Step::Foreign => {
            let Ok(text) = fs::read_to_string(store.path()) else { return };
            let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
            for field in ["revision", "seal", "storeId"] {
                file.as_object_mut().unwrap().remove(field);
            }
            fs::write(store.path(), file.to_string()).unwrap();
        }
        Step::Add(_) | Step::Reopen => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_the_model_holds(steps in prop::collection::vec(step(), 1..24)) {
        let home = Home::new();
        let (mut store, watcher) = (home.open(), home.open());
        let (mut model, mut active, mut revision) = (Vec::new(), 0, 0);
        for step in &steps {
            if matches!(step, Step::Reopen) {
                store = home.open();
            }
            apply(&store, step, &mut model, &mut active);
            let Some(state) = watcher.read().unwrap() else {
                prop_assert!(model.is_empty());
                continue;
            };
            prop_assert!(state.revision >= revision, "{} after {revision}", state.revision);
            revision = state.revision;
            let held: Vec<Expected> = state.accounts.iter().map(|account| Expected {
                id: account.id.clone(),
                label: account.label.clone(),
                key: watcher.open_secret(&state, account, SecretField::ApiKey).unwrap().map(|key| key.expose().clone()),
            }).collect();
            prop_assert_eq!(&held, &model);
            prop_assert_eq!(state.active_index, active);
        }
    }

    #[test]
    fn whatever_is_read_is_the_same_when_written_and_read_again(text in file()) {
        if let Ok(state) = State::from_json(text.to_string().as_bytes()) {
            let written = state.to_json();
            let again = State::from_json(&written).unwrap();
            prop_assert_eq!(again.to_json(), written);
            prop_assert_eq!(again, state);
        }
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = State::from_json(&bytes);
    }
}

/// Any JSON in the place of any field.
fn file() -> impl Strategy<Value = serde_json::Value> {
    let fields = prop::sample::select(vec![
        "id",
        "label",
        "kind",
        "apiKey",
        "refreshToken",
        "addedAt",
        "enabled",
        "priority",
        "models",
        "dailyLimitUsd",
        "rateLimitResetTimes",
        "rateLimitResetTime",
        "quota",
        "unknown",
        "coolingDownUntil",
    ]);
    let top = prop::sample::select(vec![
        "storeId",
        "revision",
        "activeIndex",
        "activeIndexByFamily",
        "pin",
        "sessions",
        "unknown",
    ]);
    let accounts = prop::collection::vec(prop::collection::btree_map(fields, json(), 0..8), 0..4);
    (1..=3_u32, accounts, prop::collection::btree_map(top, json(), 0..6)).prop_map(|(version, accounts, top)| {
        let mut file = serde_json::json!({ "version": version, "accounts": accounts });
        for (name, value) in top {
            file[name] = value;
        }
        file
    })
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e15..1e15_f64).prop_map(|number| Value::from(number.round() / 4.0)),
        Just(Value::from(1e300)),
        "[a-z]{0,6}".prop_map(Value::from),
        Just(Value::from("apiKey")),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("id|account|at|codex|families", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}
