// Makes the calls that are named in the arguments and prints what came of each, an error included, as a JSON object.
//
// Takes OPENAI_BASE_URL and OPENAI_API_KEY; ends with 0 whatever came. Retries are the SDK's own.

import OpenAI from "openai";

const model = "gpt-5.4";
const messages = [{ role: "user", content: "say hi" }];
const client = new OpenAI({ timeout: 20_000 });

const calls = {
  chat: async function* () {
    yield (await client.chat.completions.create({ model, messages })).choices[0].message.content;
  },
  "chat stream": async function* () {
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
      for (const choice of chunk.choices) yield choice.delta.content ?? "";
    }
  },
  responses: async function* () {
    yield (await client.responses.create({ model, input: "say hi" })).output_text;
  },
  "responses stream": async function* () {
    for await (const event of await client.responses.create({ model, input: "say hi", stream: true })) {
      if (event.type === "response.output_text.delta") yield event.delta;
    }
  },
};

for (const call of process.argv.slice(2)) {
  let text = "";
  let error = null;
  try {
    for await (const piece of calls[call]()) text += piece;
  } catch (caught) {
    error = caught;
  }
  const { status = null, code = null } = error ?? {};
  console.log(JSON.stringify({ text, error: error?.constructor.name ?? null, status, code }));
}
