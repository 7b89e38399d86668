"""Exchanges to work on, made here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.records import LoggedExchange, Usage


@pytest.fixture
def exchanges() -> Callable[[int], list[LoggedExchange]]:
    def made(count: int) -> list[LoggedExchange]:
        return [
            LoggedExchange(
                source="anthropic",
                id=f"msg_{number}",
                ts=1_793_491_200.0 + number,
                model="claude-opus-5-5",
                user=f"u{number % 7}@example.org",
                request={
                    "system": "Sort the ticket.\nUse one word.",
                    "messages": [
                        {"role": "user", "content": f"Ticket {n} of jo{n}@example.org " * 9}
                        for n in range(number % 5 + 1)
                    ],
                },
                response_text="billing",
                usage=Usage(input_tokens=number, output_tokens=2),
            )
            for number in range(count)
        ]

    return made
