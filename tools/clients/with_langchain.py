"""LangChain before a gateway: each feature once, told as a line of JSON."""

from __future__ import annotations

import json
import os
from typing import Any

# What this file imports is installed only in the environment it is run in.
from langchain_anthropic import ChatAnthropic  # type: ignore[import-not-found]
from langchain_core.messages import HumanMessage, ToolMessage  # type: ignore[import-not-found]
from langchain_core.tools import tool  # type: ignore[import-not-found]

GATEWAY = os.environ["GATEWAY"]
HEADERS = json.loads(os.environ["HEADERS"])

chat = ChatAnthropic(
    model="claude-opus-5-5",
    base_url=GATEWAY,
    api_key="sk-test",
    max_tokens=900,
    default_headers=HEADERS,
)


@tool  # type: ignore[untyped-decorator]
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"sunny in {city}"


def says(message: Any) -> str:
    """The text of an answer, without its thinking."""
    if isinstance(message.content, str):
        return str(message.content)
    return "".join(block["text"] for block in message.content if block["type"] == "text")


def tell(feature: str, text: str, model: str = "") -> None:
    """One line of JSON."""
    print(json.dumps({"feature": feature, "text": text, "model": model}))


def main() -> None:
    """Each feature once."""
    answer = chat.invoke("plain?")
    tell("plain", says(answer), answer.response_metadata["model_name"])

    tell("stream", "".join(says(piece) for piece in chat.stream("stream?")))

    history: list[Any] = [HumanMessage("weather?")]
    history.append(chat.bind_tools([weather]).invoke(history))
    history += [
        ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])
        for call in history[-1].tool_calls
    ]
    tell("tools", says(chat.bind_tools([weather]).invoke(history)))

    tell("busy", says(chat.invoke("busy?")))
    try:
        chat.invoke("refuse?")
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is told
        tell("refused", f"{type(error).__name__}: {error}")


main()
