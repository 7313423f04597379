//! `/v1/embeddings`: unit vectors that follow from the input's place alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::errors;
use crate::reply::Reply;
use crate::words::mixed;

#[derive(Deserialize)]
struct Ask {
    model: Option<String>,
    input: Option<Value>,
    encoding_format: Option<String>,
    dimensions: Option<usize>,
}

pub(super) fn create(call: &Call) -> Reply {
    let Ok(ask) = serde_json::from_slice::<Ask>(call.body) else {
        return errors::not_json();
    };
    let Some(model) = ask.model else {
        return errors::no_model();
    };
    let inputs = match ask.input {
        Some(Value::String(_)) => 1,
        Some(Value::Array(inputs)) if inputs.first().is_some_and(Value::is_number) => 1,
        Some(Value::Array(inputs)) if !inputs.is_empty() => inputs.len(),
        _ => return Reply::invalid(None, Some("input"), "'$.input' is invalid. Please check the API reference."),
    };
    let dimensions = ask.dimensions.unwrap_or(if model.ends_with("large") { 3072 } else { 1536 }).clamp(1, 3072);
    let base64 = ask.encoding_format.as_deref() == Some("base64");
    let data: Vec<Value> = (0..inputs)
        .map(|index| {
            let vector = vector(index, dimensions);
            let embedding = if base64 {
                json!(STANDARD.encode(vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>()))
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let tokens = call.usage().input;
    let usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
    Reply::json(200, &json!({ "object": "list", "data": data, "model": model, "usage": usage }))
}

/// A vector of length one whose components differ in sign only.
fn vector(index: usize, dimensions: usize) -> Vec<f32> {
    let size = 1.0 / f32::from(u16::try_from(dimensions).unwrap_or(u16::MAX)).sqrt();
    let signs = (0..dimensions).map(|at| mixed((index * dimensions + at) as u64) & 1 == 0);
    signs.map(|positive| if positive { size } else { -size }).collect()
}
