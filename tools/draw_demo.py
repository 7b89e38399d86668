"""
The README's picture: what `suffice demo` prints, drawn as an SVG.

    python tools/draw_demo.py            runs the demo and writes docs/demo.svg

The text is the program's own, up to the first sentence below its tables.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
_COLUMNS = 100
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>What suffice demo prints</title>
<style>
text {{ font: {char_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
{styles}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1e2227"/>
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
{matrix}
</g>
</svg>
"""
_THEME = TerminalTheme(
    (30, 34, 39),
    (220, 223, 228),
    [
        (130, 137, 151),
        (240, 113, 120),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (220, 223, 228),
    ],
)


def printed(arguments: list[str]) -> str:
    """What the command prints on a terminal of a hundred columns, colours included."""
    script = (
        "import os, pty, sys\n"
        "status = pty.spawn(sys.argv[1:])\n"
        "sys.exit(os.waitstatus_to_exitcode(status))\n"
    )
    environment = {
        **os.environ,
        "COLUMNS": str(_COLUMNS),
        "TERM": "xterm-256color",
        "PYTHONIOENCODING": "utf-8",
    }
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", script, sys.executable, "-m", "suffice", *arguments],
            capture_output=True,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=True,
        )
    return done.stdout.decode().replace("\r\n", "\n")


def tables_and_first_sentence(text: str) -> str:
    """The tables and the first of the sentences below them; what is left out shows as …."""
    lines = text.splitlines()
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    begins = next(
        (n for n, line in enumerate(plain) if re.match(r"\d+ \w+.* Switch|.* · ", line)), 0
    )
    sentences = [n for n, line in enumerate(plain) if re.match(r"  [✓✗…] ", line)]
    end = sentences[1] if len(sentences) > 1 else len(lines)
    return "\n".join([*lines[begins:end], "  …"])


def draw(text: str, *, command: str) -> str:
    """The text as an SVG that loads nothing."""
    console = Console(record=True, width=_COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123 - the process ends with it
    console.print(Text.assemble(("$ ", "green"), (command, "bold")))
    for line in AnsiDecoder().decode(re.sub(r"\.suffice/runs/demo-[\d-]+", "RUN", text).rstrip()):
        console.print(line, soft_wrap=True)
    svg = console.export_svg(
        theme=_THEME, code_format=_FORMAT, title=escape(command), unique_id="d"
    )
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


if __name__ == "__main__":
    shown = tables_and_first_sentence(printed(["demo"]))
    PICTURE.write_text(draw(shown, command="suffice demo"), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")
