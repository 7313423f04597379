//! The store as its callers use it.
#![expect(clippy::disallowed_methods, reason = "the tests play the other programs that touch these files")]

mod concurrency;
mod damage;
mod model;
mod processes;
mod secrets;

use std::convert::Infallible;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::domain::time::Timestamp;
use crate::files::{self, tests::check_mode};
use crate::paths::{DataDir, Paths};

pub(super) const RAW_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A home with a store in it.
pub(super) struct Home {
    pub dir: TempDir,
    pub file: PathBuf,
}

impl Home {
    pub fn new() -> Home {
        let dir = TempDir::new().unwrap();
        let file = files::real_path(dir.path()).unwrap().join("config").join("opencode").join("accounts.json");
        Home { dir, file }
    }

    /// With an accounts file that another tool wrote.
    pub fn with(text: &str) -> Home {
        let home = Home::new();
        fs::create_dir_all(home.file.parent().unwrap()).unwrap();
        fs::write(&home.file, text).unwrap();
        home
    }

    pub fn options(&self) -> StoreOptions {
        let folders = DataFolders::new(&Paths {
            home: None,
            accounts_file: self.file.clone(),
            config_file: PathBuf::new(),
            opencode_config_file: PathBuf::new(),
            data: DataDir { path: self.dir.path().join("data"), ..DataDir::default() },
        })
        .unwrap();
        StoreOptions {
            accounts_file: self.file.clone(),
            folders: folders.clone(),
            keys: KeySources {
                explicit: None,
                variable: Some(Secret::new(RAW_KEY.to_owned())),
                variable_file: None,
                folders: Arc::new(folders),
            },
            clock: Clock::from_fn(|| Timestamp(1_700_000_000_000)),
            session_id: "tests".to_owned(),
        }
    }

    /// A store without any master key.
    pub fn keyless(&self) -> Store {
        let mut options = self.options();
        options.keys.variable = None;
        Store::open(options).unwrap()
    }

    /// A store of its own cache, thread and locks, as another process would have.
    pub fn open(&self) -> Store {
        Store::open(self.options()).unwrap()
    }

    pub fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }
}

/// Runs one update to its end.
pub(super) fn update<T: Send + 'static>(
    store: &Store,
    change: impl FnOnce(&mut Transaction<'_>) -> T + Send + 'static,
) -> Result<T, UpdateError<Infallible>> {
    block_on(store.update(Creation::Allowed, |transaction| Ok(change(transaction))))
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

pub(super) fn account(id: &str) -> StoredAccount {
    StoredAccount { id: id.to_owned(), label: Some(id.to_owned()), ..StoredAccount::default() }
}

pub(super) fn add(store: &Store, id: &str) {
    let account = account(id);
    update(store, move |transaction| transaction.state.accounts.push(account.into())).unwrap();
}

#[test]
fn there_is_no_file_until_the_first_change() {
    let home = Home::new();
    let store = home.open();
    assert_eq!(store.read().unwrap(), None);
    update(&store, |_| ()).unwrap();
    assert_eq!(store.read().unwrap(), None);
    add(&store, "one");
    let state = store.read().unwrap().unwrap();
    assert_eq!((state.version, state.revision, state.accounts.len(), state.store_id.len()), (3, 1, 1, 32));
    assert_eq!(state.seal, None, "there is nothing to seal");
    assert!(home.text().starts_with("{\n  \"version\": 3,\n") && home.text().ends_with("}\n"));
    let folder = store.folder();
    check_mode(&home.file, 0o600);
    check_mode(&folder, 0o700);
    check_mode(&folder.join("lock"), 0o600);
    check_mode(&home.dir.path().join("config"), 0o700);
}

#[test]
fn an_update_that_changes_nothing_or_is_refused_writes_nothing() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let before = (home.text(), files::Stamp::at(&home.file));
    update(&store, |transaction| transaction.state.accounts[0].label = Some("one".to_owned())).unwrap();
    let refused: Result<(), _> = block_on(store.update(Creation::Allowed, |transaction| {
        transaction.state.accounts.clear();
        Err("no")
    }));
    assert!(matches!(refused, Err(UpdateError::Refused("no"))));
    assert_eq!((home.text(), files::Stamp::at(&home.file)), before);
}

