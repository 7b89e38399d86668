"""
Clients of other makers through `suffice gateway`, with the strict fake behind it.

    python -m tools.client_zoo                # all of them
    python -m tools.client_zoo langchain      # one of them

Each is installed, in the version written here, into a folder of its own below `build/clients`, by
pip or npm from whatever index they are set up to use. Nothing reaches the provider. Each asks for
a plain answer, a stream, a tool loop, an answer behind a 429 and one behind a 400, without a type
and with one that goes to a cheaper model. Anything unexpected exits non-zero.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from suffice.testing import (
    Answers,
    Entry,
    Fails,
    Said,
    StrictFake,
    ToolCall,
    rate_limited,
    serve,
    strict_fake,
)
from suffice.testing.processes import gateway

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tools" / "clients"
PAGES = ROOT / "docs" / "clients"
BUILD = ROOT / "build" / "clients"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
POLICY = {"version": 1, "types": {"triage": {"baseline": OPUS, "candidate": HAIKU, "share": 1.0}}}
ROUTES: Mapping[str, dict[str, str]] = {"as asked": {}, "routed": {"x-suffice-type": "triage"}}
WANTED = {
    "plain": "Paris",
    "stream": "Paris",
    "tools": "It is sunny in Łódź.",
    "runner": "It is sunny in Łódź.",
    "runner without thread": "It is sunny in Łódź.",
    "busy": "Free again",
    "refused": "refused on purpose",
}
_REFUSED = Fails(status=400, type="invalid_request_error", message="refused on purpose")
_FAULTS = ("busy?", "refuse?")
_TIMEOUT_S = 180
USUAL_ADDRESS = "http://127.0.0.1:4701"


class Client(NamedTuple):
    """A client, what it is installed from, and the script that puts it through its paces."""

    name: str
    packages: tuple[str, ...]
    script: str


CLIENTS = (
    Client("langchain", ("langchain-anthropic==1.7.7", "anthropic==2.12.0"), "with_langchain.py"),
    Client(
        "pydantic-ai",
        ("pydantic-ai-slim[anthropic]==2.68.0", "anthropic==2.12.0"),
        "with_pydantic_ai.py",
    ),
    Client("litellm", ("litellm==1.106.2", "mcp==2.3.0", "tenacity==9.2.1"), "with_litellm.py"),
    Client("typescript-sdk", ("@anthropic-ai/sdk@1.12.0",), "with_typescript_sdk.mjs"),
    Client(
        "vercel-ai-sdk",
        ("ai@7.0.173", "@ai-sdk/anthropic@4.0.105", "zod@4.6.7"),
        "with_vercel_ai_sdk.mjs",
    ),
    Client("claude-code", ("@anthropic-ai/claude-code@2.1.330",), "with_claude_code.py"),
)


class Run(NamedTuple):
    """What one client got over one route, and what it had sent."""

    features: dict[str, str]
    model: str
    wrong: list[str]
    sent: dict[str, list[str]]


def install(client: Client) -> tuple[Path, list[str]]:
    """The folder a client is installed in, and the command that runs a script there."""
    pins = hashlib.sha256(" ".join(client.packages).encode()).hexdigest()[:12]
    folder = BUILD / f"{client.name}-{pins}"
    done = folder / "done"
    is_node = "==" not in client.packages[0]
    python = folder / "venv" / "bin" / "python"
    if not done.exists():
        for older in BUILD.glob(f"{client.name}-????????????"):
            shutil.rmtree(older)
        folder.mkdir(parents=True)
        if is_node:
            npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run([*npm, "--prefix", str(folder), *client.packages], check=True)
        else:
            venv.create(folder / "venv", with_pip=True)
            pip = [str(python), "-m", "pip", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", *client.packages], check=True)
        done.touch()
    # A module finds its packages beside itself, or above.
    (folder / "script").mkdir(exist_ok=True)
    script = Path(shutil.copy(SCRIPTS / client.script, folder / "script"))
    if script.suffix == ".mjs":
        return folder, ["node", str(script)]
    return folder, [sys.executable if is_node else str(python), str(script)]


def answers() -> Callable[[Mapping[str, Any]], Said | Fails]:
    """What the fake says; it is busy once."""
    busy = [rate_limited(retry_after_s=0.05)]

    def say(body: Mapping[str, Any]) -> Said | Fails:
        # Claude Code may end a conversation with a system message of its own.
        last = next(each for each in reversed(body["messages"]) if each["role"] == "user")
        words = json.dumps(last, ensure_ascii=False)
        if '"tool_result"' in words:
            return Said(text="It is sunny in Łódź." if "sunny in Łódź" in words else words)
        if "refuse?" in words:
            return _REFUSED
        if "busy?" in words:
            return busy.pop() if busy else Said(text="Free again")
        if "weather?" in words or "runner?" in words:
            return Said(tool_calls=(_weather(body),))
        return Said(text="Paris")

    return say


def _weather(body: Mapping[str, Any]) -> ToolCall:
    # Claude Code brings tools of its own.
    if any(tool["name"] == "Bash" for tool in body["tools"]):
        said = {"command": "echo sunny in Łódź", "description": "Tell the weather"}
        return ToolCall("Bash", said)
    return ToolCall("weather", {"city": "Łódź"})


def run(client: Client, headers: Mapping[str, str]) -> Run:
    """Put a client through its paces over one route."""
    folder, command = install(client)
    told: Answers = answers()
    fake = strict_fake(answers=told)
    with tempfile.TemporaryDirectory() as name, serve(fake) as upstream:
        work = Path(name)
        (work / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
        with gateway(upstream, folder=work) as address:
            env = {"GATEWAY": address, "HEADERS": json.dumps(headers), "CLIENT": str(folder)}
            ran = _ran(command, env, work)
            sent = _sent(list(fake.journal))
            wrong = _wrong_page(client, command, address, work) if headers else []
    features, model = {}, ""
    for line in ran.stdout.splitlines():
        if line.startswith('{"feature"'):
            said = json.loads(line)
            features[said["feature"]] = said["text"]
            model = model or said.get("model", "")
    wrong += [*_wrong_words(features), *_wrong_models(fake, routed=bool(headers))]
    if ran.returncode:
        wrong.append(f"exit {ran.returncode}: {ran.stderr[-800:]}")
    return Run(features, model, wrong, sent)


def _ran(
    command: list[str], env: Mapping[str, str], work: Path
) -> subprocess.CompletedProcess[str]:
    # What is set on this machine for its own use must not decide what a client does.
    private = ("ANTHROPIC_", "CLAUDE", "SUFFICE_", "PYTHON")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(private)}
    return subprocess.run(
        command,
        env={**kept, "HOME": str(work), "DO_NOT_TRACK": "1", **env},
        cwd=work,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def _wrong_page(client: Client, command: list[str], address: str, work: Path) -> list[str]:
    """What the client's page shows does not do what it says."""
    text = (PAGES / f"{client.name}.md").read_text(encoding="utf-8")
    shown = re.search(r"^```(?:python|js)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    if shown is None:
        return []
    script = Path(command[-1])
    page = script.with_stem("page")
    page.write_text(shown[1].replace(USUAL_ADDRESS, address), encoding="utf-8")
    ran = _ran([*command[:-1], str(page)], {"ANTHROPIC_API_KEY": "sk-test"}, work)
    return [] if "Paris" in ran.stdout else [f"its page: {ran.stdout}{ran.stderr[-800:]}"]


def _wrong_words(features: Mapping[str, str]) -> list[str]:
    needed = {feature: wanted for feature, wanted in WANTED.items() if "runner" not in feature}
    missing = [f"{feature} is missing" for feature in needed if feature not in features]
    return missing + [
        f"{feature}: {text[:300]!r}"
        for feature, text in features.items()
        if WANTED[feature] not in text
    ]


def _wrong_models(fake: StrictFake, *, routed: bool) -> list[str]:
    """Answers by another model than the policy says; a thread stays, a 429 leads back."""
    wrong = []
    for entry in fake.journal.messages():
        if entry.body is None:
            wrong.append(f"{entry.path} {entry.status}: {entry.error}")
            continue
        words = json.dumps(entry.body["messages"], ensure_ascii=False)
        stays = any(fault in words for fault in _FAULTS) or entry.body.get("thread")
        asked = entry.body["model"]
        if entry.status == 200 and not stays and (asked == HAIKU) != routed:
            wrong.append(f"{asked} answered {words[-200:]}")
        elif entry.status >= 400 and not any(fault in words for fault in _FAULTS):
            wrong.append(f"{entry.path} {entry.status}: {entry.error}")
    return wrong


def _sent(entries: list[Entry]) -> dict[str, list[str]]:
    """What a client sends that a gateway has to understand, each value once."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        query = f"?{entry.query}" if entry.query else ""
        found.setdefault("path", set()).add(f"{entry.method} {entry.path}{query}")
        found.setdefault("credential", set()).add(entry.credential)
        for header in ("anthropic-version", "anthropic-beta", "user-agent", "accept-encoding"):
            found.setdefault(header, set()).add(entry.headers.get(header, ""))
    return {key: sorted(values) for key, values in found.items()}


def main() -> None:
    """Run them, print what was seen, and exit non-zero where something was not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="CLIENT")
    names = parser.parse_args().names
    passed, failed = 0, 0
    for client in CLIENTS:
        if names and client.name not in names:
            continue
        print(f"\n{client.name}: {', '.join(client.packages)}")
        try:
            install(client)
        except subprocess.CalledProcessError as error:
            print(f"  WRONG: it cannot be installed: {error}")
            failed += 1
            continue
        for route, headers in ROUTES.items():
            seen = run(client, headers)
            print(f"  {route:<9} {', '.join(seen.features)}; it says {seen.model or 'no model'}")
            print(f"    a 400 is {seen.features.get('refused', '')[:100]!r}")
            for problem in seen.wrong:
                print(f"    WRONG: {problem}")
            passed, failed = passed + (not seen.wrong), failed + bool(seen.wrong)
        for key, values in seen.sent.items():
            print(f"  {key}: {' | '.join(values)}")
    print(f"\n{passed} passed, {failed} failed")
    sys.exit(failed > 0 or not passed)


if __name__ == "__main__":
    main()
