//! Thousands of accounts: how long a start, an import and a list take, and what a request costs among them.
#![expect(clippy::disallowed_methods, reason = "the file to import is written as another program would")]

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::clock;
use super::door::Door;
use super::figures::median;
use super::home::Home;
use super::load;
use super::sheet::Sheet;
use super::starts;
use super::timed::Extent;
use super::upstream::{KEY, Upstream};

/// With how many it is compared.
const FEW: u32 = 4;
const CONNECTIONS: usize = 16;
const STARTS: usize = 5;

/// A start and requests with many accounts, an import and a list of very many.
pub async fn rows(sheet: &mut Sheet, upstream: &Upstream, extent: &Extent) -> io::Result<()> {
    let [many, very_many] = extent.accounts;
    let (few, _) = import(FEW, upstream.free)?;
    let (home, _) = import(many, upstream.free)?;
    let started = (0..STARTS).map(|_| starts::start(&home).map(|(took, _)| took)).collect::<io::Result<Vec<f64>>>()?;
    sheet.ours(&format!("{many} accounts: exec to the initialize answer, ms"), 1, median(&started));

    let doors = [Door::open_home(few)?, Door::open_home(home)?];
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..extent.rounds {
        for (door, rates) in doors.iter().zip(&mut rates) {
            rates.push(load::flood(&door.target, CONNECTIONS, extent.flood).await?.per_second);
        }
    }
    let [few, of_many] = rates.map(|rates| median(&rates));
    sheet.ours(&format!("{many} accounts: requests/s, c={CONNECTIONS}"), 0, of_many);
    sheet.ours(&format!("{many} accounts: requests/s, of {FEW} accounts'"), 2, of_many / few);
    drop(doors);

    let (home, took) = import(very_many, upstream.free)?;
    sheet.ours(&format!("{very_many} accounts: import, ms"), 0, took);
    sheet.ours(&format!("{very_many} accounts: list, ms"), 0, starts::run(&home, "list", 3)?);
    Ok(())
}

/// A home with so many imported keys, and how many milliseconds the import took.
fn import(count: u32, upstream: SocketAddr) -> io::Result<(Home, f64)> {
    let home = Home::new()?;
    let account = |number: u32| -> Value {
        json!({
            "kind": "apiKey", "label": format!("bench {number}"), "apiKey": format!("{KEY}{number:06}"),
            "baseUrl": format!("http://{upstream}"), "addedAt": 1_700_000_000_000_i64, "lastUsed": 0,
        })
    };
    let accounts: Vec<Value> = (1..=count).map(account).collect();
    let file = json!({ "version": 3, "accounts": accounts, "activeIndex": 0, "activeIndexByFamily": {} });
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("accounts.json");
    std::fs::write(&path, file.to_string())?;
    let began = clock::now();
    let output = home.command().arg("import").arg(&path).output()?;
    let took = starts::millis_since(began);
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok((home, took))
}
