//! How soon the terminal screen is there, what it costs while nothing happens and while much does, and how late it is.
//!
//! `cargo bench --profile dist --bench screen`; `-- --quick` only tries whether it all works; another binary by
//! `CAM_BIN=PATH`. What a process costs is measured on Linux alone.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod support {
    pub mod binary;
    pub mod clock;
    pub mod connection;
    pub mod figures;
    pub mod framing;
    pub mod home;
    pub mod memory;
    pub mod processor;
    pub mod screen;
    pub mod sidecar;
    pub mod system;
    pub mod table;
}

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use codex_account_manager::clock;
use serde_json::json;
use simulated_openai::api::SimulatedOpenAi;
use support::connection::Connection;
use support::figures::{median, quantile};
use support::home::Home;
use support::screen::Screen;
use support::sidecar::Sidecar;
use support::table::{Table, number};
use support::{memory, processor};

/// Columns and rows: enough for accounts and decisions side by side.
const SIZE: (u16, u16) = (120, 40);
const ACCOUNTS: usize = 3;
/// Decisions a second.
const RATE: u32 = 100;

/// How much is measured.
struct Extent {
    starts: usize,
    idle: Duration,
    busy: Duration,
    decisions: u32,
}

const FULL: Extent = Extent { starts: 20, idle: Duration::from_secs(20), busy: Duration::from_secs(20), decisions: 40 };
const QUICK: Extent = Extent { starts: 2, idle: Duration::from_secs(1), busy: Duration::from_secs(1), decisions: 3 };

fn main() -> io::Result<()> {
    let extent = if std::env::args().any(|argument| argument == "--quick") { QUICK } else { FULL };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&extent))
}

async fn measure(extent: &Extent) -> io::Result<()> {
    let upstream = SimulatedOpenAi::start_on_thread()?;
    upstream.traffic().set_recording(false);
    let home = Home::new()?;
    for number in 1..=ACCOUNTS {
        let key = format!("sk-bench-{number:032}");
        upstream.add_key(&key);
        home.add(&format!("bench {number}"), &key, &upstream.base_url())?;
    }
    let mut command = home.command();
    command.arg("sidecar");
    let mut sidecar = Sidecar::spawn(command)?;
    let (address, key) = sidecar.ready()?;
    if let Some(mut stdout) = sidecar.stdout.take() {
        // Notifications nobody reads would fill the pipe.
        std::thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
    }
    let mut client = Connection::open(address).await?;
    // The first builds the connection behind the proxy and the ledger.
    ask(&mut client, address, &key, "warm-up").await?;

    let mut starts = Vec::new();
    for _ in 0..extent.starts {
        starts.push(start(&home)?.0);
    }
    let (_, screen) = start(&home)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = share_of_a_core(&screen, tokio::time::sleep(extent.idle)).await;
    let at_rest = memory::megabytes(screen.pid(), &["Rss:"]).unwrap_or(f64::NAN);

    let mut late = Vec::new();
    for at in 0..extent.decisions {
        // At no fixed distance from whatever the screen does once a second.
        tokio::time::sleep(Duration::from_millis(300) + Duration::from_millis(37) * (at % 20)).await;
        late.push(latency(&screen, &mut client, address, &key, &format!("m-{at}")).await?);
    }
    let (began, used) = (clock::instant(), processor::seconds(sidecar.pid()));
    let mut served = Ok(0);
    let busy = share_of_a_core(&screen, async { served = decide(extent.busy, &mut client, address, &key).await }).await;
    let watched = (processor::seconds(sidecar.pid()) - used) / began.elapsed().as_secs_f64() * 100.0;
    let most = memory::megabytes(screen.pid(), &["VmHWM:"]).unwrap_or(f64::NAN);
    println!("{} decisions in {} s", served?, extent.busy.as_secs());

    let mut table = Table::new(&["", "median", "best", "worst", "limit"]);
    let mut spread = |name: &str, values: &[f64], limit: &str| {
        let figures = [median(values), quantile(values, 0.0), quantile(values, 1.0)].map(|value| number(value, 1));
        table.row([name.to_owned()].into_iter().chain(figures).chain([limit.to_owned()]).collect());
    };
    spread("exec to the first frame with the accounts, ms", &starts, "50");
    spread("request sent to its decision on the screen, ms", &late, "200");
    let mut single = |name: &str, value: f64, limit: &str| {
        table.row(vec![name.to_owned(), number(value, 2), String::new(), String::new(), limit.to_owned()]);
    };
    single("nothing happens, % of a core", idle, "0.5");
    single(&format!("{RATE} decisions a second, % of a core"), busy, "3");
    single("the sidecar that decides and is watched, % of a core", watched, "");
    single("resident while nothing happens, MB", at_rest, "24");
    single("resident at most, MB", most, "24");
    println!("{table}");
    Ok(())
}

/// Starts a screen; how long it took until it showed the accounts, in milliseconds.
fn start(home: &Home) -> io::Result<(f64, Screen)> {
    let began = clock::instant();
    let screen = Screen::spawn(&home.command(), SIZE)?;
    let shown = screen.wait_for(&format!("bench {ACCOUNTS}"))?;
    Ok((shown.duration_since(began).as_secs_f64() * 1e3, screen))
}

/// Which part of a core the screen's process used meanwhile, in percent.
async fn share_of_a_core(screen: &Screen, meanwhile: impl Future<Output = ()>) -> f64 {
    let (began, used) = (clock::instant(), processor::seconds(screen.pid()));
    meanwhile.await;
    (processor::seconds(screen.pid()) - used) / began.elapsed().as_secs_f64() * 100.0
}

/// How long after its request was sent a decision was on the screen, in milliseconds.
async fn latency(
    screen: &Screen,
    client: &mut Connection,
    address: SocketAddr,
    key: &str,
    model: &str,
) -> io::Result<f64> {
    let began = clock::instant();
    ask(client, address, key, model).await?;
    let shown = screen.wait_for(&format!("{model} "))?;
    Ok(shown.duration_since(began).as_secs_f64() * 1e3)
}

/// Sends requests at the rate; how many were answered.
async fn decide(time: Duration, client: &mut Connection, address: SocketAddr, key: &str) -> io::Result<u32> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    let began = clock::instant();
    let mut served = 0;
    while began.elapsed() < time {
        ticks.tick().await;
        ask(client, address, key, "gpt-5.4").await?;
        served += 1;
    }
    Ok(served)
}

async fn ask(client: &mut Connection, address: SocketAddr, key: &str, model: &str) -> io::Result<()> {
    let body = json!({ "model": model, "input": "hello" }).to_string();
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let status = client.ask((head + &body).as_bytes()).await?;
    match (status, client.header("x-account-id")) {
        (200, Some(_)) => Ok(()),
        (status, account) => Err(io::Error::other(format!("answered {status} by {account:?}"))),
    }
}
