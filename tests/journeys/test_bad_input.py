"""Whatever is wrong with the input or the disk: a coded word about it, and nothing lost."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Command = Callable[..., Result]
ARMS = ("--baseline", "big", "--to", "small", "--recorded", "--format", "json")


def line(number: int, **fields: Any) -> bytes:
    return json.dumps({"id": f"c{number}", "outcomes": {"big": 1, "small": 1}, **fields}).encode()


def compared(suffice: Command, content: bytes, *options: object) -> Any:
    Path("cases.jsonl").write_bytes(content)
    result = suffice("compare", "cases.jsonl", *ARMS, *options)
    assert result.exit_code in {0, 10, 11}, result.output
    return json.loads(result.stdout)


def test_every_good_line_counts_and_every_broken_one_is_named(suffice: Command) -> None:
    broken = {
        2: b"{half",
        3: b'{"id": "\xff\xfe"}',
        4: line(4, outcomes={"big": 2}),
        5: line(1),
        6: b'{"id": "x", "outcomes": {"big": NaN}}',
    }
    lines = [line(1), *broken.values(), line(7)]

    found = compared(suffice, b"\n".join(lines))

    assert found["types"][0]["pairs"] == 2
    assert {one["line"] for one in found["broken"]} == set(broken)


def test_a_line_of_a_hundred_megabytes_is_named_and_the_rest_counts(suffice: Command) -> None:
    found = compared(suffice, line(1) + b"\n" + b"x" * 100_000_000 + b"\n" + line(3))

    assert found["types"][0]["pairs"] == 2
    assert found["broken"][0]["line"] == 2


def test_a_cut_archive_counts_up_to_the_cut_and_says_so(suffice: Command) -> None:
    whole = gzip.compress(b"\n".join(line(number) for number in range(5000)))
    Path("cases.jsonl.gz").write_bytes(whole[: len(whole) * 2 // 3])

    result = suffice("compare", "cases.jsonl.gz", *ARMS)

    found = json.loads(result.stdout)
    assert found["types"][0]["pairs"] > 1000
    assert "SF101" in found["broken"][0]["reason"]


def test_strict_stops_at_the_first_broken_line(suffice: Command) -> None:
    Path("cases.jsonl").write_bytes(line(1) + b"\n{half\n")

    result = suffice("compare", "cases.jsonl", *ARMS, "--strict")

    assert result.exit_code == 1
    assert result.stderr.startswith("SF102")
    assert "Line 2" in result.stderr


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "SF103"), (b"\n\n", "SF103"), (b"{}{}", "SF103"), (b'{"id": "a"}', "SF105")],
)
def test_nothing_usable_is_a_coded_error(suffice: Command, content: bytes, code: str) -> None:
    Path("cases.jsonl").write_bytes(content)

    result = suffice("compare", "cases.jsonl", *ARMS)

    assert result.exit_code == 1
    assert result.stderr.startswith(code)


def test_a_model_without_price_is_decided_all_the_same_and_its_cost_is_null(
    suffice: Command,
) -> None:
    lines = [
        line(n, usage={"big": {"input_tokens": 9}, "small": {"input_tokens": 9}}) for n in range(99)
    ]

    [verdict] = compared(suffice, b"\n".join(lines))["types"]

    assert verdict["cost"] is None
    assert "No price for big" in verdict["cost_note"]
    assert verdict["verdict"] == "switch"


def test_a_live_run_with_an_unknown_price_stops_before_the_first_call(suffice: Command) -> None:
    Path("cases.jsonl").write_bytes(line(1, prompt="hi"))

    result = suffice(
        "compare", "cases.jsonl", "--baseline", "big", "--to", "small", "--yes", "--budget", "1"
    )

    assert result.exit_code == 1
    assert result.stderr.startswith("SF305")


def test_a_margin_that_nothing_can_be_held_against_is_a_usage_error(suffice: Command) -> None:
    Path("cases.jsonl").write_bytes(
        json.dumps({"id": "a", "outputs": {"big": "yes", "small": "yes"}}).encode()
    )

    result = suffice("compare", "cases.jsonl", *ARMS, "--margin", "3")

    assert result.exit_code == 2
    assert result.stderr.startswith("SF004")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB; only the super-user can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)],
            check=False,
            capture_output=True,
        ).returncode
    )
    if not made:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_costs_the_run_folder_and_not_the_verdict(
    suffice: Command, small_disk: Path
) -> None:
    (small_disk / "filler").write_bytes(b"x" * 60_000)
    lines = [line(n, outcomes={"big": 1, "small": n % 2}, prompt="x" * 500) for n in range(300)]
    Path("cases.jsonl").write_bytes(b"\n".join(lines))

    result = suffice("compare", "cases.jsonl", *ARMS, "--save", small_disk / "run")

    assert result.exit_code == 1
    assert "SF601" in result.stderr

    unasked = suffice("compare", "cases.jsonl", *ARMS, "--no-save", "-o", small_disk / "r.json")
    assert json.loads(unasked.stdout)["types"][0]["verdict"] == "keep"
    assert "SF601" in unasked.stderr


def test_without_a_place_for_the_run_the_verdict_is_still_given(suffice: Command) -> None:
    Path("cases.jsonl").write_bytes(
        b"\n".join(line(n, outcomes={"big": 1, "small": 0}) for n in range(60))
    )
    Path(".suffice").write_text("a file where the folder should be")

    result = suffice("compare", "cases.jsonl", *ARMS)

    assert json.loads(result.stdout)["types"][0]["verdict"] == "keep"
    assert "not kept" in result.stderr


def test_similarity_is_used_from_the_threshold_people_s_labels_set(suffice: Command) -> None:
    texts = {True: "The parcel came on Monday.", False: "Nobody has seen the invoice at all."}
    rows = [
        {
            "id": f"c{number}",
            "type": "t",
            "outputs": {
                "big": "The parcel came on Monday!",
                "small": texts[number % 10 != 0],
            },
        }
        for number in range(100)
    ]
    Path("cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("labels.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "case_id": f"c{number}",
                    "type": "t",
                    "human": "same" if number % 10 else "baseline",
                }
            )
            + "\n"
            for number in range(60)
        )
    )

    plain = suffice("compare", "cases.jsonl", *ARMS, "--scorer", "text")
    labelled = suffice(
        "compare", "cases.jsonl", *ARMS, "--scorer", "text", "--labels", "labels.jsonl"
    )

    assert json.loads(plain.stdout)["types"][0]["provisional"]
    [found] = json.loads(labelled.stdout)["types"]
    assert not found["provisional"]
    assert (found["lost"], found["both"]) == (10, 90)
