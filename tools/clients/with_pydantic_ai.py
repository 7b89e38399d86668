"""pydantic-ai before a gateway: each feature once, told as a line of JSON."""

from __future__ import annotations

import asyncio
import json
import os

# What this file imports is installed only in the environment it is run in.
from anthropic import AsyncAnthropic
from pydantic_ai import Agent  # type: ignore[import-not-found]
from pydantic_ai.models.anthropic import AnthropicModel  # type: ignore[import-not-found]
from pydantic_ai.providers.anthropic import AnthropicProvider  # type: ignore[import-not-found]

GATEWAY = os.environ["GATEWAY"]
HEADERS = json.loads(os.environ["HEADERS"])

client = AsyncAnthropic(base_url=GATEWAY, api_key="sk-test", default_headers=HEADERS)
provider = AnthropicProvider(anthropic_client=client)
agent = Agent(AnthropicModel("claude-opus-5-5", provider=provider))


def tell(feature: str, text: str, model: str = "") -> None:
    """One line of JSON."""
    print(json.dumps({"feature": feature, "text": text, "model": model}))


async def main() -> None:
    """Each feature once."""
    answer = await agent.run("plain?")
    tell("plain", answer.output, answer.response.model_name)

    async with agent.run_stream("stream?") as stream:
        tell("stream", "".join([piece async for piece in stream.stream_text(delta=True)]))

    forecaster = Agent(AnthropicModel("claude-opus-5-5", provider=provider))

    @forecaster.tool_plain  # type: ignore[untyped-decorator]
    def weather(city: str) -> str:
        """Tell the weather in a city."""
        return f"sunny in {city}"

    tell("tools", (await forecaster.run("weather?")).output)

    tell("busy", (await agent.run("busy?")).output)
    try:
        await agent.run("refuse?")
    except Exception as error:  # noqa: BLE001 - whatever it raises is what is told
        tell("refused", f"{type(error).__name__}: {error}")


asyncio.run(main())
