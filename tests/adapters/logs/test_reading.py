"""Files of any mixture: found, recognised, resumed by content, and survived."""

from __future__ import annotations

import collections
import csv
import gzip
import io
import itertools
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.adapters.exchanges import FileProgress
from suffice.adapters.logs import LogFile, Readers, find_files
from suffice.errors import BrokenLine, EmptyInput, PackedTooFar, UnreadableFile
from suffice.records import LoggedExchange


def call(number: int, **more: Any) -> dict[str, Any]:
    return {
        "request": {"model": "m", "messages": [{"role": "user", "content": f"q{number}"}]},
        "response": {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "a"}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
        **more,
    }


def jsonl(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def read(path: Path, **options: Any) -> tuple[LogFile, list[LoggedExchange]]:
    file = LogFile(str(path), Readers(), **options)
    return file, list(file.exchanges())


CALLS = jsonl(*(call(number) for number in range(3)))


@pytest.mark.parametrize(
    "content",
    [
        CALLS,
        gzip.compress(CALLS),
        zstandard.compress(CALLS),
        json.dumps([call(number) for number in range(3)], indent=2).encode(),
        json.dumps([call(number) for number in range(3)]).encode(),
        json.dumps({"data": [call(number) for number in range(3)]}, indent=1).encode(),
        b"\xef\xbb\xbf\n\n" + CALLS,
    ],
    ids=["lines", "gz", "zst", "list", "one-line list", "member", "mark and blanks"],
)
def test_the_same_calls_are_read_however_they_are_wrapped(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(content)

    file, found = read(tmp_path / "log")

    assert [one.id for one in found] == ["msg_0", "msg_1", "msg_2"]
    assert (file.broken, file.titles) == (0, ["Anthropic request/response"])


ROW = {
    "response_id": "h-1",
    "request_created_at": "2026-11-01 00:00:00",
    "request_body": '{"model": "m",\n "messages": [{"role": "user", "content": "hi, \\"you\\""}]}',
    "model": "m",
    "prompt_tokens": "4",
    "completion_tokens": "2",
}


def test_a_csv_with_line_ends_inside_its_fields_is_read(tmp_path: Path) -> None:
    text = io.StringIO()
    rows = csv.DictWriter(text, list(ROW))
    rows.writeheader()
    rows.writerow(ROW)
    (tmp_path / "h.csv").write_text(text.getvalue(), "utf-8")

    file, (found,) = read(tmp_path / "h.csv")

    assert found.request == {"messages": [{"role": "user", "content": 'hi, "you"'}]}
    assert (file.titles, found.id) == (["Helicone export"], "h-1")


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "obs.parquet"
    duckdb.connect().execute(
        "COPY (SELECT 'o1' AS id, 't1' AS trace_id, 'GENERATION' AS type,"
        " TIMESTAMP '2026-11-01 00:00:00' AS start_time, 'hi' AS input, 'yo' AS output,"
        " MAP {'input': 3, 'output': 1} AS usage_details, 'm' AS provided_model_name,"
        f" 0.5::DECIMAL(9,4) AS total_cost) TO '{path}' (FORMAT parquet)"
    )

    file, (found,) = read(path)

    assert (found.ts, found.response_text, found.reported_usd) == (1793491200.0, "yo", "0.5000")
    assert found.usage is not None
    assert (found.usage.input_tokens, file.titles) == (3, ["Langfuse export"])


def test_one_file_may_hold_several_formats(tmp_path: Path) -> None:
    chat = {"id": "c", "model": "g", "choices": [{"message": {"content": "yo"}}]}
    (tmp_path / "log").write_bytes(CALLS + jsonl(chat))

    file, found = read(tmp_path / "log")

    assert file.calls == {"Anthropic request/response": 3, "OpenAI chat": 1}
    assert found[-1].source == "openai"


def test_broken_lines_are_counted_and_shown_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"oops\n' + CALLS + b'[1]\n{"weather": 1}\n\xff\xfe\n')

    file, found = read(tmp_path / "log")

    assert (len(found), file.broken) == (3, 4)
    assert [one.line for one in file.broken_examples] == [1, 5, 6]


def test_strict_stops_at_the_first_broken_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(CALLS + b"{oops\n" + CALLS)
    file = LogFile(str(tmp_path / "log"), Readers())

    with pytest.raises(BrokenLine, match="line 4"):
        list(file.exchanges(strict=True))


def test_a_format_that_is_forced_is_not_looked_for(tmp_path: Path) -> None:
    from suffice.traffic.formats import format_named

    (tmp_path / "log").write_bytes(jsonl({"messages": [{"role": "user", "content": "hi"}]}))

    _, (found,) = read(tmp_path / "log", forced=format_named("openai"))

    assert found.source == "openai"


def test_a_record_that_tells_of_no_call_is_broken_where_a_format_is_forced(tmp_path: Path) -> None:
    from suffice.traffic.formats import format_named

    (tmp_path / "log").write_bytes(jsonl({"weather": "fine"}))

    file, found = read(tmp_path / "log", forced=format_named("litellm"))

    assert (found, file.broken) == ([], 1)


def test_a_call_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    """The same question may be asked twice; the same line of the same file is one call."""
    bare = {"request": call(1)["request"], "response": {"content": [], "role": "assistant"}}
    (tmp_path / "a").write_bytes(jsonl(bare, bare))
    (tmp_path / "b").write_bytes(gzip.compress(jsonl(bare, bare)))

    _, one = read(tmp_path / "a")
    _, other = read(tmp_path / "b")

    assert one[0].id != one[1].id
    assert [x.id for x in one] == [x.id for x in other]


def known_by(*progress: FileProgress | None) -> Any:
    return lambda head: [one for one in progress if one is not None and one.head == head]


def test_a_grown_and_renamed_file_goes_on_where_it_was_left(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(CALLS)
    first, _ = read(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(CALLS + jsonl(call(3))))

    second, found = read(tmp_path / "b.jsonl.gz", known=known_by(first.progress))

    assert [one.id for one in found] == ["msg_3"]
    assert (second.records.skipped_lines, second.records.before) == (3, first.progress)


def test_another_file_that_begins_alike_is_read_in_full(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(CALLS)
    first, _ = read(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_bytes(jsonl(call(0), call(7), call(8), call(9)))

    _, found = read(tmp_path / "b.jsonl", known=known_by(first.progress))

    assert len(found) == 4


def test_a_transcript_that_grew_is_read_from_its_beginning(tmp_path: Path) -> None:
    """The messages of a later call stand before it in the file."""
    asked = {
        "type": "user", "uuid": "u", "parentUuid": None, "sessionId": "s",
        "message": {"role": "user", "content": "hi"},
    }  # fmt: skip
    said = {
        "type": "assistant", "uuid": "a", "parentUuid": "u", "sessionId": "s",
        "message": {"id": "m1", "role": "assistant", "model": "m", "content": []},
    }  # fmt: skip
    (tmp_path / "t.jsonl").write_bytes(jsonl(asked))
    first, _ = read(tmp_path / "t.jsonl")
    (tmp_path / "t.jsonl").write_bytes(jsonl(asked, said))

    second, (found,) = read(tmp_path / "t.jsonl", known=known_by(first.progress))
    third, nothing = read(tmp_path / "t.jsonl", known=known_by(second.progress))

    assert found.request["messages"] == [{"role": "user", "content": "hi"}]
    assert (nothing, third.records.skipped_lines) == ([], 2)


def test_batch_halves_in_two_files_are_joined(tmp_path: Path) -> None:
    asked = {"custom_id": "x", "params": {"model": "m", "messages": [{"role": "user"}]}}
    answer = {"custom_id": "x", "result": {"type": "succeeded", "message": call(1)["response"]}}
    (tmp_path / "in").write_bytes(jsonl(asked))
    (tmp_path / "out").write_bytes(jsonl(answer))
    readers = Readers()

    found = [
        one for name in ("out", "in") for one in LogFile(str(tmp_path / name), readers).exchanges()
    ]

    assert [(one.id, bool(one.request)) for one in found] == [("msg_1", True)]
    assert list(readers.finish()) == []


def bomb(pack: Any) -> bytes:
    return bytes(pack(b"\0" * 40_000_000))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_a_file_that_unpacks_beyond_measure_is_refused(
    pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bomb").write_bytes(bomb(pack))
    from suffice.adapters.case_files import read_lines

    with pytest.raises(PackedTooFar, match="times its size") as refused:
        list(read_lines(tmp_path / "bomb", largest=10_000_000))

    assert refused.value.code == "SF107"


def test_a_file_that_unpacks_to_line_ends_is_refused_before_they_are_all_looked_at(
    tmp_path: Path,
) -> None:
    from suffice.adapters.case_files import read_lines

    (tmp_path / "bomb").write_bytes(gzip.compress(b"\n" * 2_000_000))
    seen = itertools.count()

    with pytest.raises(PackedTooFar):
        collections.deque(
            zip(read_lines(tmp_path / "bomb", largest=10_000_000), seen, strict=False), maxlen=0
        )

    assert next(seen) < 1_000_000


def test_a_pattern_that_names_a_folder_means_the_logs_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.jsonl", "deep/b.jsonl", "deep/notes.txt"):
        (tmp_path / name).write_bytes(CALLS)

    found = find_files([str(tmp_path / "*")])

    assert [Path(name).name for name in found] == ["a.jsonl", "b.jsonl"]


def test_what_is_shown_of_a_broken_line_does_not_steer_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_bytes(b'{"\\u001b[2J\\u0007name": 1}\n')

    file, _ = read(tmp_path / "odd.jsonl")

    [shown] = file.broken_examples
    assert shown.reason.isprintable()
    assert "?[2J?name" in shown.reason


def test_a_torn_file_gives_all_before_the_tear_and_is_read_again_later(tmp_path: Path) -> None:
    packed = gzip.compress(jsonl(*(call(number) for number in range(500))))
    (tmp_path / "log.gz").write_bytes(packed[:-20])

    file, found = read(tmp_path / "log.gz")

    assert found
    assert (file.broken, file.progress) == (1, None)


def test_folders_patterns_and_names_are_each_read_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.jsonl", "deep/b.json.gz", "notes.txt"):
        (tmp_path / name).write_bytes(CALLS)

    found = find_files([str(tmp_path), str(tmp_path / "*.jsonl"), str(tmp_path / "notes.txt")])

    assert [Path(name).name for name in found] == ["a.jsonl", "b.json.gz", "notes.txt"]


def test_a_pattern_without_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="no log file"):
        find_files([str(tmp_path / "*.jsonl")])


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read(tmp_path / "none.jsonl")


FRAGMENTS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b"\n", b'"', b"id,trace_id,usage_details\n", b"PAR1", b"\x1f\x8b",
     b"\x28\xb5\x2f\xfd", b'{"messages":[]}', CALLS[:60], CALLS, b",", b"\0", b"\xff"]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(parts=st.lists(FRAGMENTS, max_size=6))
def test_no_file_crashes_the_reader(parts: list[bytes], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "log"
    path.write_bytes(b"".join(parts))

    file, found = read(path)

    assert len(found) == sum(file.calls.values())
