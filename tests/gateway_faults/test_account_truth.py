"""
Mixed traffic of every kind, and an account that agrees with the upstream to the last token.

Each answer's usage is drawn from dice, priced at once by a price list of the test's own, and sent
whole, streamed, compressed, cut, refused or failed, by several clients at once. In the end each row
and each sum of the account must be what the upstream wrote down.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import threading
import time
from decimal import Decimal
from typing import Any

from suffice.testing.events import frame

REQUESTS = 2 * int(os.environ.get("SUFFICE_EXAMPLES", "120"))
CLIENTS = 4
TOKENS = ("input", "output", "read", "write_5m", "write_1h")
# Dollars per million tokens in the order of TOKENS: the provider's list, written down once more.
PRICES = {
    "claude-opus-5-5": ("4", "20", "0.20", "5", "8"),
    "claude-sonnet-5-5": ("2", "10", "0.10", "2.5", "4"),
    "claude-haiku-4-5": ("1", "5", "0.10", "1.25", "2"),
    "claude-haiku-5-5": ("0.10", "0.50", "0.01", "0.125", "0.20"),
}
LONG_HAIKU = ("0.50", "2.50", "0.05", "0.625", "1.00")
LONG = 100_000
SEARCH = Decimal("0.01")
COLUMNS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "read": "cache_read_tokens",
    "write_5m": "cache_write_5m_tokens",
    "write_1h": "cache_write_1h_tokens",
}


def drawn(dice: random.Random) -> dict[str, int]:
    """Counts of one model call."""
    long = dice.random() < 0.08
    return {
        "input": dice.randint(1, 90_000 if long else 4_000),
        "output": dice.randint(1, 3_000),
        "read": dice.choice([0, 0, dice.randint(1, 90_000 if long else 9_000)]),
        "write_5m": dice.choice([0, 0, dice.randint(1, 5_000)]),
        "write_1h": dice.choice([0, 0, dice.randint(1, 5_000)]),
    }


def priced(counts: dict[str, int], model: str, factor: Decimal) -> Decimal:
    """What the counts cost."""
    prices = PRICES[model]
    prompt = sum(counts.values()) - counts["output"]
    if model == "claude-haiku-5-5" and prompt > LONG:
        prices = LONG_HAIKU
    parts = (counts[name] * Decimal(rate) for name, rate in zip(TOKENS, prices, strict=True))
    return sum(parts, Decimal(0)) * factor / 10**6


def wire(counts: dict[str, int], dice: random.Random, *, flat: bool) -> dict[str, Any]:
    """Counts as the provider writes them; the split of cache writes is sometimes left out."""
    told: dict[str, Any] = {
        "input_tokens": counts["input"],
        "output_tokens": counts["output"],
        "cache_read_input_tokens": counts["read"] or dice.choice([0, None]),
        "cache_creation_input_tokens": counts["write_5m"] + counts["write_1h"],
    }
    if not flat:
        told["cache_creation"] = {
            "ephemeral_5m_input_tokens": counts["write_5m"],
            "ephemeral_1h_input_tokens": counts["write_1h"],
        }
    return told


class Answer:
    """One answer drawn from dice: what goes out, and what it costs."""

    def __init__(self, model: str, dice: random.Random) -> None:
        self.model, self.counts = model, drawn(dice)
        flat = dice.random() < 0.2
        if flat:
            self.counts["write_1h"] = 0
        fast = model == "claude-opus-5-5" and dice.random() < 0.1
        us = model != "claude-haiku-4-5" and dice.random() < 0.15
        self.factor = (2 if fast else 1) * (Decimal("1.1") if us else Decimal(1))
        self.usage = wire(self.counts, dice, flat=flat) | {
            "service_tier": "standard",
            "inference_geo": "us" if us else "global",
            "speed": "fast" if fast else "standard",
        }
        thought = dice.choice([0, dice.randint(0, self.counts["output"])])
        self.usage["output_tokens_details"] = {"thinking_tokens": thought} if thought else None
        searches = dice.choice([0, 0, 0, 2])
        self.usage["server_tool_use"] = {"web_search_requests": searches} if searches else None
        self.usd = priced(self.counts, model, self.factor)
        self.stop_reason = "end_turn"
        if dice.random() < 0.12:
            self._takes_several_calls(dice)
        self.usd += searches * SEARCH
        if dice.random() < 0.07:
            self._refuses(early=dice.random() < 0.5)

    def _takes_several_calls(self, dice: random.Random) -> None:
        advice, adviser = drawn(dice), dice.choice(sorted(PRICES))
        if Decimal("1.1") in {self.factor, self.factor / 2}:
            adviser = "claude-sonnet-5-5"  # takes an inference_geo
        if self.factor >= 2:
            adviser = "claude-opus-5-5"  # is fast
        own = wire(self.counts, dice, flat=False)
        self.usage["cache_creation"] = own["cache_creation"]
        self.usage["iterations"] = [
            {"type": "message", "model": None, **own},
            {"type": "advisor_message", "model": adviser, **wire(advice, dice, flat=False)},
        ]
        self.usd += priced(advice, adviser, self.factor)

    def _refuses(self, *, early: bool) -> None:
        self.stop_reason = "refusal"
        if early:
            self.usage |= {"output_tokens": 0, "output_tokens_details": None}
            self.usage.pop("iterations", None)
            self.counts = {**self.counts, "output": 0}
            self.usd = Decimal(0)

    @property
    def message(self) -> dict[str, Any]:
        """The whole answer."""
        text = [{"type": "text", "text": "words " * 9}] if self.counts["output"] else []
        return {
            "id": "msg",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": text,
            "stop_reason": self.stop_reason,
            "usage": self.usage,
        }

    def frames(self) -> list[bytes]:
        """The answer as a stream: the last counts come in `message_delta`, the rest at its start."""
        late = ("iterations", "output_tokens_details", "server_tool_use")
        opening = {k: v for k, v in self.usage.items() if k not in late} | {"output_tokens": 1}
        last = {k: v for k, v in self.usage.items() if "tokens" in k or k in late}
        first = {**self.message, "content": [], "stop_reason": None, "usage": opening}
        out = [frame("message_start", {"message": first}), frame("ping", {})]
        if self.counts["output"]:
            block = {"index": 0, "content_block": {"type": "text", "text": ""}}
            out.append(frame("content_block_start", block))
            delta = {"index": 0, "delta": {"type": "text_delta", "text": "words "}}
            out += [frame("content_block_delta", delta)] * 9
            out.append(frame("content_block_stop", {"index": 0}))
        why = {"stop_reason": self.stop_reason}
        return [
            *out,
            frame("message_delta", {"delta": why, "usage": last}),
            frame("message_stop", {}),
        ]

    def cut_at_the_start(self) -> None:
        """Only the prompt was told, and an estimate of one token."""
        self.counts = {**self.counts, "output": 1}
        self.usd = priced(self.counts, self.model, self.factor)


async def answers(reply: Any) -> None:
    """As the dice of this case and this model fall."""
    sent = reply.sent
    model = "claude-haiku-5-5" if sent.model.startswith("claude-haiku-5-5") else sent.model
    dice = random.Random(f"{sent.case}/{model}")
    stream = json.loads(sent.got)["stream"]
    chance = dice.random()
    if chance < 0.15:
        status, kind = dice.choice(
            [
                ("429 Slow", "rate_limit_error"),
                ("529 Busy", "overloaded_error"),
                ("500 No", "api_error"),
            ]
        )
        sent.oracle = None, Decimal(0)
        await reply.error(status, kind)
        return
    answer = Answer(model, dice)
    if not stream:
        await _whole(reply, answer, cut=chance < 0.22, packed=chance > 0.8)
    elif chance < 0.3 and answer.counts["output"]:
        answer.cut_at_the_start()
        sent.oracle = answer.counts, answer.usd
        reply.head()
        await reply.body(b"".join(answer.frames()[: dice.randint(1, 10)]))
        reply.cut()
    else:
        sent.oracle = answer.counts, answer.usd
        reply.head(**({"content_encoding": "gzip"} if chance > 0.8 else {}))
        whole = b"".join(answer.frames())
        whole = gzip.compress(whole) if chance > 0.8 else whole
        size = dice.choice([len(whole), 700, 97])
        for at in range(0, len(whole), size):
            reply.raw(b"%x\r\n%b\r\n" % (len(whole[at : at + size]), whole[at : at + size]))
        reply.raw(b"0\r\n\r\n")


async def _whole(reply: Any, answer: Answer, *, cut: bool, packed: bool) -> None:
    body = json.dumps(answer.message).encode()
    body = gzip.compress(body) if packed else body
    reply.head(length=len(body), **({"content_encoding": "gzip"} if packed else {}))
    reply.sent.oracle = (None, None) if cut else (answer.counts, answer.usd)
    await reply.body(body[: len(body) // 2] if cut else body)
    if cut:
        reply.cut()


def test_the_account_is_what_the_upstream_wrote_down_to_the_last_token(world: Any) -> None:
    upstream = world.upstream()
    # Many candidates, so that one that has failed often does not rest for all.
    (world.folder / "policy.json").write_text(world.policy(60))
    gateway = world.gateway(upstream)
    upstream.faults["soak"] = answers
    todo = iter(range(REQUESTS))
    turn = threading.Lock()

    def ask() -> None:
        while True:
            with turn:
                number = next(todo, None)
            if number is None:
                return
            dice = random.Random(number)
            model = dice.choice(["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"])
            seen = gateway.ask(
                f"soak.{number}",
                model=model,
                stream=dice.random() < 0.6,
                kind=dice.choice(["", f"t{number % 60}"]),
                lines=f"x-stainless-retry-count: {number % 3}\r\n",
            )
            assert seen.status in {200, 429, 500, 529}

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(300)
    rows = _rows(gateway, len(upstream.journal))
    by_id = {row["request_id"]: row for row in rows}

    assert len(by_id) == len(rows) == len(upstream.journal) >= REQUESTS
    for sent in upstream.journal:
        _agrees(by_id[sent.request_id], sent)
    _sums_agree(gateway, upstream.journal)
    assert {row["arm"] for row in rows} == {"requested", "baseline", "candidate"}


def _rows(gateway: Any, wanted: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for _ in range(3_000):
        rows = gateway.query("SELECT * FROM exchanges")
        if len(rows) >= wanted:
            break
        time.sleep(0.02)
    return rows


def _agrees(row: dict[str, Any], sent: Any) -> None:
    counts, usd = sent.oracle
    where = sent.case, sent.model, sent.body[:200]
    if counts is None:
        assert row["input_tokens"] is None, where
    else:
        assert {name: row[column] for name, column in COLUMNS.items()} == counts, where
    assert row["picousd"] == (None if usd is None else usd * 10**12), where
    assert row["retry_count"] == int(sent.case.rpartition(".")[2]) % 3


def _sums_agree(gateway: Any, journal: list[Any]) -> None:
    [told] = gateway.query(
        "SELECT SUM(attempts) AS attempts, SUM(unpriced) AS unpriced, SUM(picousd) AS picousd, "
        "SUM(input_tokens) AS input, SUM(output_tokens) AS output, SUM(cache_read_tokens) AS read, "
        "SUM(cache_write_tokens) AS written FROM rollups"
    )
    counts = [sent.oracle[0] for sent in journal if sent.oracle[0] is not None]
    usd = [sent.oracle[1] for sent in journal if sent.oracle[1] is not None]
    assert told == {
        "attempts": len(journal),
        "unpriced": len(journal) - len(usd),
        "picousd": sum(usd, Decimal(0)) * 10**12,
        "input": sum(each["input"] for each in counts),
        "output": sum(each["output"] for each in counts),
        "read": sum(each["read"] for each in counts),
        "written": sum(each["write_5m"] + each["write_1h"] for each in counts),
    }
