//! What a person far from the provider waits for: over TLS, 25 ms away in each direction. A round trip is 50 ms, and less than
//! one cannot be had.
//!
//! `cargo bench --bench network`; another binary by `CAM_BIN=PATH`, another silence than 60 s by `CAM_BENCH_SILENCE=SECONDS`,
//! openai-python without a proxy beside it by `CAM_TEST_PYTHON=PATH`, and the real Codex with and without ours by
//! `CAM_BENCH_CODEX=PATH`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints a table and writes a certificate")]

mod support {
    pub mod binary;
    pub mod clock;
    pub mod codex;
    pub mod figures;
    pub mod home;
    pub mod memory;
    pub mod relay;
    pub mod sidecar;
    pub mod system;
    pub mod table;
}

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::Value;
use simulated_openai::api::SimulatedOpenAi;
use simulated_openai::{Answer, LimitKind, Secure, Wait};
use support::codex::{self, Provider};
use support::figures::median;
use support::home::Home;
use support::sidecar::Sidecar;
use support::table::{Table, number};
use support::{clock, memory, relay, system};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ONE_WAY: Duration = Duration::from_millis(25);
const ROUNDS: usize = 5;
const CODEX_ROUNDS: usize = 3;
const AT_ONCE: usize = 8;
const KEYS: [&str; 2] = ["sk-bench-network-one-0123456789", "sk-bench-network-two-0123456789"];

/// What openai-python needs without a proxy: the same questions, and the same silence.
const PYTHON: &str = r"
import json, sys, time, concurrent.futures, openai
try:
    import httpx
except ImportError:
    import httpx2 as httpx
base, key, authority, silence = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
def client():
    return openai.OpenAI(api_key=key, base_url=base + '/v1', max_retries=0, http_client=httpx.Client(verify=authority))
def ask(client):
    began = time.perf_counter()
    client.chat.completions.create(model='gpt-5.4', messages=[{'role': 'user', 'content': 'x' * 900}])
    return (time.perf_counter() - began) * 1e3