#[test]
fn others_learn_of_a_change_when_they_can_read_it_and_of_none_that_is_not_made() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let learned = |id: Option<&str>, is_refused: bool| {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (other, added) = (home.open(), id.map(account));
        let _ = block_on(store.update(Creation::Allowed, move |transaction| {
            transaction.state.accounts.extend(added.map(SharedAccount::from));
            transaction.once_seen(move || {
                let read = other.read().unwrap().unwrap();
                sender.send(read.accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>()).unwrap();
            });
            if is_refused { Err("no") } else { Ok(()) }
        }));
        receiver.try_recv().ok()
    };
    assert_eq!(learned(Some("two"), false), Some(vec!["one".to_owned(), "two".to_owned()]));
    assert_eq!(learned(None, false), Some(vec!["one".to_owned(), "two".to_owned()]), "there was nothing to write");
    assert_eq!(learned(Some("three"), true), None);
    std::fs::remove_file(&home.file).unwrap();
    std::fs::create_dir(&home.file).unwrap();
    assert_eq!(learned(Some("four"), false), None, "it cannot be written");
}

#[test]
fn the_state_before_each_write_is_kept() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let before = home.text();
    add(&store, "two");
    assert_eq!(fs::read_to_string(store.folder().join("previous.json")).unwrap(), before);
    let mut names = crate::files::names(&store.folder()).unwrap();
    names.sort();
    assert_eq!(names, ["data-folders.json", "lock", "previous.json"]);
}

#[test]
fn a_removed_file_comes_back_only_when_that_is_allowed() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let first = store.read().unwrap().unwrap();
    fs::remove_file(&home.file).unwrap();
    assert_eq!(store.read().unwrap(), None);
    let never: Result<(), UpdateError<Infallible>> = block_on(store.update(Creation::Never, |transaction| {
        transaction.state.accounts.push(account("ghost").into());
        Ok(())
    }));
    assert!(matches!(never, Err(UpdateError::NoFile)));
    assert!(!home.file.exists());
    add(&store, "two");
    let second = store.read().unwrap().unwrap();
    assert_ne!(first.store_id, second.store_id);
    assert!(second.revision > first.revision);
    assert_eq!(second.accounts[0].id, "two");
}

#[test]
fn a_path_that_goes_back_and_forth_leads_to_one_store() {
    let home = Home::new();
    add(&home.open(), "one");
    let odd = home.dir.path().join("config/../config/opencode/./accounts.json");
    let store = Store::open(StoreOptions { accounts_file: odd, ..home.options() }).unwrap();
    assert_eq!(store.path(), home.file);
    assert_eq!(store.read().unwrap().unwrap().accounts.len(), 1);
}

/// To make a link takes a privilege on Windows.
#[cfg(unix)]
#[test]
fn two_paths_to_one_file_are_one_store() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let link = home.dir.path().join("link.json");
    symlink("config/opencode/accounts.json", &link).unwrap();
    let through_link = Store::open(StoreOptions { accounts_file: link.clone(), ..home.options() }).unwrap();
    assert_eq!(through_link.path(), home.file, "also while the link dangles");
    add(&through_link, "one");
    assert!(link.is_symlink() && home.file.is_file());
    add(&home.open(), "two");
    assert_eq!(through_link.read().unwrap().unwrap().accounts.len(), 2);
    symlink(home.dir.path().join("config"), home.dir.path().join("folder")).unwrap();
    let odd = home.dir.path().join("folder/../config/opencode/./accounts.json");
    assert_eq!(Store::open(StoreOptions { accounts_file: odd, ..home.options() }).unwrap().path(), home.file);
    let (a, b) = (home.dir.path().join("a"), home.dir.path().join("b"));
    symlink(&a, &b).unwrap();
    symlink(&b, &a).unwrap();
    assert!(matches!(Store::open(StoreOptions { accounts_file: a, ..home.options() }), Err(StoreError::Io { .. })));
}

#[cfg(unix)]
#[test]
fn a_file_that_becomes_a_link_while_a_process_runs_stays_one() {
    use std::os::unix::fs::symlink;
    let home = Home::new();
    let running = home.open();
    add(&running, "one");
    for (folder, account) in [("synced", "two"), ("synced again", "three")] {
        let place = home.dir.path().canonicalize().unwrap().join(folder).join("accounts.json");
        fs::create_dir(place.parent().unwrap()).unwrap();
        // What is behind the link.
        fs::rename(fs::canonicalize(&home.file).unwrap(), &place).unwrap();
        if home.file.is_symlink() {
            assert!(running.read().unwrap().is_none(), "the link dangles");
            fs::remove_file(&home.file).unwrap();
        }
        symlink(&place, &home.file).unwrap();
        add(&running, account);
        assert!(home.file.is_symlink() && !place.is_symlink());
        let fresh = home.open();
        assert_eq!((running.path(), running.folder()), (place, fresh.folder()), "they meet at one lock");
        add(&fresh, &format!("{account} of a sibling"));
        assert_eq!(running.read().unwrap(), fresh.read().unwrap());
    }
    assert_eq!(running.read().unwrap().unwrap().accounts.len(), 5);
    fs::remove_file(&home.file).unwrap();
    fs::write(&home.file, "{\"version\": 3, \"accounts\": []}").unwrap();
    add(&running, "six");
    assert_eq!((running.path(), running.read().unwrap().unwrap().accounts.len()), (home.file.clone(), 1));
}

