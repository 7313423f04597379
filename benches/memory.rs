//! The most memory a sidecar ever holds, whatever it is sent: each case has a sidecar of its own.
//!
//! `cargo bench --profile dist --bench memory`; another binary by `CAM_BIN=PATH`; a word picks the cases
//! that have it in their name.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints a table and writes its accounts")]

mod support {
    pub mod binary;
    pub mod framing;
    pub mod home;
    pub mod hostile;
    pub mod memory;
    pub mod sidecar;
    pub mod system;
    pub mod table;
}

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use support::home::Home;
use support::hostile::{self, Answers};
use support::memory;
use support::sidecar::Sidecar;
use support::table::{Table, number};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What the product promises.
const AIM: f64 = 192.0;

/// How long a case goes on when nothing ends it.
const LASTS: Duration = Duration::from_secs(12);

const MEGABYTE: usize = 1024 * 1024;

/// Whose accounts serve.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pool {
    Key,
    Login,
}

/// So many requests at once, each of so many bytes.
struct Case {
    name: &'static str,
    pool: Pool,
    answers: Answers,
    path: &'static str,
    stream: bool,
    requests: usize,
    bytes: usize,
}

const RESPONSES: &str = "/v1/responses";

const CASES: [Case; 9] = [
    Case {
        name: "24 bodies of 15.5 MB, login",
        pool: Pool::Login,
        answers: Answers::Nothing,
        path: RESPONSES,
        stream: false,
        requests: 24,
        bytes: 31 * MEGABYTE / 2,
    },
    Case {
        name: "24 bodies of 15.5 MB, key",
        pool: Pool::Key,
        answers: Answers::Nothing,
        path: RESPONSES,
        stream: false,
        requests: 24,
        bytes: 31 * MEGABYTE / 2,
    },
    Case {
        name: "24 bodies of 60 MB, key",
        pool: Pool::Key,
        answers: Answers::Nothing,
        path: RESPONSES,
        stream: false,
        requests: 24,
        bytes: 60 * MEGABYTE,
    },
    Case {
        name: "250 bodies of 1 MB, login",
        pool: Pool::Login,
        answers: Answers::Nothing,
        path: RESPONSES,
        stream: false,
        requests: 250,
        bytes: MEGABYTE - 1024,
    },
    Case {
        name: "8 endless answers collected",
        pool: Pool::Login,
        answers: Answers::Items,
        path: RESPONSES,
        stream: false,
        requests: 8,
        bytes: 1024,
    },
    Case {
        name: "24 endless answers streamed",
        pool: Pool::Login,
        answers: Answers::Items,
        path: RESPONSES,
        stream: true,
        requests: 24,
        bytes: 1024,
    },
    Case {
        name: "24 endless answers to chat",
        pool: Pool::Login,
        answers: Answers::Items,
        path: "/v1/chat/completions",
        stream: true,
        requests: 24,
        bytes: 1024,
    },
    Case {
        name: "24 endless lines, login",
        pool: Pool::Login,
        answers: Answers::Line,
        path: RESPONSES,
        stream: true,
        requests: 24,
        bytes: 1024,
    },
    Case {
        name: "24 endless lines, key",
        pool: Pool::Key,
        answers: Answers::Line,
        path: RESPONSES,
        stream: true,
        requests: 24,
        bytes: 1024,
    },
];

impl Case {
    fn body(&self) -> String {
        let words = if self.path == RESPONSES { "input" } else { "messages" };
        let mut body = json!({ "model": "gpt-5.4", "stream": self.stream, words: [{ "role": "user", "content": "" }] });
        let padding = self.bytes.saturating_sub(body.to_string().len());
        body[words][0]["content"] = "x".repeat(padding).into();
        body.to_string()
    }
}

fn main() -> io::Result<()> {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut table = Table::new(&["", "answered", "most resident, MB", "aim"]);
    for case in CASES.iter().filter(|case| word.as_ref().is_none_or(|word| case.name.contains(word.as_str()))) {
        let (answered, most) = runtime.block_on(run(case))?;
        table.row(vec![case.name.to_owned(), answered, number(most, 0), number(AIM, 0)]);
    }
    println!("{table}");
    Ok(())
}

/// How the requests were answered, and the most memory that was resident.
async fn run(case: &Case) -> io::Result<(String, f64)> {
    let upstream = hostile::serve(case.answers).await?;
    let home = Home::new()?;
    let mut command = match case.pool {
        Pool::Key => {
            home.add("bench", "sk-bench-0123456789abcdef0123456789", &format!("http://{upstream}"))?;
            home.command()
        }
        Pool::Login => {
            std::fs::write(&home.accounts_file, login())?;
            let mut command = home.command();
            command.env("CAM_CHATGPT_BASE_URL", format!("http://{upstream}"));
            command
        }
    };
    command.args(["sidecar", "--set", "polling.enabled=false"]);
    let mut sidecar = Sidecar::spawn(command)?;
    let (address, key) = sidecar.ready()?;
    if let Some(mut stdout) = sidecar.stdout.take() {
        // Notifications nobody reads would fill the pipe.
        std::thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
    }
    let body = std::sync::Arc::new(case.body());
    let mut tasks = JoinSet::new();
    for _ in 0..case.requests {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            case.path,
            body.len()
        );
        let body = std::sync::Arc::clone(&body);
        tasks.spawn(async move { tokio::time::timeout(LASTS, ask(address, head, &body)).await });
    }
    let mut statuses = std::collections::BTreeMap::<String, u32>::new();
    while let Some(task) = tasks.join_next().await {
        let status = match task.map_err(io::Error::other)? {
            Ok(Ok(status)) => status,
            Ok(Err(_)) => "cut".to_owned(),
            Err(_) => "open".to_owned(),
        };
        *statuses.entry(status).or_default() += 1;
    }
    let answered: Vec<_> = statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    Ok((answered.join(", "), memory::megabytes(sidecar.pid(), &["VmHWM:"]).unwrap_or(f64::NAN)))
}

/// Sends a request, reads its answer to the end without keeping it, and tells its status.
async fn ask(address: SocketAddr, head: String, body: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    let mut buffer = vec![0; 64 * 1024];
    let read = socket.read(&mut buffer).await?;
    let status = buffer[..read].get(9..12).map(|status| String::from_utf8_lossy(status).into_owned());
    if status.as_deref() == Some("200") {
        while socket.read(&mut buffer).await? > 0 {}
    }
    status.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// An accounts file with a login whose token holds.
fn login() -> String {
    let account = json!({
        "id": "bench", "kind": "chatgpt", "email": "bench@example.com", "accountId": "workspace", "plan": "plus",
        "accessToken": "bench-access-0123456789", "refreshToken": "bench-refresh-0123456789",
        "accessExpiresAt": 4_102_444_800_000_i64, "addedAt": 1_700_000_000_000_i64, "lastUsed": 0,
    });
    json!({ "version": 3, "accounts": [account], "activeIndex": 0, "activeIndexByFamily": {} }).to_string()
}
