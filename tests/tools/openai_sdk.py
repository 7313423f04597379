"""Calls a server with the official Python SDK and prints one JSON object per call.

Takes OPENAI_BASE_URL, OPENAI_API_KEY and optionally OPENAI_MODEL; ends non-zero when a call fails.
"""

import json
import os

from openai import OpenAI

MODEL = os.environ.get("OPENAI_MODEL", "gpt-5.4")
MESSAGES = [{"role": "user", "content": "say hi"}]

client = OpenAI(max_retries=0, timeout=20)


def say(call, headers, **facts):
    names = ("x-account-label", "x-account-id", "x-retry-count", "x-request-id")
    seen = {name: headers.get(name) for name in names}
    print(json.dumps({"call": call, **facts, "headers": seen}), flush=True)


def chat():
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES)
    answer = raw.parse()
    say("chat", raw.headers, text=answer.choices[0].message.content, usage=answer.usage.model_dump())


def chat_stream(include_usage):
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES, stream=True, **options)
    text, usage, finish, chunks = "", None, None, 0
    for chunk in raw.parse():
        chunks += 1
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
        usage = chunk.usage.model_dump() if chunk.usage else usage
    name = "chat stream with usage" if include_usage else "chat stream"
    say(name, raw.headers, text=text, usage=usage, finish=finish, chunks=chunks)
    assert finish == "stop", "the stream ended before it was whole"
    assert (usage is not None) == include_usage, "usage is sent to those who ask for it"


def responses():
    raw = client.responses.with_raw_response.create(model=MODEL, input="say hi")
    answer = raw.parse()
    say("responses", raw.headers, text=answer.output_text, usage=answer.usage.model_dump(), status=answer.status)


def responses_stream():
    raw = client.responses.with_raw_response.create(model=MODEL, input=MESSAGES, stream=True)
    text, events, last = "", [], None
    for event in raw.parse():
        if event.type == "response.output_text.delta":
            text += event.delta
        if not events or events[-1] != event.type:
            events.append(event.type)
        last = event
    say("responses stream", raw.headers, text=text, events=events, usage=last.response.usage.model_dump())
    assert last.type == "response.completed", "the stream ended before it was whole"
    assert last.response.output_text == text, "the deltas make the text"


def embeddings():
    raw = client.embeddings.with_raw_response.create(model="text-embedding-3-small", input=["hi", "ho"])
    answer = raw.parse()
    say("embeddings", raw.headers, lengths=[len(each.embedding) for each in answer.data])


def models():
    raw = client.models.with_raw_response.list()
    say("models", raw.headers, ids=[model.id for model in raw.parse().data])


chat()
chat_stream(include_usage=False)
chat_stream(include_usage=True)
responses()
responses_stream()
embeddings()
models()
