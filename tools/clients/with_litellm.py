"""LiteLLM's SDK before a gateway: each feature once, told as a line of JSON."""

from __future__ import annotations

import json
import os
from typing import Any

# What this file imports is installed only in the environment it is run in.
import litellm  # type: ignore[import-not-found]

GATEWAY = os.environ["GATEWAY"]
HEADERS = json.loads(os.environ["HEADERS"])


def ask(messages: list[Any], **more: Any) -> Any:
    """One call of the SDK's."""
    return litellm.completion(
        model="anthropic/claude-opus-5-5",
        api_base=GATEWAY,
        api_key="sk-test",
        extra_headers=HEADERS,
        max_tokens=900,
        num_retries=2,
        messages=messages,
        **more,
    )


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def tell(feature: str, text: str, model: str = "") -> None:
    """One line of JSON."""
    print(json.dumps({"feature": feature, "text": text, "model": model}))


def user(text: str) -> list[Any]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


def main() -> None:
    """Each feature once."""
    answer = ask(user("plain?"))
    tell("plain", answer.choices[0].message.content, answer.model)

    pieces = ask(user("stream?"), stream=True)
    tell("stream", "".join(piece.choices[0].delta.content or "" for piece in pieces))

    history = user("weather?")
    called = ask(history, tools=[WEATHER]).choices[0].message
    history.append(called)
    for call in called.tool_calls:
        city = json.loads(call.function.arguments)["city"]
        history.append({"role": "tool", "tool_call_id": call.id, "content": f"sunny in {city}"})
    tell("tools", ask(history, tools=[WEATHER]).choices[0].message.content)

    tell("busy", ask(user("busy?")).choices[0].message.content)
    try:
        ask(user("refuse?"))
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is told
        tell("refused", f"{type(error).__name__}: {error}")


main()
