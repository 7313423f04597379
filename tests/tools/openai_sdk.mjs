// Calls a server with the official JavaScript SDK and prints one JSON object per call.
//
// Takes OPENAI_BASE_URL, OPENAI_API_KEY and optionally OPENAI_MODEL; ends non-zero when a call fails.

import assert from "node:assert/strict";
import OpenAI from "openai";

const model = process.env.OPENAI_MODEL ?? "gpt-5.4";
const messages = [{ role: "user", content: "say hi" }];
const client = new OpenAI({ maxRetries: 0, timeout: 20_000 });

function say(call, response, facts) {
  const names = ["x-account-label", "x-account-id", "x-retry-count", "x-request-id"];
  const headers = Object.fromEntries(names.map((name) => [name, response.headers.get(name)]));
  console.log(JSON.stringify({ call, ...facts, headers }));
}

async function chat() {
  const { data, response } = await client.chat.completions.create({ model, messages }).withResponse();
  say("chat", response, { text: data.choices[0].message.content, usage: data.usage });
}

async function chatStream(includeUsage) {
  const options = includeUsage ? { stream_options: { include_usage: true } } : {};
  const ask = { model, messages, stream: true, ...options };
  const { data, response } = await client.chat.completions.create(ask).withResponse();
  let text = "";
  let usage = null;
  let finish = null;
  let chunks = 0;
  for await (const chunk of data) {
    chunks += 1;
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? "";
      finish = choice.finish_reason ?? finish;
    }
    usage = chunk.usage ?? usage;
  }
  say(includeUsage ? "chat stream with usage" : "chat stream", response, { text, usage, finish, chunks });
  assert.equal(finish, "stop", "the stream ended before it was whole");
  assert.equal(usage !== null, includeUsage, "usage is sent to those who ask for it");
}

async function responses() {
  const { data, response } = await client.responses.create({ model, input: "say hi" }).withResponse();
  say("responses", response, { text: data.output_text, usage: data.usage, status: data.status });
}

async function responsesStream() {
  const ask = { model, input: messages, stream: true };
  const { data, response } = await client.responses.create(ask).withResponse();
  let text = "";
  const events = [];
  let last;
  for await (const event of data) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (events.at(-1) !== event.type) events.push(event.type);
    last = event;
  }
  say("responses stream", response, { text, events, usage: last?.response?.usage });
  assert.equal(last?.type, "response.completed", "the stream ended before it was whole");
}

async function embeddings() {
  const ask = { model: "text-embedding-3-small", input: ["hi", "ho"] };
  const { data, response } = await client.embeddings.create(ask).withResponse();
  say("embeddings", response, { lengths: data.data.map((each) => each.embedding.length) });
}

async function models() {
  const { data, response } = await client.models.list().withResponse();
  say("models", response, { ids: data.data.map((each) => each.id) });
}

await chat();
await chatStream(false);
await chatStream(true);
await responses();
await responsesStream();
await embeddings();
await models();
