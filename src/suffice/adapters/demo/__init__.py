"""The demo's recorded answers: real ones, from open-weights models run on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from suffice.adapters.case_files import open_cases
from suffice.records import BrokenCase, Case
from suffice.traffic import CaseReader

CASES_FILE = "cases.jsonl.zst"


class DemoModel(msgspec.Struct, frozen=True, kw_only=True):
    """
    One model that was recorded.

    Attributes:
        arm: Its name in the cases.
        name: Its full name.
        quantisation: Of the weights.
        package: The packages its file came in.
        licence: As its packages state it, and what follows.
        file: The GGUF file's name.
        bytes: Its size.
        sha256: Its digest.
        recorded: The day, ISO 8601.
        xllamacpp: The version of the server.
        threads: Threads of each server.
    """

    arm: str
    name: str
    quantisation: str
    package: str
    licence: str
    file: str
    bytes: int
    sha256: str
    recorded: str
    xllamacpp: str
    threads: int


class DemoType(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request type of the demo.

    Attributes:
        type: Its name.
        use: Which of the seven uses it stands for.
        cases: How many.
        temperature: Of every call.
        graded_by: The checker that graded the answers; empty where a scorer reads them.
    """

    type: str
    use: str
    cases: int
    temperature: float
    graded_by: str = ""


class DemoManifest(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where the demo's answers come from.

    Attributes:
        command: What recorded them.
        machine: On which kind of machine.
        seed: What the inputs were drawn with.
        simulated: What in the data is simulated; empty where nothing is.
        models: Who answered.
        types: What was asked.
    """

    command: str
    machine: str
    seed: str
    simulated: str
    models: tuple[DemoModel, ...]
    types: tuple[DemoType, ...]


@cache
def demo_manifest() -> DemoManifest:
    """Where the demo's answers come from."""
    text = (resources.files(__package__) / "manifest.json").read_bytes()
    return msgspec.json.decode(text, type=DemoManifest)


def demo_cases() -> Iterator[Case | BrokenCase]:
    """Every case of the demo with its recorded answers, as a cases file gives them."""
    with resources.as_file(resources.files(__package__) / CASES_FILE) as path:
        yield from open_cases(path, CaseReader())
