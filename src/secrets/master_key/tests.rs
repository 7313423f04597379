//! Which source wins, and which of the three errors is reported.
#![expect(clippy::disallowed_methods, reason = "the tests play the other programs that touch these files")]

use tempfile::TempDir;

use super::*;
use crate::files::tests::check_mode;
#[cfg(unix)]
use crate::files::tests::make_pipe;

const RAW: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100";

fn none(home: &TempDir) -> KeySources {
    KeySources { explicit: None, variable: None, variable_file: None, folders: Arc::new(home.path().join("data/deep")) }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn a_raw_key_needs_no_derivation() {
    let home = TempDir::new().unwrap();
    let sources = KeySources { variable: Some(secret(&format!("{RAW}\n"))), ..none(&home) };
    let (seal, key) = Keyring::new(sources.clone()).create().unwrap();
    assert_eq!((seal.kdf.as_str(), &seal.salt), ("none", &None));
    let again = Keyring::new(sources);
    assert_eq!(again.state(Some(&seal)), KeyState::Unlocked);
    assert_eq!(again.unlock(&seal).unwrap().id(), key.id());
    assert!(!home.path().join("data").exists());
}

#[test]
fn a_passphrase_is_derived_on_need_alone() {
    let home = TempDir::new().unwrap();
    let sources = KeySources { variable: Some(secret("correct horse")), ..none(&home) };
    let (seal, _) = Keyring::new(sources.clone()).create().unwrap();
    assert_eq!(
        (seal.kdf.as_str(), seal.memory_kib, seal.iterations, seal.parallelism),
        ("argon2id", Some(19456), Some(2), Some(1))
    );
    let again = Keyring::new(sources);
    assert_eq!(again.state(Some(&seal)), KeyState::Untested);
    again.unlock(&seal).unwrap();
    assert_eq!(again.state(Some(&seal)), KeyState::Unlocked);
    let wrong = Keyring::new(KeySources { variable: Some(secret("wrong donkey")), ..none(&home) });
    let error = wrong.unlock(&seal).unwrap_err();
    assert!(matches!(&error, KeyError::Wrong { tried } if *tried == [KeySource::Variable]));
    assert!(!error.with_hint().contains("donkey") && error.with_hint().contains("CAM_MASTER_KEY"));
    assert_eq!(wrong.state(Some(&seal)), KeyState::Wrong);
}

#[test]
fn no_key_and_the_wrong_key_are_two_errors() {
    let home = TempDir::new().unwrap();
    let (seal, _) = Keyring::new(KeySources { variable: Some(secret(RAW)), ..none(&home) }).create().unwrap();
    let missing = Keyring::new(KeySources { explicit: Some(secret("")), variable: Some(secret("\n")), ..none(&home) });
    assert!(matches!(missing.unlock(&seal), Err(KeyError::Missing { .. })));
    assert_eq!(missing.state(Some(&seal)), KeyState::Missing);
    let wrong =
        Keyring::new(KeySources { explicit: Some(secret(OTHER)), variable: Some(secret("no raw key")), ..none(&home) });
    assert_eq!(wrong.state(Some(&seal)), KeyState::Wrong);
    assert!(matches!(wrong.unlock(&seal), Err(KeyError::Wrong { tried }) if tried.len() == 2));
    assert!(!home.path().join("data").exists(), "a sealed file never makes a key file");
}

#[test]
fn the_first_source_that_fits_is_used() {
    let home = TempDir::new().unwrap();
    let (seal, _) = Keyring::new(KeySources { variable: Some(secret(RAW)), ..none(&home) }).create().unwrap();
    let file = home.path().join("key");
    std::fs::write(&file, format!("{RAW}\r\n")).unwrap();
    let sources = KeySources { explicit: Some(secret(OTHER)), variable_file: Some(file), ..none(&home) };
    assert!(Keyring::new(sources).unlock(&seal).is_ok());
    let unreadable = KeySources { variable_file: Some(home.path().join("gone")), ..none(&home) };
    assert!(matches!(Keyring::new(unreadable.clone()).unlock(&seal), Err(KeyError::Unreadable { .. })));
    assert!(matches!(Keyring::new(unreadable).create(), Err(KeyError::Unreadable { .. })));
}

#[test]
fn a_key_file_is_made_once_and_for_its_owner_alone() {
    let home = TempDir::new().unwrap();
    let sources = none(&home);
    let (seal, _) = Keyring::new(sources.clone()).create().unwrap();
    let text = std::fs::read_to_string(sources.key_file()).unwrap();
    assert_eq!(text.trim().len(), 64);
    check_mode(&sources.key_file(), 0o600);
    check_mode(&sources.home(), 0o700);
    assert_eq!(std::fs::read_dir(sources.home()).unwrap().count(), 1, "nothing unfinished is left");
    assert!(Keyring::new(sources.clone()).unlock(&seal).is_ok());
    Keyring::new(sources.clone()).create().unwrap();
    assert_eq!(std::fs::read_to_string(sources.key_file()).unwrap(), text);
}

#[test]
fn an_empty_key_file_is_none() {
    let home = TempDir::new().unwrap();
    let sources = none(&home);
    std::fs::create_dir_all(sources.home()).unwrap();
    std::fs::write(sources.key_file(), "\n").unwrap();
    let (seal, _) = Keyring::new(sources.clone()).create().unwrap();
    assert!(Keyring::new(sources).unlock(&seal).is_ok());
}

#[test]
fn many_at_once_agree_on_one_key_file() {
    let home = TempDir::new().unwrap();
    let sources = none(&home);
    let seals: Vec<SealBlock> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Keyring::new(sources.clone()).create().unwrap().0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for seal in seals {
        assert!(Keyring::new(sources.clone()).unlock(&seal).is_ok());
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    let home = TempDir::new().unwrap();
    let pipe = home.path().join("pipe");
    make_pipe(&pipe);
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, format!("{RAW}\n")).unwrap()
    });
    let keyring = Keyring::new(KeySources { variable_file: Some(pipe), ..none(&home) });
    let (seal, _) = keyring.create().unwrap();
    writer.join().unwrap();
    assert_eq!((seal.kdf.as_str(), keyring.create().unwrap().0.kdf.as_str()), ("none", "none"));
}

