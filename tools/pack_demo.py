"""
Turn a recording into the cases file and the manifest that the wheel ships.

    python -m tools.pack_demo build/demo

Stops where an answer is missing: a demo with holes would not show what it says.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from tools.demo_inputs import TYPES, DemoType, Drawn, draw
from tools.record_demo import BASELINE, SEED, arms_of, request_of

from suffice.records import Answer

OUT = Path(__file__).parents[1] / "src" / "suffice" / "adapters" / "demo"
MODELS = tomllib.loads((Path(__file__).parent / "demo_models.toml").read_text(encoding="utf-8"))
COMMAND = "python -m tools.record_demo --model NAME=FILE.gguf --into build/demo --threads 1"


def recorded(folder: Path) -> dict[tuple[str, str], Answer]:
    """Every answer of a recording, by case and arm."""
    answers: dict[tuple[str, str], Answer] = {}
    for model in MODELS:
        for line in (folder / f"{model}.jsonl").read_bytes().splitlines():
            row = msgspec.json.decode(line)
            answer = msgspec.convert(row["answer"], Answer)
            answers.setdefault((row["case"], row["arm"]), answer)
    return answers


def case_row(
    kind: DemoType, number: int, drawn: Drawn, answers: dict[str, Answer]
) -> dict[str, Any]:
    """One line of the cases file."""
    row: dict[str, Any] = {
        "id": f"{kind.name}-{number:03d}",
        "type": kind.name,
        "request": request_of(kind, drawn),
        "outputs": {arm: output(answer) for arm, answer in answers.items()},
        "usage": {arm: usage(answer) for arm, answer in answers.items()},
    }
    if drawn.reference is not None:
        row["reference"] = drawn.reference
    if kind.checker is not None:
        grades = {arm: kind.checker(answer.text, drawn.facts) for arm, answer in answers.items()}
        row["outcomes"] = {arm: value for arm, (value, _) in grades.items()}
        row["meta"] = {
            "graded_by": kind.checker.__name__,
            "facts": dict(drawn.facts),
            "grades": {arm: reason for arm, (_, reason) in grades.items()},
        }
    return row


def output(answer: Answer) -> Any:
    """Plain text; a whole response where the way it ended matters."""
    if answer.failure is None:
        return answer.text
    return {"content": list(answer.blocks or ()), "stop_reason": answer.stop_reason}


def usage(answer: Answer) -> dict[str, Any]:
    """The counts as the server told them, and the seconds as they were measured."""
    if answer.usage is None or answer.latency_s is None:
        raise SystemExit(f"an answer without usage: {answer}")
    return {
        "input_tokens": answer.usage.input_tokens,
        "cache_read_input_tokens": answer.usage.cache_read_tokens,
        "output_tokens": answer.usage.output_tokens,
        "latency_s": round(answer.latency_s, 3),
    }


def rows(answers: dict[tuple[str, str], Answer]) -> Iterator[dict[str, Any]]:
    """Every line of the cases file."""
    for kind in TYPES:
        arms = [arm for model in MODELS for arm in arms_of(kind, model)]
        for number, drawn in enumerate(draw(kind, seed=SEED, cases=kind.cases), 1):
            case_id = f"{kind.name}-{number:03d}"
            # The first run of the baseline is the baseline; the others keep their labels.
            found = {
                arm.model if arm.model == BASELINE and arm.label == "A" else arm.name: answers[
                    case_id, arm.name
                ]
                for arm in arms
            }
            yield case_row(kind, number, drawn, found)


def manifest(folder: Path) -> dict[str, Any]:
    """What the data says of itself."""
    about = {
        model: msgspec.json.decode((folder / f"{model}.about.json").read_bytes())
        for model in MODELS
    }
    return {
        "command": COMMAND,
        "machine": about[BASELINE]["machine"],
        "seed": SEED,
        "simulated": "",
        "models": [
            {
                "arm": model,
                **MODELS[model],
                "file": facts["file"],
                "bytes": facts["bytes"],
                "sha256": facts["sha256"],
                "recorded": facts["started"],
                "xllamacpp": facts["xllamacpp"],
                "threads": facts["server"]["threads"],
            }
            for model, facts in about.items()
        ],
        "types": [
            {
                "type": kind.name,
                "use": kind.use,
                "cases": kind.cases,
                "temperature": kind.temperature,
                "graded_by": kind.checker.__name__ if kind.checker else "",
            }
            for kind in TYPES
        ],
    }


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1])
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows(recorded(folder)))
    packed = zstandard.ZstdCompressor(level=19).compress(lines)
    (OUT / "cases.jsonl.zst").write_bytes(packed)
    (OUT / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest(folder)), indent=2) + b"\n"
    )
    print(f"{len(lines):,} bytes of cases, {len(packed):,} packed")


if __name__ == "__main__":
    main()
