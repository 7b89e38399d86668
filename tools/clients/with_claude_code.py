"""Claude Code before a gateway: each feature once, told as a line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

GATEWAY = os.environ["GATEWAY"]
HEADERS = json.loads(os.environ["HEADERS"])
PACKAGES = Path(os.environ["CLIENT"]) / "node_modules" / "@anthropic-ai"

SETTINGS = {
    "ANTHROPIC_BASE_URL": GATEWAY,
    "ANTHROPIC_AUTH_TOKEN": "sk-test",
    "ANTHROPIC_CUSTOM_HEADERS": "\n".join(f"{name}: {value}" for name, value in HEADERS.items()),
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}


def ask(words: str, *options: str) -> str:
    """What it prints for a prompt."""
    binary = next(PACKAGES.glob("claude-code-*/claude"))
    ran = subprocess.run(
        [str(binary), "-p", words, "--model", "claude-opus-5-5", *options],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stdout + ran.stderr


def tell(feature: str, text: str) -> None:
    """One line of JSON."""
    print(json.dumps({"feature": feature, "text": text}))


def main() -> None:
    """Each feature once."""
    tell("plain", ask("plain?"))
    # It always streams; here its events are told one by one.
    lines = ask("stream?", "--output-format", "stream-json", "--verbose").splitlines()
    tell("stream", json.loads(lines[-1])["result"])
    tell("tools", ask("weather?", "--allowedTools", "Bash"))
    tell("busy", ask("busy?"))
    tell("refused", ask("refuse?"))


main()
