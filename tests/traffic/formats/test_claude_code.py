"""Claude Code's transcripts: repeated usage, threads of messages, sub-agents."""

from __future__ import annotations

from typing import Any

from suffice.records import Usage


def line(uuid: str, parent: str | None, kind: str, message: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": uuid,
        "parentUuid": parent,
        "sessionId": "sess",
        "isSidechain": False,
        "cwd": "/home/somebody/project",
        "timestamp": "2026-11-01T00:00:00Z",
        "message": message,
        **more,
    }


def said(block: dict[str, Any], *, output: int = 50, name: str = "msg_1") -> dict[str, Any]:
    return {
        "id": name,
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [block],
        "stop_reason": None,
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 900, "output_tokens": output},
    }


ASKED = line("u1", None, "user", {"role": "user", "content": "Fix the bug."})
THINKING = line("a1", "u1", "assistant", said({"type": "thinking", "thinking": "hm"}, output=8))
TEXT = line("a2", "a1", "assistant", said({"type": "text", "text": "Done."}))
CALL = line(
    "a3",
    "a2",
    "assistant",
    said({"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}),
)


def test_usage_repeated_on_every_block_counts_once(read: Any) -> None:
    (found,) = read(ASKED, THINKING, TEXT, CALL)

    assert found.usage == Usage(input_tokens=3, cache_read_tokens=900, output_tokens=50)
    assert [block["type"] for block in found.response_blocks] == ["thinking", "text", "tool_use"]
    assert (found.response_text, found.session, found.id) == ("Done.", "sess", "msg_1")


def test_repeated_lines_are_counted() -> None:
    from suffice.traffic.formats import format_named

    form = format_named("claude-code")
    assert form is not None
    reader = form.reader()
    for record in (ASKED, THINKING, TEXT, CALL):
        assert list(reader.read(record)) == []

    assert reader.merged == 2


def test_the_messages_before_a_call_are_found_along_their_parents(read: Any) -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "a.py"}
    answered = line("u2", "a3", "user", {"role": "user", "content": [result]})
    later = line("a4", "u2", "assistant", said({"type": "text", "text": "Ok."}, name="msg_2"))

    _, second = read(ASKED, THINKING, TEXT, CALL, answered, later)

    assert [message["role"] for message in second.request["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
    assert [block["type"] for block in second.request["messages"][1]["content"]] == [
        "thinking",
        "text",
        "tool_use",
    ]


def test_a_transcript_can_be_ranked_but_not_replayed(read: Any) -> None:
    (found,) = read(ASKED, THINKING)

    assert found.request["messages"]
    assert not found.replayable


def test_sub_agents_are_told_apart_from_the_main_loop(read: Any) -> None:
    task = line("s1", None, "user", {"role": "user", "content": "Search."}, isSidechain=True)
    found_it = line(
        "s2", "s1", "assistant", said({"type": "text", "text": "x"}, name="msg_s"), isSidechain=True
    )

    main, sub = read(ASKED, THINKING, task, found_it)

    assert (main.is_sidechain, main.agent_id) == (False, "")
    assert (sub.is_sidechain, sub.agent_id) == (True, "s1")


def test_words_of_claude_code_itself_are_no_call(read: Any) -> None:
    synthetic = {**said({"type": "text", "text": "API Error"}), "model": "<synthetic>"}

    assert read(ASKED, line("a9", "u1", "assistant", synthetic)) == []


def test_other_lines_are_neither_calls_nor_broken(read: Any) -> None:
    others = [
        {"type": "summary", "summary": "x", "leafUuid": "a2"},
        {"type": "queue-operation", "sessionId": "sess", "operation": "enqueue"},
        {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
    ]

    assert read(*others) == []


def test_a_circle_of_parents_ends(read: Any) -> None:
    (found,) = read(
        line("x", "y", "user", {"role": "user", "content": "a"}),
        line("y", "x", "user", {"role": "user", "content": "b"}),
        line("z", "x", "assistant", said({"type": "text", "text": "c"})),
    )

    assert found.response_text == "c"


def test_a_call_takes_from_what_it_answers_to_its_last_line(read: Any) -> None:
    """Unless a person was waited for in between: then nobody knows."""
    first = {**TEXT, "parentUuid": "u1", "timestamp": "2026-11-01T00:00:03Z"}
    last = {**CALL, "timestamp": "2026-11-01T00:00:05.5Z"}
    tomorrow = {**TEXT, "parentUuid": "u1", "timestamp": "2026-11-02T00:00:00Z"}

    (found,), (waited,) = read(ASKED, first, last), read(ASKED, tomorrow)

    assert (found.ts, found.latency_s) == (1793491200.0, 5.5)
    assert (waited.ts, waited.latency_s) == (1793491200.0 + 86_400, None)
