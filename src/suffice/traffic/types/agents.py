"""Agent traffic: who in a session makes a call, and what a decision about it would move."""

from __future__ import annotations

import enum
from collections.abc import Mapping

_TAGS = (
    "suffice.type", "suffice-type", "metadata.suffice_type", "metadata.type", "type",
    "request_type", "metadata.request_type", "metadata.task", "task", "gen_ai.prompt.name",
    "metadata.prompt_name", "prompt_name", "prompt.name", "llm.prompt_template.name", "name",
)  # fmt: skip
# What libraries call every generation where nobody gave it a name.
_SAYS_NOTHING = frozenset({
    "generation", "llm", "chat", "completion", "messages", "chatanthropic", "chatopenai",
    "openai-generation", "litellm-completion", "litellm-acompletion", "anthropic.messages",
})  # fmt: skip


class Role(enum.StrEnum):
    """
    Who makes a call. What a decision moves: the call, the spawn to its end, or the session.

    Attributes:
        CALL: A request of an application, by itself.
        MAIN_LOOP: A step of an agent's own conversation; decided per session.
        SUB_AGENT: A step of one it spawned; decided per spawn, and kept to its end.
        HOUSEKEEPING: A title, a topic, a summary on the side; decided per call.
    """

    CALL = "call"
    MAIN_LOOP = "main loop"
    SUB_AGENT = "sub-agent"
    HOUSEKEEPING = "housekeeping"

    @property
    def unit(self) -> str:
        """What a decision about it moves as a whole: call, spawn or session."""
        return {Role.SUB_AGENT: "spawn", Role.MAIN_LOOP: "session"}.get(self, "call")


def role_of(
    *, is_sidechain: bool, agent_id: str, agentic_session: bool, offers_tools: bool
) -> Role:
    """
    Who makes a call, from what a log or the client's headers say of it.

    Args:
        is_sidechain: The transcript says that a sub-agent speaks.
        agent_id: The sub-agent's id; empty for a main loop.
        agentic_session: Other calls of its session offer tools, or it is a coding agent's.
        offers_tools: This call does, or the log cannot tell.

    >>> role_of(is_sidechain=False, agent_id="", agentic_session=True, offers_tools=False)
    <Role.HOUSEKEEPING: 'housekeeping'>
    """
    if is_sidechain or agent_id:
        return Role.SUB_AGENT
    if not agentic_session:
        return Role.CALL
    return Role.MAIN_LOOP if offers_tools else Role.HOUSEKEEPING


def tag_of(labels: Mapping[str, str]) -> str:
    """
    The caller's own name for the type, where its labels hold one; else empty.

    Labels that say something else, such as an environment, name no type.

    >>> tag_of({"env": "prod", "gen_ai.prompt.name": "ticket-triage"}), tag_of({"env": "prod"})
    ('ticket-triage', '')
    """
    if not labels:
        return ""
    for name in _TAGS:
        value = labels.get(name, "").strip()
        if value and value.casefold() not in _SAYS_NOTHING:
            return value
    return ""


def nameless(source: str, role: Role) -> str:
    """
    The type of a call whose log holds no prompt at all: it can be ranked, not compared.

    >>> nameless("claude-code", Role.SUB_AGENT)
    'claude-code-sub-agent'
    """
    return f"{source or 'log'}-{role.value.replace(' ', '-')}"
