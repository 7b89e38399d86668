"""Whatever bytes are scanned: no crash, no hang, no memory without end; what is broken is counted."""

from __future__ import annotations

import copy
import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import connect
from suffice.traffic.formats import FORMATS, Format

QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STRANGE: list[Any] = [
    None, True, -1, 2**70, -(2**70), 1e308, 1e-320, "", "\u0000", "a\u0000b", "\ufeff", "NaN", "1e999",
    "9" * 400, [], {}, [[]], [None], {"": {"": None}}, "<email:abcdefghij>", "x" * 70_000, 2**63, 0.1,
    "2026-13-99", "99999-01-01T00:00:00Z", '{"a": ', "=1+1", "\u2028", "\U0001f600" * 9,
]  # fmt: skip


def changed(value: Any, dice: random.Random) -> Any:
    """A record with one to three places in it replaced, dropped, doubled or buried."""
    value = copy.deepcopy(value)
    for _ in range(dice.randint(1, 3)):
        places = list(_places(value))
        if not places:
            break
        holder, name = dice.choice(places)
        match dice.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[name]
            case 1 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[name]))
            case 2:
                holder[name] = {"content": [holder[name]]}
            case _:
                holder[name] = copy.deepcopy(dice.choice(STRANGE))
    return value


def _places(value: Any) -> Any:
    for name, inner in (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    ):
        yield value, name
        yield from _places(inner)


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_every_seed_is_read(keep: Callable[..., Any], seeds: list[dict[str, Any]]) -> None:
    kept = keep(lines(*seeds))

    assert (kept.broken, kept.error) == (0, None)
    assert kept.rows >= 10


@QUICK
@given(seed=st.integers(0, 2**32))
def test_changed_records_are_kept_or_counted(
    keep: Callable[..., Any], seeds: list[dict[str, Any]], seed: int
) -> None:
    dice = random.Random(seed)
    keep(lines(*(changed(dice.choice(seeds), dice) for _ in range(8))))


@QUICK
@given(seed=st.integers(0, 2**32), form=st.sampled_from(FORMATS))
def test_records_forced_into_another_format_are_kept_or_counted(
    keep: Callable[..., Any], seeds: list[dict[str, Any]], seed: int, form: Format
) -> None:
    dice = random.Random(seed)
    keep(lines(*(changed(dice.choice(seeds), dice) for _ in range(4))), forced=form)


@QUICK
@given(
    content=st.binary(max_size=400),
    head=st.sampled_from([b"", b"{", b"[", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xff\xfe"]),
)
def test_random_bytes_are_no_crash(keep: Callable[..., Any], content: bytes, head: bytes) -> None:
    keep(head + content)


@QUICK
@given(cut=st.floats(0, 1), flip=st.integers(0, 10**6), pack=st.sampled_from(["gz", "zst", ""]))
def test_packed_files_cut_or_damaged_keep_what_came_before(
    keep: Callable[..., Any], seeds: list[dict[str, Any]], cut: float, flip: int, pack: str
) -> None:
    plain = lines(*seeds * 3)
    packers: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}
    packed = bytearray(packers[pack](plain) if pack else plain)
    packed[flip % len(packed)] ^= 1 << flip % 8
    keep(bytes(packed[: int(cut * len(packed))]))


@pytest.mark.parametrize(
    "make",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\n\n \n" + text + b"\n\n",
    ],
    ids=["mark", "crlf", "blank lines"],
)
def test_how_a_file_is_written_changes_nothing(
    keep: Callable[..., Any], seeds: list[dict[str, Any]], make: Callable[[bytes], bytes]
) -> None:
    assert keep(make(lines(*seeds))) == keep(lines(*seeds))


@pytest.mark.parametrize(
    "broken",
    [
        b"\x00" * 5_000, b"[" * 200_000, b'{"a":' * 100_000, b'{"request": NaN}', b"\xff\xfe{\x00}\x00",
        rb'{"messages": [{"role": "user", "content": "\ud800"}]}', b'{"messages": "' + b"\xc3" + b'"}',
        b"1" * 5_000,
    ],
    ids=["nul", "deep list", "deep object", "nan", "utf-16", "half a pair", "half a sign", "digits"],
)  # fmt: skip
def test_one_broken_line_is_counted_and_the_rest_is_kept(
    keep: Callable[..., Any], seeds: list[dict[str, Any]], broken: bytes
) -> None:
    kept = keep(lines(*seeds[:2]) + broken + b"\n" + lines(seeds[4]))

    assert (kept.rows, kept.broken) == (3, 1)