#[test]
fn reading_the_same_bytes_gives_the_same_state() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let first = store.read().unwrap().unwrap();
    fs::write(&home.file, home.text()).unwrap();
    assert!(Arc::ptr_eq(&first, &store.read().unwrap().unwrap()));
    add(&home.open(), "two");
    assert!(!Arc::ptr_eq(&first, &store.read().unwrap().unwrap()));
}

#[test]
fn a_file_at_rest_is_not_read_again() {
    let home = Home::new();
    add(&home.open(), "one");
    let store = home.open();
    let first = store.read().unwrap().unwrap();
    assert!(!store.0.cache().is_settled(), "it was written a moment ago");
    while !store.0.cache().is_settled() {
        assert!(Arc::ptr_eq(&first, &store.read().unwrap().unwrap()));
    }
    assert!(Arc::ptr_eq(&first, &store.read().unwrap().unwrap()));
}

#[test]
fn a_reading_that_was_overtaken_is_not_the_last_word() {
    let home = Home::new();
    let (store, sibling) = (home.open(), home.open());
    add(&store, "one");
    let count = |state: Result<Option<Arc<State>>, StoreError>| state.unwrap().unwrap().accounts.len();
    let known = store.0.cache().text();
    let (unchanged, whole) =
        (changes::Fresh::read(&store.0.places(), &known), changes::Fresh::read(&store.0.places(), &Arc::default()));
    add(&sibling, "two");
    assert_eq!(count(store.read()), 2);
    assert_eq!(count(store.0.cache().take_in(&store.0.places(), unchanged)), 2, "the file is read again");
    assert_eq!(count(store.0.cache().take_in(&store.0.places(), whole)), 1);
    assert_eq!(count(store.read()), 2, "the stamp says that the file is another one");
    // Two readings of one text are one state, whichever comes first.
    let (other, known) = (home.open(), store.0.cache().text());
    add(&other, "three");
    let late = changes::Fresh::read(&store.0.places(), &known);
    let first = store.read().unwrap().unwrap();
    let second = store.0.cache().take_in(&store.0.places(), late).unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_change_within_one_tick_of_the_clock_is_seen() {
    let home = Home::new();
    let store = home.open();
    add(&store, "aaa");
    for round in 0..200 {
        let label = format!("a{:02}", round % 100);
        let text = home.text();
        let old = store.read().unwrap().unwrap().accounts[0].id.clone();
        fs::write(&home.file, text.replace(&old, &label)).unwrap();
        assert_eq!(store.read().unwrap().unwrap().accounts[0].id, label);
    }
}

/// Modes, and links that anybody may make.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_trusted_is_refused() {
    let home = Home::new();
    add(&home.open(), "one");
    let folder = home.open().folder();
    files::restrict(&folder, 0o755).unwrap();
    add(&home.open(), "two");
    check_mode(&folder, 0o700);
    fs::rename(&folder, home.dir.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(home.dir.path().join("elsewhere"), &folder).unwrap();
    let refused = update(&home.open(), |transaction| transaction.state.accounts.clear());
    assert!(matches!(refused, Err(UpdateError::Store(StoreError::Foreign { .. }))), "{refused:?}");
}

#[test]
fn a_panic_in_a_change_is_its_callers_alone() {
    let home = Home::new();
    let store = home.open();
    add(&store, "one");
    let panicked = catch_unwind(AssertUnwindSafe(|| update(&store, |_| panic!("in the change"))));
    assert!(panicked.is_err());
    add(&store, "two");
    assert_eq!(store.read().unwrap().unwrap().accounts.len(), 2);
}

#[test]
fn the_handles_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Store>();
    shared::<SessionLock>();
    shared::<NamedLock>();
    shared::<StoreError>();
}
