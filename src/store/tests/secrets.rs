//! Sealing on the way to the disk.

use super::*;

const FOREIGN: &str = r#"{ "version": 3, "accounts": [
    { "email": "you@example.com", "accountId": "acct_1", "refreshToken": "rt-plain-7f3a", "addedAt": 1700000000000 } ],
  "activeIndex": 0 }"#;

fn with_key(id: &str, key: &str) -> StoredAccount {
    StoredAccount { api_key: Some(StoredSecret::new(key)), ..account(id) }
}

fn add_key(store: &Store, id: &str) -> Result<(), UpdateError<Infallible>> {
    let account = with_key(id, &format!("sk-{id}"));
    update(store, move |transaction| transaction.state.accounts.push(account.into()))
}

fn api_key(store: &Store, id: &str) -> Result<String, KeyError> {
    let state = store.read().unwrap().unwrap();
    let secret = store.open_secret(&state, state.account(id).unwrap(), SecretField::ApiKey)?;
    Ok(secret.unwrap().expose().clone())
}

#[test]
fn what_we_set_is_sealed_and_opens_again() {
    let home = Home::new();
    let store = home.open();
    add_key(&store, "one").unwrap();
    assert!(!home.text().contains("sk-one") && home.text().contains("cam1:"));
    assert_eq!(api_key(&store, "one").unwrap(), "sk-one");
    assert_eq!(api_key(&home.open(), "one").unwrap(), "sk-one");
    let seal = store.read().unwrap().unwrap().seal.clone();
    add_key(&home.open(), "two").unwrap();
    assert_eq!(store.read().unwrap().unwrap().seal, seal, "the block is kept");
    assert!(store.take_warnings().is_empty());
}

#[test]
fn a_new_secret_without_the_key_fails_and_nothing_else_does() {
    let home = Home::new();
    add_key(&home.open(), "one").unwrap();
    let envelope = home.open().read().unwrap().unwrap().accounts[0].api_key.clone();
    let store = home.keyless();
    let before = home.text();
    assert!(matches!(add_key(&store, "two"), Err(UpdateError::Key(KeyError::Missing { .. }))));
    assert_eq!(home.text(), before);
    assert!(!home.dir.path().join("data/master.key").exists(), "a sealed file never makes a key file");
    add(&store, "three");
    let state = store.read().unwrap().unwrap();
    assert_eq!((state.accounts.len(), &state.accounts[0].api_key), (2, &envelope));
    assert_eq!(store.key_state(&state), KeyState::Missing);
    assert!(matches!(api_key(&store, "one"), Err(KeyError::Missing { .. })));
}

#[test]
fn a_swapped_or_redirected_value_fails_alone() {
    let home = Home::new();
    let store = home.open();
    for id in ["one", "two", "three"] {
        add_key(&store, id).unwrap();
    }
    update(&store, |transaction| {
        let accounts = &mut transaction.state.accounts;
        accounts[0].api_key = accounts[1].api_key.clone();
        accounts[1].base_url = Some("https://evil.test".to_owned());
    })
    .unwrap();
    for id in ["one", "two"] {
        assert!(matches!(api_key(&store, id), Err(KeyError::Damaged { account, .. }) if account == id));
    }
    assert_eq!(api_key(&store, "three").unwrap(), "sk-three");
}

#[test]
fn another_tools_tokens_are_copied_once_and_then_sealed() {
    let home = Home::with(FOREIGN);
    let store = home.open();
    let state = store.read().unwrap().unwrap();
    let token = store.open_secret(&state, &state.accounts[0], SecretField::RefreshToken).unwrap().unwrap();
    assert_eq!(token.expose(), "rt-plain-7f3a");
    update(&store, |_| ()).unwrap();
    assert_eq!(home.text(), FOREIGN, "a look is not a write");
    add(&store, "mine");
    assert!(!home.text().contains("rt-plain"));
    let warnings = store.take_warnings();
    let backup = home.file.with_file_name("accounts.json.cam-backup-1700000000000");
    assert_eq!((warnings.len(), &warnings[0].backup), (1, &Some(backup.clone())));
    assert!(warnings[0].message.contains("export --plain") && warnings[0].message.contains(backup.to_str().unwrap()));
    assert_eq!(fs::read_to_string(&backup).unwrap(), FOREIGN);
    check_mode(&backup, 0o600);
    let state = store.read().unwrap().unwrap();
    let token = store.open_secret(&state, &state.accounts[0], SecretField::RefreshToken).unwrap().unwrap();
    assert_eq!(token.expose(), "rt-plain-7f3a");
    add(&store, "later");
    assert!(store.take_warnings().is_empty());
    check_mode(&store.folder().join("previous.json"), 0o600);
}