#[test]
fn absurd_parameters_are_refused_before_they_cost_anything() {
    let home = TempDir::new().unwrap();
    let sources = KeySources { variable: Some(secret("correct horse")), ..none(&home) };
    let (seal, _) = Keyring::new(sources.clone()).create().unwrap();
    let text = |text: &str| Some(text.to_owned());
    for damaged in [
        SealBlock { memory_kib: Some(u64::MAX), ..seal.clone() },
        SealBlock { memory_kib: Some(4 * 1024 * 1024), ..seal.clone() },
        SealBlock { memory_kib: Some(1), ..seal.clone() },
        SealBlock { iterations: Some(1_000_000), ..seal.clone() },
        SealBlock { parallelism: Some(0), ..seal.clone() },
        SealBlock { parallelism: None, ..seal.clone() },
        SealBlock { salt: text("AA"), ..seal.clone() },
        SealBlock { salt: text("not base64!"), ..seal.clone() },
        SealBlock { salt: None, ..seal.clone() },
        SealBlock { kdf: "rot13".to_owned(), ..seal.clone() },
        SealBlock { key_id: String::new(), ..seal.clone() },
    ] {
        let keyring = Keyring::new(sources.clone());
        assert!(matches!(keyring.unlock(&damaged), Err(KeyError::DamagedSeal { .. })), "{damaged:?}");
    }
}

#[test]
fn sources_do_not_print_their_keys() {
    let home = TempDir::new().unwrap();
    let sources = KeySources { explicit: Some(secret(RAW)), variable: Some(secret("correct horse")), ..none(&home) };
    let printed = format!("{sources:?}");
    assert!(!printed.contains("horse") && !printed.contains(&RAW[..6]), "{printed}");
}

#[test]
fn a_key_that_was_replaced_opens_on_and_seals_nothing_new() {
    let home = TempDir::new().unwrap();
    let sources = none(&home);
    let keyring = Keyring::new(sources.clone());
    let (old, _) = keyring.create().unwrap();
    let new = keyring.replacement(&NewKey::Random).unwrap();
    keyring.keep(&new).unwrap();
    assert!(Keyring::new(sources.clone()).unlock(&new.seal).is_ok(), "it is found before it is the key file's");
    let earlier = keyring.adopt(&new, Some(&old.key_id)).unwrap();
    assert_eq!(earlier, Some(sources.home().join(format!("master.key.{}", old.key_id))));
    assert_eq!(Keyring::new(sources.clone()).source(&new.seal).unwrap(), KeySource::KeyFile);
    assert_eq!(Keyring::new(sources.clone()).source(&old).unwrap(), KeySource::OtherKeyFile);

    std::fs::remove_file(sources.key_file()).unwrap();
    let (fresh, _) = Keyring::new(sources.clone()).create().unwrap();
    assert_eq!(Keyring::new(sources.clone()).source(&fresh).unwrap(), KeySource::KeyFile);
    let text = std::fs::read_to_string(sources.key_file()).unwrap();
    assert!(other_key_files(&sources.home()).iter().all(|path| std::fs::read_to_string(path).unwrap() != text));
}

#[test]
fn a_key_that_nothing_is_sealed_with_is_discarded_and_no_other_file_is() {
    let home = TempDir::new().unwrap();
    let sources = none(&home);
    let keyring = Keyring::new(sources.clone());
    keyring.create().unwrap();
    let new = keyring.replacement(&NewKey::Random).unwrap();
    keyring.keep(&new).unwrap();
    for id in ["", ".", "../master.key", "new-00", new.seal.key_id.as_str()] {
        keyring.clean_up(id, false);
    }
    assert_eq!(other_key_files(&sources.home()), Vec::<PathBuf>::new());
    assert!(sources.key_file().exists());
}

