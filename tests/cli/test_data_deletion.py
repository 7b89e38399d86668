"""Nothing of a deleted exchange is left anywhere in the data folder, derived files included."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import zstandard
from click.testing import CliRunner

from suffice.adapters.exchanges import Exchanges
from suffice.adapters.typed_exchanges.store import TypedExchanges, read_index
from suffice.cli import main
from suffice.records import LoggedExchange, Usage
from suffice.traffic.types import Shape

SECRETS = ("Kapitolina", "Ouagadougou", "zeppelin-42", "vesna@example.org", "vesnasession")


def exchange(number: int, *, system: str, session: str, said: str = "fine") -> LoggedExchange:
    return LoggedExchange(
        source="anthropic",
        id=f"e{number}",
        ts=1_793_500_000.0 + number,
        request={"system": system, "messages": [{"role": "user", "content": f"{said} {number}"}]},
        response_text=said,
        model="claude-opus-5-5",
        usage=Usage(input_tokens=10, output_tokens=2),
        session=session,
        user=session,
        labels={"team": said},
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """
    Two templates that others share, one prompt of one person alone, and their name in a slot.

    The person's name and prompt come often enough to be learnt as what stays in a template.
    """
    folder = tmp_path / "data"
    rows = [
        exchange(
            number,
            system=f"Sort the ticket.\nThe customer is {'abcdefgh'[number % 8] * 4} from Bonn.",
            session=f"s{number}",
        )
        for number in range(40)
    ]
    rows += [
        exchange(
            number,
            system="Sort the ticket.\nThe customer is Kapitolina from Ouagadougou.",
            session="vesnasession",
            said="zeppelin-42 vesna@example.org",
        )
        for number in range(40, 60)
    ]
    rows += [
        exchange(
            number, system="Write about Kapitolina.\nNever zeppelin-42.", session="vesnasession"
        )
        for number in range(60, 80)
    ]
    with Exchanges.open(folder) as store:
        store.add(rows)
    return folder


def run(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def everything_in(folder: Path) -> str:
    """Every file's bytes; every column of every table and Parquet file; everything unpacked."""
    told = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        told.append(raw.decode("latin-1"))
        start = raw.find(b"\x28\xb5\x2f\xfd")
        while start >= 0:
            try:
                unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(raw[start:])
                told.append(unpacked.decode("latin-1"))
            except zstandard.ZstdError:
                pass
            start = raw.find(b"\x28\xb5\x2f\xfd", start + 4)
        if path.suffix == ".parquet":
            with duckdb.connect() as duck:
                told.append(
                    repr(duck.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())
                )
    return "\n".join(told).casefold()


def test_nothing_of_a_deleted_session_is_left(data: Path, tmp_path: Path) -> None:
    run("types", "--data", data)
    learnt = read_index(data)
    hers = Shape(system="Write about Kapitolina.\nNever zeppelin-42.")
    shape = Shape(system="Sort the ticket.\nThe customer is dddd from Bonn.")
    key = learnt.find(shape).key
    run("types", "rename", learnt.type_of(hers), "about-Kapitolina", "--data", data)
    run("types", "rename", learnt.type_of(shape), "triage", "--data", data)
    run("types", "sample", "about-Kapitolina", "-o", data / "cases" / "a.jsonl", "--data", data)
    before = everything_in(data)

    run("data", "delete", "--session", "vesnasession", "--data", data)

    after = everything_in(data)
    assert {word for word in SECRETS if word.casefold() not in before} == set()
    assert {word for word in SECRETS if word.casefold() in after} == set()
    assert read_index(data).find(shape).key == key
    assert read_index(data).find(shape).name == "triage"
    rows = json.loads(run("types", "--format", "json", "--data", data))["types"]
    assert [(row["type"], row["calls"]) for row in rows] == [("triage", 40)]


def test_a_forgotten_line_still_makes_a_prompt_another_type(data: Path) -> None:
    run("types", "--data", data)
    edited = Shape(system="Write about Kapitolina.\nThe customer is dddd from Bonn.")
    gone = Shape(system="Write about Kapitolina.\nNever zeppelin-42.")

    run("data", "delete", "--session", "vesnasession", "--data", data)

    index = read_index(data)
    assert not index.find(edited).known
    assert not index.find(gone).known


def test_what_was_forgotten_is_learnt_again_from_others_who_ask_it(data: Path) -> None:
    run("types", "--data", data)
    run("data", "delete", "--session", "vesnasession", "--data", data)
    again = [
        exchange(n, system="Write about Kapitolina.\nNever zeppelin-42.", session=f"other{n}")
        for n in range(100, 120)
    ]
    with Exchanges.open(data) as store:
        store.add(again)
    with Exchanges.open(data, write=False) as store:
        found = TypedExchanges(store)

    (known,) = (entry for entry in found.entries.values() if entry.name.startswith("write"))
    template = found.index.template(known.key)
    assert template is not None
    assert template.units == ("Write about Kapitolina.", "Never zeppelin-42.")


def test_when_all_is_deleted_nothing_is_known(data: Path) -> None:
    run("types", "--data", data)

    run("data", "delete", "--before", "2030-01-01", "--data", data)

    assert read_index(data).names() == {}
    assert "ticket" not in everything_in(data)


def test_a_deletion_that_was_killed_is_ended_by_the_next(data: Path) -> None:
    run("types", "--data", data)
    with Exchanges.open(data) as store:  # as a deletion does before it is killed
        (data / "unswept").touch()
        store.delete(session="vesnasession")

    run("data", "delete", "--session", "nobody", "--data", data)

    assert "kapitolina" not in everything_in(data)
    assert not (data / "unswept").exists()