#[test]
fn another_tools_tokens_pass_through_when_there_can_be_no_key() {
    let home = Home::with(FOREIGN);
    fs::write(home.dir.path().join("data"), "in the way").unwrap();
    let store = home.keyless();
    add(&store, "mine");
    assert!(home.text().contains("rt-plain-7f3a"));
    let state = store.read().unwrap().unwrap();
    assert_eq!((state.accounts.len(), &state.seal), (2, &None));
    assert_eq!(store.key_state(&state), KeyState::Unlocked);
    assert!(store.take_warnings().is_empty());
    assert!(matches!(add_key(&store, "two"), Err(UpdateError::Key(KeyError::Uncreatable { .. }))));
}

#[test]
fn a_key_file_is_made_by_the_first_write_that_seals() {
    let home = Home::new();
    let store = home.keyless();
    add(&store, "none");
    assert!(!home.dir.path().join("data/master.key").exists());
    add_key(&store, "one").unwrap();
    check_mode(&home.dir.path().join("data/master.key"), 0o600);
    assert_eq!(api_key(&home.keyless(), "one").unwrap(), "sk-one");
}

#[test]
fn a_tool_that_drops_our_fields_does_not_lock_us_out() {
    let home = Home::new();
    let store = home.open();
    add_key(&store, "one").unwrap();
    add_key(&store, "two").unwrap();
    let revision = store.read().unwrap().unwrap().revision;
    let mut file: serde_json::Value = serde_json::from_str(&home.text()).unwrap();
    for field in ["storeId", "revision", "seal", "sessions"] {
        file.as_object_mut().unwrap().remove(field);
    }
    fs::write(&home.file, file.to_string()).unwrap();
    for store in [store, home.open()] {
        assert_eq!(api_key(&store, "two").unwrap(), "sk-two");
    }
    let fresh = home.open();
    add_key(&fresh, "three").unwrap();
    assert_eq!(api_key(&home.open(), "one").unwrap(), "sk-one");
    let store = home.open();
    store.read().unwrap();
    add(&store, "four");
    assert!(store.read().unwrap().unwrap().revision >= revision);
}

#[test]
fn the_revision_goes_on_from_the_highest_that_was_seen() {
    let home = Home::new();
    let store = home.open();
    for id in ["one", "two", "three"] {
        add(&store, id);
    }
    fs::write(&home.file, r#"{"version":3,"accounts":[],"activeIndex":0}"#).unwrap();
    assert_eq!(store.read().unwrap().unwrap().revision, 3);
    add(&store, "four");
    assert_eq!(store.read().unwrap().unwrap().revision, 4);
}

#[test]
fn every_secret_can_be_sealed_again_under_another_key() {
    let home = Home::new();
    let old = home.open();
    add_key(&old, "one").unwrap();
    let mut options = home.options();
    options.keys.variable = Some(Secret::new(RAW_KEY.replace('0', "f")));
    let new = Store::open(options).unwrap();
    let opener = old.clone();
    update(&new, move |transaction| {
        let before = transaction.state.clone();
        for account in &mut transaction.state.accounts {
            let key = opener.open_secret(&before, account, SecretField::ApiKey).unwrap();
            account.api_key = key.map(StoredSecret::New);
        }
        transaction.state.seal = None;
    })
    .unwrap();
    assert_eq!(api_key(&new, "one").unwrap(), "sk-one");
    assert!(matches!(api_key(&old, "one"), Err(KeyError::Wrong { .. })));
    assert_eq!(old.key_state(&old.read().unwrap().unwrap()), KeyState::Wrong);
}

#[test]
fn no_secret_prints() {
    let home = Home::with(&FOREIGN.replace("\"addedAt\"", "\"oauth\": { \"token\": \"rt-plain-other\" }, \"addedAt\""));
    let store = home.open();
    let state = store.read().unwrap().unwrap();
    let mut copy = State::clone(&state);
    copy.accounts.push(with_key("one", "sk-new-1234567890").into());
    let printed = format!("{copy:?} {store:?}");
    assert!(!printed.contains("rt-plain") && !printed.contains("sk-new"), "{printed}");
    let written = String::from_utf8(copy.to_json()).unwrap();
    assert!(!written.contains("sk-new"), "only sealing brings a new secret to the disk");
}
