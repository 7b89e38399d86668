"""
The provider's own tests of its Python SDK, run through `suffice gateway`.

    python -m tools.sdk_suite            # through the gateway
    python -m tools.sdk_suite --direct   # without it, to compare

Behind the gateway stands the strict fake, which is told to accept what these tests send and the
API would not: the SDK's own list of retired models, the beta name `string`, and ids nobody
created. The SDK's source archive and what its tests need are fetched by pip from whatever index it
is set up to use, held to the hashes in `requirements/sdk-suite.txt`, and kept in `build/sdk-suite`.
Anything but every test passing, in the numbers written here, exits non-zero.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import venv
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from suffice.testing import StrictFake, serve, strict_fake
from suffice.testing.processes import gateway

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements" / "sdk-suite.txt"
BUILD = ROOT / "build" / "sdk-suite"
# Tests per file, and how many of them the suite itself skips: its stand-in for HTTP does not know
# the second client library. With fewer, something is not being tested any more.
EXPECTED = {
    "tests/api_resources/test_messages.py": (65, 0),
    "tests/api_resources/beta/test_messages.py": (60, 0),
    "tests/api_resources/test_models.py": (45, 0),
    "tests/api_resources/beta/test_models.py": (45, 0),
    "tests/api_resources/messages/test_batches.py": (126, 0),
    "tests/api_resources/beta/messages/test_batches.py": (126, 0),
    "tests/api_resources/test_files.py": (111, 4),
    "tests/api_resources/beta/test_files.py": (111, 4),
}
_RETIRED = "from anthropic.resources.messages.messages import DEPRECATED_MODELS as d; print(*d)"


class Tally(NamedTuple):
    """How the tests of one file went."""

    passed: int
    failed: int
    skipped: int


def prepare() -> tuple[Path, Path]:
    """The interpreter that has what the suite needs, and the folder it lies in."""
    pins = PINS.read_text(encoding="utf-8")
    folder = BUILD / hashlib.sha256(pins.encode()).hexdigest()[:12]
    python = folder / "venv" / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        venv.create(folder / "venv", with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--require-hashes", "-r", str(PINS)], check=True)
        _unpack(pip, pins, into=folder)
        done.touch()
    return python, next(folder.glob("anthropic-*/"))


def _unpack(pip: list[str], pins: str, *, into: Path) -> None:
    pinned = re.search(r"^anthropic==(\S+)", pins, re.MULTILINE)
    if pinned is None:
        sys.exit(f"{PINS.name} does not pin the SDK")
    wanted = ["--no-deps", "--no-binary", "anthropic", "-d", str(into)]
    subprocess.run([*pip, "download", *wanted, f"anthropic=={pinned[1]}"], check=True)
    archive = next(into.glob("anthropic-*.tar.gz"))
    if hashlib.sha256(archive.read_bytes()).hexdigest() not in pins:
        sys.exit(f"{archive.name} is not the archive whose hash {PINS.name} holds")
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")


def run(python: Path, source: Path, *, base_url: str, folder: Path) -> dict[str, Tally]:
    """Run the suite before an address; how each file's tests went."""
    report = folder / "report.xml"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "PYTEST_"))}
    options = ["-n0", "-q", "--no-header", "-p", "no:cacheprovider", f"--junitxml={report}"]
    subprocess.run(
        [str(python), "-m", "pytest", *options, "-o", "junit_family=xunit1", *EXPECTED],
        cwd=source,
        env={**kept, "TEST_API_BASE_URL": base_url},
        check=False,
    )
    if not report.exists():
        sys.exit("the suite did not run")
    return tally(report.read_bytes())


def tally(report: bytes) -> dict[str, Tally]:
    """How each file's tests went, read from the report of a run."""
    found = dict.fromkeys(EXPECTED, Tally(0, 0, 0))
    # The report is written by the run above.
    for case in ET.fromstring(report).iter("testcase"):  # noqa: S314
        file = case.get("file", "")
        passed, failed, skipped = found.get(file, Tally(0, 0, 0))
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
        found[file] = Tally(passed, failed, skipped)
    return found


def accounted(address: str, *, expected: int) -> int:
    """How many requests for an answer the gateway says it saw, once it says so many."""
    seen = 0
    for _ in range(100):
        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as page:  # noqa: S310 - ours
            text = page.read().decode()
        counts = re.findall(r"^suffice_requests_total\S* (\S+)$", text, re.MULTILINE)
        seen = sum(int(float(count)) for count in counts)
        if seen >= expected:
            break
        time.sleep(0.1)
    return seen


def shortfalls(found: dict[str, Tally]) -> list[str]:
    """Where a file's tests fell short of what is expected of them."""
    return [
        f"{file}: {told.passed} passed, {told.failed} failed, {told.skipped} skipped; "
        f"{tests} and {skips} skipped expected"
        for file, (tests, skips) in EXPECTED.items()
        if (told := found[file]) != Tally(tests, 0, skips)
    ]


def _print(found: dict[str, Tally]) -> None:
    print(f"\n{'file':<52}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for file, told in found.items():
        print(f"{file:<52}{told.passed:>8}{told.failed:>8}{told.skipped:>9}")
    passed, failed, skipped = (sum(column) for column in zip(*found.values(), strict=True))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")


def _lenient_only_where_told(python: Path) -> StrictFake:
    retired = subprocess.run(
        [str(python), "-c", _RETIRED], check=True, capture_output=True, text=True
    )
    return strict_fake(
        models=[*retired.stdout.split(), "model_id"],
        betas=["string"],
        ids=["message_batch_id", "file_id"],
    )


def main() -> None:
    """Run it all, print the table, and exit non-zero on any shortfall."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else "")
    parser.add_argument("--direct", action="store_true", help="without the gateway")
    direct = parser.parse_args().direct
    python, source = prepare()
    fake = _lenient_only_where_told(python)
    with tempfile.TemporaryDirectory() as name, serve(fake) as upstream:
        folder = Path(name)
        if direct:
            found = run(python, source, base_url=upstream, folder=folder)
            wrong = []
        else:
            with gateway(upstream, folder=folder) as address:
                found = run(python, source, base_url=address, folder=folder)
                asked = len(fake.journal.messages())
                seen = accounted(address, expected=asked)
            wrong = [] if seen == asked else [f"{asked} messages asked, {seen} seen by the gateway"]
    _print(found)
    print(f"{fake.journal.seen} requests reached the strict fake")
    for problem in (*wrong, *shortfalls(found)):
        print(f"SHORT: {problem}")
        wrong.append(problem)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
