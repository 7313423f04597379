//! What an agent does in the demo: it asks through its own proxy and listens to the stream.

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::stage::text;
use crate::clock;

/// What an agent asks for.
pub struct Question<'q> {
    /// The model.
    pub model: &'q str,
    /// Its text.
    pub input: &'q str,
}

/// What an agent got.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whose answer it is.
    pub label: String,
    /// Attempts before it.
    pub retries: u64,
    /// The text, put together.
    pub text: String,
    /// In how many pieces it came.
    pub pieces: usize,
    /// When the first came.
    pub first_ms: u128,
    /// The body, when it was no stream.
    pub body: Value,
}

/// What agents ask with.
pub fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(crate::upstream::bundled_tls())
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}

/// Asks through the agent's own proxy and listens to the stream.
pub async fn ask(client: &reqwest::Client, info: &Value, question: &Question<'_>) -> Result<Answer, String> {
    ask_and_show(client, info, question, |_| {}).await
}

/// The same, with somebody who looks at each piece as it comes.
pub async fn ask_and_show(
    client: &reqwest::Client,
    info: &Value,
    question: &Question<'_>,
    show: impl Fn(&Answer),
) -> Result<Answer, String> {
    let began = clock::instant();
    let response = client
        .post(format!("{}/responses", text(&info["proxy"]["baseUrl"])))
        .bearer_auth(text(&info["proxy"]["apiKey"]))
        .json(&json!({"model": question.model, "input": question.input, "stream": true}))
        .send()
        .await
        .map_err(|error| error.to_string())?;
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut answer = Answer {
        status: response.status().as_u16(),
        label: header("x-account-label"),
        retries: header("x-retry-count").parse().unwrap_or_default(),
        text: String::new(),
        pieces: 0,
        first_ms: 0,
        body: Value::Null,
    };
    let mut stream = response.bytes_stream();
    let mut received = Vec::new();
    while let Some(bytes) = stream.next().await {
        received.extend_from_slice(&bytes.map_err(|error| error.to_string())?);
        while let Some(end) = received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = received.drain(..=end).collect();
            let Some(event) = line.strip_prefix(b"data: ").and_then(|data| serde_json::from_slice::<Value>(data).ok())
            else {
                continue;
            };
            if event["type"] == "response.output_text.delta" {
                if answer.pieces == 0 {
                    answer.first_ms = clock::instant().duration_since(began).as_millis();
                }
                answer.pieces += 1;
                answer.text.push_str(text(&event["delta"]));
                show(&answer);
            }
        }
    }
    answer.body = serde_json::from_slice(&received).unwrap_or_default();
    Ok(answer)
}
