"""Makes the calls that are named in the arguments and prints what came of each, an error included, as a JSON object.

Takes OPENAI_BASE_URL and OPENAI_API_KEY; ends with 0 whatever came. Retries are the SDK's own.
"""

import json
import sys

import openai

MESSAGES = [{"role": "user", "content": "say hi"}]


def chat(client):
    yield client.chat.completions.create(model="gpt-5.4", messages=MESSAGES).choices[0].message.content


def chat_stream(client):
    for chunk in client.chat.completions.create(model="gpt-5.4", messages=MESSAGES, stream=True):
        for choice in chunk.choices:
            yield choice.delta.content or ""


def responses(client):
    yield client.responses.create(model="gpt-5.4", input="say hi").output_text


def responses_stream(client):
    for event in client.responses.create(model="gpt-5.4", input="say hi", stream=True):
        if event.type == "response.output_text.delta":
            yield event.delta


CALLS = {"chat": chat, "chat stream": chat_stream, "responses": responses, "responses stream": responses_stream}

for call in sys.argv[1:]:
    text, error, status, code = "", None, None, None
    try:
        for piece in CALLS[call](openai.OpenAI(timeout=20)):
            text += piece
    except Exception as caught:
        error = type(caught).__name__
        status, code = getattr(caught, "status_code", None), getattr(caught, "code", None)
    print(json.dumps({"text": text, "error": error, "status": status, "code": code}))
