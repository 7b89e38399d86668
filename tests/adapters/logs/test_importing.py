"""Lines are read wherever it is done; what comes of them, and of what stays behind, is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import Prepared, Preparing
from suffice.adapters.logs import Imported, Importing, Line, LogFile, Readers
from suffice.adapters.workers import column
from suffice.traffic.formats import FORMATS, detect, format_named, stands_for_itself
from suffice.traffic.redaction import Masking

PREPARING = Preparing(masking=Masking(), secret=b"k" * 32)
IMPORTING = Importing(preparing=PREPARING)
SEEDS = (Path(__file__).parents[2] / "fuzz" / "seeds.jsonl").read_bytes().splitlines()
ODD = [b"", b" ", b"{oops", b"[1]", b'{"weather": 1}', b"\xff\xfe", b'{"request": {}}', b"7"]
RECORDS = {f"seed {number}": json.loads(line) for number, line in enumerate(SEEDS)}


def calls_of(imported: list[Imported]) -> list[Any]:
    """The calls without their bodies, of which the first in a batch has the texts."""
    kept = [call.kept for one in imported for call in one.calls]
    return [
        msgspec.structs.replace(one, bodies=[]) if isinstance(one, Prepared) else one
        for one in kept
    ]


def through_workers(path: Path, *, at_once: int) -> tuple[LogFile, list[Any], list[bytes]]:
    """What a scan does: items travel in batches, what is found in lines is counted here."""
    file = LogFile(str(path), Readers())
    items = list(file.items())
    run, calls, bodies = column(IMPORTING), list[Any](), dict[bytes, None]()
    for begin in range(0, len(items), at_once):
        batch = items[begin : begin + at_once]
        done = [IMPORTING.receive(one) for one in run([IMPORTING.send(one) for one in batch])]
        calls += calls_of(done)
        bodies |= {
            body.digest: None
            for one in done
            for call in one.calls
            if isinstance(call.kept, Prepared)
            for body in call.kept.bodies
        }
        for item, one in zip(batch, done, strict=True):
            if isinstance(item, Line):
                file.count(
                    item.number,
                    calls=len(one.calls),
                    form=format_named(one.form),
                    broken=one.broken,
                )
    return file, calls, list(bodies)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from([*SEEDS, *ODD]), max_size=12),
    at_once=st.integers(1, 5),
)
def test_any_mixture_of_lines_comes_out_as_if_read_here(
    lines: list[bytes], at_once: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mixture") / "log"
    path.write_bytes(b"\n".join(lines))
    here = LogFile(str(path), Readers())
    found = PREPARING.start()(list(here.exchanges()))

    there, calls, bodies = through_workers(path, at_once=at_once)

    assert calls == [
        msgspec.structs.replace(one, bodies=[]) if isinstance(one, Prepared) else one
        for one in found
    ]
    assert bodies == [
        body.digest for one in found if isinstance(one, Prepared) for body in one.bodies
    ]
    assert (there.calls, there.broken, there.broken_examples) == (
        here.calls,
        here.broken,
        here.broken_examples,
    )
    assert (there.titles, there.progress) == (here.titles, here.progress)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_whose_records_belong_together_says_by_which_members_it_is_told(form: Any) -> None:
    assert form.whole == bool(form.told_by)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_no_record_that_needs_others_is_taken_for_one_that_stands_for_itself(
    record: dict[str, Any],
) -> None:
    """Whether its names are written plainly or with escapes, as JSON allows."""
    form = detect(record)
    needs_others = form is not None and form.whole
    plain = json.dumps(record).encode()
    escaped = plain.replace(b"custom_id", rb"custom\u005fid").replace(b"session", rb"\u0073ession")

    assert stands_for_itself(plain) is not needs_others
    assert not (stands_for_itself(escaped) and needs_others)


def test_only_what_needs_others_is_read_by_the_one_who_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\n".join(SEEDS))

    items = list(LogFile(str(tmp_path / "log"), Readers()).items())

    elsewhere = [item.number for item in items if isinstance(item, Line)]
    alone = [n for n, line in enumerate(SEEDS, start=1) if stands_for_itself(line)]
    assert elsewhere == alone
    assert 0 < len(alone) < len(SEEDS)


def test_a_forced_format_travels_by_its_name(tmp_path: Path) -> None:
    asked = b'{"messages": [{"role": "user", "content": "hi"}]}'
    work = Importing(preparing=PREPARING, forced="openai")

    [done] = column(work)([work.send(Line(1, b"p" * 16, asked))])

    assert work.receive(done).form == "openai"


def test_a_worker_names_a_call_without_a_name_by_its_place() -> None:
    bare = b'{"request": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}}'
    sent = [IMPORTING.send(Line(n, bytes([n]) * 16, bare)) for n in (1, 2)]

    done = [IMPORTING.receive(one) for one in column(IMPORTING)(sent)]

    kept = [call.kept for one in done for call in one.calls]
    assert [one.row.id for one in kept if isinstance(one, Prepared)] == [
        f"{'01' * 16}-0",
        f"{'02' * 16}-0",
    ]