def test_records_as_deep_as_may_be_are_kept_or_counted(keep: Callable[..., Any]) -> None:
    deep = b'{"a":' * 600 + b"1" + b"}" * 600
    asked = b'{"messages": [{"role": "user", "content": "hi", "x": %s}]}\n' % deep

    kept = keep(asked)

    assert kept.rows + kept.broken == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1::HUGEINT << 100 AS id, 'GENERATION' AS type, 7 AS model, now() AS start_time",
        "SELECT 'a' AS id, 'GENERATION' AS type, uuid() AS model, [1.5::DECIMAL(9,3)] AS input",
        "SELECT 'GENERATION' AS type, 'nan'::DOUBLE AS usage, MAP{1: 'a'} AS input, '\\x00'::BLOB AS output",
        "SELECT 'GENERATION' AS type, INTERVAL 1 DAY AS input, 'infinity'::TIMESTAMP AS start_time",
    ],
    ids=["huge", "uuid", "map and blob", "interval"],
)
def test_parquet_of_the_wrong_types_is_kept_or_counted(
    keep: Callable[..., Any], tmp_path: Path, query: str
) -> None:
    with connect() as duck:
        duck.execute(f"COPY ({query}) TO '{tmp_path / 'p'}' (FORMAT parquet)")

    kept = keep((tmp_path / "p").read_bytes(), ending="parquet")

    assert kept.rows + kept.broken == 1


@QUICK
@given(seed=st.integers(0, 2**32))
def test_csv_with_anything_in_its_cells_is_kept_or_counted(
    keep: Callable[..., Any], seed: int
) -> None:
    dice = random.Random(seed)
    cells = ['"a\nb"', '"a""b"', "", '"', "[{}]", "x\x00y", '"{""role"": ""user""}"', "1e999"]
    rows = [",".join(dice.choices(cells, k=dice.randint(1, 7))) for _ in range(5)]
    keep("\n".join(["id,type,model,input,output,usage", *rows]).encode(), ending="csv")


PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
from suffice.cli import main
try:
    main(["scan", sys.argv[1], "--data", sys.argv[2]], standalone_mode=False)
except SystemExit as ended:
    code = ended.code
# Of this program alone: the system's own figure for a child begins with its parent's.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print("peak", int(status["VmHWM"].split()[0]) // 1024, file=sys.stderr)
"""


@pytest.mark.parametrize("pack", ["gz", "zst"])
@pytest.mark.parametrize(
    "unit", [b"x", b'{"a": "%s"}\n' % (b"x" * 16_000)], ids=["line", "records"]
)
def test_a_bomb_is_refused_with_a_code_in_bounded_memory(
    tmp_path: Path, pack: str, unit: bytes
) -> None:
    piece = unit * (2**20 // len(unit))
    path = tmp_path / f"bomb.{pack}"
    if pack == "gz":
        member = gzip.compress(piece * 64, 9)
        path.write_bytes(member * 24)
    else:
        frame = zstandard.ZstdCompressor(level=3).compress(piece * 64)
        path.write_bytes(frame * 24)

    done = _scanned(path, tmp_path)

    assert "SF107" in done.stderr
    assert _peak_mb(done) < 400


def test_a_line_of_a_hundred_megabytes_is_skipped_in_bounded_memory(
    tmp_path: Path, seeds: list[dict[str, Any]]
) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b'{"x": "' + b"y" * 100_000_000 + b'"}\n' + lines(seeds[0]))

    done = _scanned(path, tmp_path)

    assert "1 broken line" in done.stdout
    assert _peak_mb(done) < 500


def _scanned(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(folder / "data")],
        capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip


def _peak_mb(done: subprocess.CompletedProcess[str]) -> int:
    return int(done.stderr.rsplit("peak", 1)[1])