def at_once(client):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return max(pool.map(lambda _: ask(client), range(8)))
middle = lambda values: sorted(values)[len(values) // 2]
first, kept, several = [], [], []
for _ in range(5):
    one = client()
    first.append(ask(one)); kept.append(ask(one)); several.append(at_once(one))
time.sleep(silence)
print(json.dumps({'first': middle(first), 'kept': middle(kept), 'several': middle(several), 'later': ask(one)}))
";

/// A provider that is far away.
struct Far {
    upstream: SimulatedOpenAi,
    base_url: String,
    folder: TempDir,
}

/// A sidecar with both keys, of which the first is in use.
struct Ours {
    sidecar: Sidecar,
    address: SocketAddr,
    key: String,
    _home: Home,
}

fn main() -> io::Result<()> {
    let silence = system::variable("CAM_BENCH_SILENCE").and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut table =
        Table::new(&["ms at 50 ms there and back", "ours, HTTP/2", "ours, HTTP/1.1", "openai-python", "aim"]);
    let http2 = measure(&Far::new(Secure::http2())?, silence)?;
    let far = Far::new(Secure::http1())?;
    let http1 = measure(&far, silence)?;
    let python =
        system::variable("CAM_TEST_PYTHON").map(|python| direct(Path::new(&python), &far, silence)).transpose()?;
    let of_python = |name: &str| python.as_ref().and_then(|python| python[name].as_f64()).unwrap_or(f64::NAN);
    for (at, (name, python, aim)) in [
        ("the first request after the start".to_owned(), of_python("first"), "54"),
        ("the next one".to_owned(), of_python("kept"), "54"),
        (format!("a request after {silence} s of silence"), of_python("later"), "54"),
        (format!("{AT_ONCE} at once, the last of them"), of_python("several"), "54"),
        ("a failover after a 429, both attempts".to_owned(), f64::NAN, "104"),
        ("resident after that, MB".to_owned(), f64::NAN, ""),
    ]
    .into_iter()
    .enumerate()
    {
        table.row(vec![name, number(http2[at], 1), number(http1[at], 1), number(python, 1), aim.to_owned()]);
    }
    println!("{table}");
    if let Some(codex) = system::variable("CAM_BENCH_CODEX") {
        println!("{}", by_codex(OsStr::new(&codex), silence)?);
    }
    Ok(())
}

/// What the real Codex waits for, with and without ours.
fn by_codex(codex: &OsStr, silence: u64) -> io::Result<Table> {
    let mut table = Table::new(&["the real Codex, ms", "by ours", "directly"]);
    let far = Far::new(Secure::http2())?;
    let authority = far.authority();
    let [mut by_ours, mut direct] = [const { [const { Vec::new() }; 2] }; 2];
    for _ in 0..CODEX_ROUNDS {
        let ours = Ours::start(&far)?;
        let near = format!("http://{}/v1", ours.address);
        let beyond = format!("{}/v1", far.base_url);
        for (waits, base_url, key) in [(&mut by_ours, &near, &*ours.key), (&mut direct, &beyond, KEYS[0])] {
            far.upstream.script(KEYS[0], codex::tool(silence));
            let found = codex::waits(codex, &Provider { base_url, key, authority: &authority })?;
            waits.iter_mut().zip(found).for_each(|(waits, found)| waits.push(found));
        }
    }
    for (at, name) in ["from the question to the tool", "from the tool's end to the last word"].into_iter().enumerate()
    {
        table.row(vec![name.to_owned(), number(median(&by_ours[at]), 0), number(median(&direct[at]), 0)]);
    }
    Ok(table)
}

impl Far {
    fn new(secure: Secure) -> io::Result<Far> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("ca.pem"), secure.authority())?;
        let upstream = SimulatedOpenAi::start_secured_on_thread(Arc::new(secure))?;
        for key in KEYS {
            upstream.add_key(key);
        }
        let near = upstream.base_url();
        let near = near.trim_start_matches("https://").parse().map_err(io::Error::other)?;
        Ok(Far { upstream, base_url: format!("https://{}", relay::start(near, ONE_WAY)?), folder })
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Ours {
    fn start(far: &Far) -> io::Result<Ours> {
        let home = Home::new()?;
        for (at, key) in KEYS.iter().enumerate() {
            home.add(&format!("bench {at}"), key, &far.base_url)?;
        }
        let mut command = home.command();
        command.arg("sidecar").env("SSL_CERT_FILE", far.authority());
        let mut sidecar = Sidecar::spawn(command)?;
        let (address, key) = sidecar.ready()?;
        if let Some(mut stdout) = sidecar.stdout.take() {
            // Notifications nobody reads would fill the pipe.
            std::thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
        }
        Ok(Ours { sidecar, address, key, _home: home })
    }

    /// How long one answer takes, in ms.
    async fn ask(&self) -> io::Result<f64> {
        let body = format!(r#"{{"model":"gpt-5.4","messages":[{{"role":"user","content":"{}"}}]}}"#, "x".repeat(900));
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).await?;
        let began = clock::now();
        connection.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        if !answer.starts_with(b"HTTP/1.1 200 ") {
            return Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
        }
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }
}

/// The rows of the table, in their order.
fn measure(far: &Far, silence: u64) -> io::Result<[f64; 6]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let [mut first, mut next, mut several, mut failover] = [const { Vec::new() }; 4];
        let (mut later, mut resident) = (f64::NAN, f64::NAN);
        for round in 0..ROUNDS {
            let ours = Ours::start(far)?;
            // An agent that was started with it has something to say soon, and not at once.
            tokio::time::sleep(Duration::from_millis(300)).await;
            first.push(ours.ask().await?);
            next.push(ours.ask().await?);
            let at_once = try_join_all((0..AT_ONCE).map(|_| ours.ask())).await?;
            several.push(at_once.into_iter().fold(0.0, f64::max));
            if round == 0 {
                tokio::time::sleep(Duration::from_secs(silence)).await;
                later = ours.ask().await?;
            }
            let limit =
                Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(60)), kind: LimitKind::Tokens };
            far.upstream.script(KEYS[0], limit);
            failover.push(ours.ask().await?);
            resident = memory::megabytes(ours.sidecar.pid(), &["Rss:"]).unwrap_or(f64::NAN);
        }
        Ok([median(&first), median(&next), later, median(&several), median(&failover), resident])
    })
}

/// The same without a proxy.
fn direct(python: &Path, far: &Far, silence: u64) -> io::Result<Value> {
    let mut command = system::program(python);
    command.args(["-c", PYTHON, &far.base_url, KEYS[1]]).arg(far.authority()).arg(silence.to_string());
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(io::Error::other)
}
