//! A key that a person still types must not keep others from the accounts file.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::Pool;
use crate::support::keys::random_key;
use crate::support::sandbox::output;

#[test]
fn while_one_process_waits_for_its_key_the_others_change_the_file() {
    let pool = Pool::new(0);
    let pipe = pool.sandbox.path("pipe");
    assert!(pool.sandbox.program("mkfifo").arg(&pipe).status().unwrap().success());
    let mut adding = pool.sandbox.command(&["add", "late", "--key-stdin"]);
    adding.env_remove("CAM_MASTER_KEY").env("CAM_MASTER_KEY_FILE", &pipe);
    let mut adding = adding.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(adding.stdin.take().unwrap(), "{}", random_key()).unwrap();
    // This returns when the other end is open: the process waits for its key from now on.
    let mut key = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    let mut other = pool.sandbox.command(&["add", "early", "--key-stdin"]);
    other.env("CAM_MASTER_KEY", "horse battery");
    output(other, format!("{}\n", random_key()).as_bytes()).ok();
    key.write_all(b"horse battery").unwrap();
    drop(key);
    let added = adding.wait_with_output().unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let mut listing = pool.sandbox.command(&["list", "--json"]);
    listing.env("CAM_MASTER_KEY", "horse battery");
    let accounts = output(listing, b"").ok().json()["accounts"].clone();
    let labels: Vec<_> = accounts.as_array().unwrap().iter().map(|account| account["label"].clone()).collect();
    assert_eq!(labels, [json!("early"), json!("late")]);
}
