"""
The tail of the house, beside the last release's numbers. A mirror, not a gate: it never fails.

    python tools/mirror.py              prints
    python tools/mirror.py --release    also keeps the numbers in tools/mirror.json
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import grimp

import suffice

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "suffice"
KEPT = ROOT / "tools" / "mirror.json"
_STARTS = 5
_MOST_CIRCLES_SHOWN = 3
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured thing: a number, and what has it."""

    what: str
    value: float
    where: str = ""


def readings() -> list[Reading]:
    """Everything the mirror shows, in its order."""
    files = {path: path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in files.items()}
    functions = [(path, node) for path, tree in trees.items() for node in _functions(tree)]
    lengths = sorted(_length(node) for _, node in functions)
    largest = max(files, key=lambda path: files[path].count("\n"))
    longest = max(functions, key=lambda each: _length(each[1]))
    widest = max(functions, key=lambda each: _width(each[1]))
    tests = sum(path.read_text("utf-8").count("\n") for path in (ROOT / "tests").rglob("*.py"))
    lines = sum(text.count("\n") for text in files.values())
    circles = _circles()
    return [
        Reading("files", len(files)),
        Reading("lines", lines),
        Reading("lines of tests per line", round(tests / lines, 2)),
        Reading("largest file, lines", files[largest].count("\n"), _name(largest)),
        Reading("longest function, lines", _length(longest[1]), _function(*longest)),
        Reading("functions, median lines", median(lengths)),
        Reading("functions, nine in ten up to", lengths[len(lengths) * 9 // 10]),
        Reading("widest signature", _width(widest[1]), _function(*widest)),
        Reading("imports inside functions", _inner_imports(functions)),
        Reading("  of them not in cli or wiring", _inner_imports(functions, beyond=True)),
        Reading("except Exception", sum(_broad(tree) for tree in trees.values())),
        Reading("circles of modules", len(circles), "; ".join(circles[:_MOST_CIRCLES_SHOWN])),
        Reading("import suffice, ms", _start_ms("-c", "import suffice")),
        Reading("suffice --help, ms", _start_ms("-m", "suffice", "--help")),
    ]


def _functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def _length(node: Function) -> int:
    """Lines of the body; the docstring is the reader's, not the function's."""
    body = node.body
    if ast.get_docstring(node) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _width(node: Function) -> int:
    """Parameters; a command's are its options and are not counted."""
    if any(
        "click" in ast.dump(each) or "command" in ast.dump(each) for each in node.decorator_list
    ):
        return 0
    arguments = node.args
    return len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)


def _inner_imports(functions: list[tuple[Path, Function]], *, beyond: bool = False) -> int:
    allowed = {SOURCE / "cli", SOURCE / "wiring.py"}
    found = {
        node
        for path, function in functions
        if not (beyond and (path in allowed or path.parent in allowed))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return len(found)


def _broad(tree: ast.AST) -> int:
    return sum(
        isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        for node in ast.walk(tree)
    )


def _circles() -> list[str]:
    """Each circle once, by its modules; those that only hold for type checkers left out."""
    graph = grimp.build_graph("suffice", exclude_type_checking_imports=True, cache_dir=None)
    found = {}
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            back = graph.find_shortest_chain(importer=imported, imported=module)
            if back:
                found[frozenset(back)] = " > ".join((*back, imported))
    return list(found.values())


def _start_ms(*arguments: str) -> float:
    """The best of a few starts, in milliseconds: the machine's noise only adds."""
    taken = []
    for _ in range(_STARTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return round(min(taken) * 1000)


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _function(path: Path, node: Function) -> str:
    return f"{_name(path)}:{node.lineno} {node.name}"


def show(found: list[Reading], before: dict[str, float], *, version: str) -> None:
    """Print every reading beside the one of the last release."""
    print(f"{'':<32}{'now':>8}{version:>10}")
    for reading in found:
        old = before.get(reading.what)
        then = "" if old is None else f"{old:g}"
        print(f"{reading.what:<32}{reading.value:>8g}{then:>10}  {reading.where}".rstrip())


def run(arguments: list[str]) -> None:
    """Print, and with --release keep."""
    found = readings()
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    show(found, kept.get("readings", {}), version=kept.get("version", ""))
    if "--release" in arguments:
        now = {reading.what: reading.value for reading in found}
        document = {"version": suffice.__version__, "readings": now}
        KEPT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        print(f"kept in {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    run(sys.argv[1:])