#[test]
fn the_key_that_fits_is_used_from_whichever_folder_it_is_in() {
    #[derive(Debug)]
    struct Two([PathBuf; 2]);
    impl KeyFolders for Two {
        fn folders(&self) -> Vec<PathBuf> {
            self.0.to_vec()
        }
    }
    let home = TempDir::new().unwrap();
    let [one, other] = ["one", "other"].map(|name| home.path().join(name));
    let of = |folders: [&PathBuf; 2]| KeySources { folders: Arc::new(Two(folders.map(Clone::clone))), ..none(&home) };
    let (seal, _) = Keyring::new(of([&one, &other])).create().unwrap();
    let keyring = Keyring::new(of([&other, &one]));
    assert_eq!(
        (keyring.source(&seal).unwrap(), keyring.key_folder(&seal)),
        (KeySource::OtherKeyFile, Some(one.clone()))
    );
    assert!(!other.exists(), "nothing is made where a key was found");
    // A key of its own made earlier fits nothing here, and is what a new file is sealed with.
    let (its_own, _) = Keyring::new(of([&other, &one])).create().unwrap();
    let keyring = Keyring::new(of([&other, &one]));
    assert_eq!(keyring.source(&seal).unwrap(), KeySource::OtherKeyFile);
    assert_eq!(keyring.source(&its_own).unwrap(), KeySource::KeyFile);
    // Nor does what cannot be read keep the other from being found.
    std::fs::remove_file(other.join("master.key")).unwrap();
    std::fs::create_dir(other.join("master.key")).unwrap();
    assert!(Keyring::new(of([&other, &one])).unlock(&seal).is_ok());
}

#[cfg(unix)]
#[test]
fn who_holds_a_lock_waits_for_no_pipe_and_has_the_key_once_it_was_waited_for() {
    use std::io::Write;

    let home = TempDir::new().unwrap();
    let (seal, _) = Keyring::new(KeySources { variable: Some(secret(RAW)), ..none(&home) }).create().unwrap();
    let pipe = home.path().join("pipe");
    make_pipe(&pipe);
    // For reading too, so that it opens before anybody reads.
    let mut writer = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    // What is written stays until it is read.
    let _kept = std::fs::File::open(&pipe).unwrap();
    let keyring = Keyring::new(KeySources { variable_file: Some(pipe), ..none(&home) });
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            keyring.wait();
            keyring.unlock(&seal).is_ok()
        });
        assert!(without_waiting(|| keyring.unlock(&seal)).is_err());
        assert!(without_waiting(|| keyring.create()).is_err(), "no key is made in the place of one that is awaited");
        writer.write_all(RAW.as_bytes()).unwrap();
        drop(writer);
        assert!(waiting.join().unwrap(), "the key is there, and its writer was not kept from writing it");
    });
    assert!(without_waiting(|| keyring.unlock(&seal)).is_ok());
}

#[test]
fn a_folder_is_no_key_and_the_null_device_is_an_empty_one() {
    let home = TempDir::new().unwrap();
    let (seal, _) = Keyring::new(KeySources { variable: Some(secret(RAW)), ..none(&home) }).create().unwrap();
    let of = |path: &Path| Keyring::new(KeySources { variable_file: Some(path.to_owned()), ..none(&home) });
    let error = of(home.path()).unlock(&seal).err().unwrap().with_hint();
    assert!(error.contains("it is a folder, not a file") && error.contains("`CAM_MASTER_KEY_FILE`"), "{error}");
    let null = of(Path::new(crate::sys::files::NULL)).unlock(&seal);
    assert!(matches!(null, Err(KeyError::Missing { .. })), "empty means unset");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_key_and_is_not_waited_for() {
    let home = TempDir::new().unwrap();
    let (seal, _) = Keyring::new(KeySources { variable: Some(secret(RAW)), ..none(&home) }).create().unwrap();
    let pipe = home.path().join("pipe");
    make_pipe(&pipe);
    let _socket = std::os::unix::net::UnixListener::bind(home.path().join("socket")).unwrap();
    for (path, expected) in [
        (pipe, "it is a pipe that no program writes to"),
        (home.path().join("socket"), "it is a socket, not a file"),
        ("/dev/zero".into(), "it is a device, not a file"),
    ] {
        let keyring = Keyring::new(KeySources { variable_file: Some(path.clone()), ..none(&home) });
        let error = keyring.unlock(&seal).err().unwrap().with_hint();
        assert!(error.contains(expected) && error.contains("`CAM_MASTER_KEY_FILE`"), "{error}");
        assert_ne!(keyring.state(Some(&seal)), KeyState::Unlocked);
    }
}
