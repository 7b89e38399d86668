"""Types of requests on their way: the same as in the log, light, and taken up when learnt."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.store import TypedExchanges, read_index, write_index
from suffice.traffic.formats import detect
from suffice.traffic.redaction import Masking, Redactor
from suffice.traffic.types import Change, TypeIndex, TypeLookup, shape_of_body
from suffice.wiring import type_lookup

SLOTS = ("Ann", "Bob", "jane@example.org", "4111 1111 1111 1111", "+1 (212) 555-0187", "7", "")
PROMPTS = (
    "Sort the ticket.\nCustomer: {}\nAnswer with one label.",
    "Extract the invoice of {} as JSON.\nNever guess.",
    "Summarise.\n\nWrite to ops@example.org about {}.\nBe short.",
)
TOOLS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"name": "refund", "input_schema": {"type": "object"}, "cache_control": {"type": "x"}}],
    [{"name": "mail", "description": "to ops@example.org", "input_schema": {"const": 4 * 10**15}}],
)


def request(draw: Any) -> dict[str, Any]:
    """A request somebody might send."""
    prompt = PROMPTS[draw(st.integers(0, 2))].format(draw(st.sampled_from(SLOTS)))
    body: dict[str, Any] = {"model": "m", "max_tokens": 5}
    form = draw(st.sampled_from(["text", "blocks", "none", "openai"]))
    turns: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
    if form == "text":
        body["system"] = prompt
    elif form == "blocks":
        note = {"type": "text", "text": "x-anthropic-billing-header: 1"}
        body["system"] = [note, {"type": "text", "text": prompt}]
    elif form == "openai":
        turns = [{"role": "system", "content": prompt}, *turns]
    if draw(st.booleans()):
        body["tools"] = draw(st.sampled_from(TOOLS))
        body["tool_choice"] = draw(st.sampled_from([{"type": "auto"}, {"type": "any"}]))
    if draw(st.booleans()):
        body["output_config"] = {"effort": "low", "format": {"type": "json", "to": "a@example.org"}}
    if draw(st.integers(0, 9)) == 0:
        body["metadata"] = {"type": "tagged", "user_id": "u"}
    if draw(st.integers(0, 9)) == 0:
        turns = [*turns, {"role": "assistant", "content": "{"}]
    return {**body, "messages": turns}


requests = st.lists(st.composite(request)(), min_size=4, max_size=60)


@settings(max_examples=15, deadline=None)
@given(sent=requests, again=st.integers(1, 8), masked=st.booleans())
def test_a_request_has_the_same_type_on_its_way_and_in_the_log(
    sent: list[dict[str, Any]],
    again: int,
    masked: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever was learnt from the log, masked or not, holds for the raw body that came by."""
    data = tmp_path_factory.mktemp("data")
    redactor = Redactor(Masking() if masked else Masking(kinds=()), secret=b"0123456789abcdef")
    with Exchanges.open(data) as store:
        for number, body in enumerate(sent * again):
            record = {"request": body, "request_id": f"r{number}"}
            form = detect(record)
            assert form is not None
            store.add(map(redactor.exchange, form.reader().read(record)))
    with Exchanges.open(data, write=False) as store:
        offline = dict(TypedExchanges(store).assignments())
    lookup = TypeLookup(read_index(data))

    for number, body in enumerate(sent):
        found = lookup.find(json.dumps(body).encode())
        again_found = lookup.find(json.dumps(body).encode())
        assert found is not None
        assert found.name == offline[f"r{number}"]
        assert again_found == found


def test_split_types_are_told_apart_by_their_first_turn_on_their_way_too() -> None:
    def body(verb: str, number: int) -> bytes:
        asked = {"role": "user", "content": f"{verb} this:\nword {number}"}
        return json.dumps({"system": "Help.", "messages": [asked]}).encode()

    bodies = [body(verb, number) for verb in ("Shorten", "Translate") for number in range(9)]
    shapes = [shape for one in bodies if (shape := shape_of_body(one))]
    index = TypeIndex.learn(shapes)
    split = index.changed(Change(action="split", type=index.type_of(shapes[0])))
    lookup = TypeLookup(TypeIndex.learn(shapes, base=split))

    assert lookup(body("Shorten", 99)) != lookup(body("Translate", 99))
    assert None not in {lookup(body("Shorten", 99)), lookup(body("Translate", 99))}


def test_another_applications_prompt_is_of_its_type_where_only_one_has_it() -> None:
    """A log names applications by their keys; a request on its way may name none."""
    body = json.dumps({"system": "Sort the ticket.", "messages": []}).encode()
    shape = shape_of_body(body)
    assert shape is not None
    of_web = [type(shape)(system="Sort the ticket.", app="web")] * 5
    of_two = [*of_web, *[type(shape)(system="Sort the ticket.", app="shop")] * 5]

    assert TypeLookup(TypeIndex.learn(of_web))(body) == "sort-ticket"
    assert TypeLookup(TypeIndex.learn(of_two))(body) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"messages": 3}', b"[" * 100_000])
def test_what_is_no_request_has_no_type(body: bytes) -> None:
    assert TypeLookup(TypeIndex())(body) is None


def test_what_is_learnt_later_is_taken_up_without_a_restart(
    tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    body = json.dumps({"system": "Sort the ticket.", "messages": []}).encode()
    shape = shape_of_body(body)
    assert shape is not None
    lookup = type_lookup(tmp_path)
    before = lookup(body)
    tmp_path.joinpath("types").mkdir()
    write_index(tmp_path, TypeIndex.learn([shape] * 5))

    until(lambda: lookup(body) == "sort-ticket")
    (tmp_path / "types" / "index.json").write_bytes(b"{")
    time.sleep(1.1)

    assert before is None
    assert lookup(body) == "sort-ticket"


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits for what will be so before long."""

    def wait(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < end
            time.sleep(0.02)

    return wait


def test_the_lookup_brings_no_numerics_into_a_worker() -> None:
    program = """
import sys
from pathlib import Path
from suffice.wiring import type_lookup
type_lookup(Path("nowhere"))(b'{"system": "x", "messages": []}')
print({"numpy", "scipy", "duckdb", "pyarrow", "click", "rich"} & sys.modules.keys())
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "set()"
