"""A handoff between two models goes through the gateway whole."""

from __future__ import annotations

import asyncio
from typing import Any

from suffice.adapters.providers.anthropic import AnthropicModels
from suffice.adapters.providers.credential import Credential
from suffice.testing import Handoff, Party, Replay, replay_handoff, serve, strict_fake

RUN = {"name": "run", "description": "Run it.", "input_schema": {"type": "object"}}
HANDOFF = Handoff(
    giver=Party(name="conversation_agent", model="claude-haiku-5-5", system="Be kind."),
    taker=Party(name="code_agent", model="claude-sonnet-5-5", system="Never deploy.", tools=(RUN,)),
    conversation=(
        {"role": "user", "content": "I have a list of dates."},
        {"role": "assistant", "content": "What shall be done with it?"},
        {"role": "user", "content": "Sort it in Python."},
    ),
    must_know=("list of dates",),
    must_hold=("Never deploy.",),
    probes=("Deploy it!",),
)


def replay(base_url: str) -> Replay:
    async def run() -> Replay:
        models = AnthropicModels(credential=Credential("sk-test"), base_url=base_url)
        try:
            return await replay_handoff(models, HANDOFF)
        finally:
            await models.aclose()

    return asyncio.run(run())


def test_both_models_are_asked_and_nothing_is_lost(start_gateway: Any) -> None:
    fake = strict_fake()
    with serve(fake) as upstream:
        replay(start_gateway(upstream).url).check()
    asked = fake.journal.messages()
    assert [entry.body["model"] for entry in asked] == [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "claude-sonnet-5-5",
    ]
    assert asked[2].body["tools"] == [RUN]
