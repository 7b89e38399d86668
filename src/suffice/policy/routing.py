"""
Where one request goes, and why.

Everything here is a look-up: the policy, the request and what is already known come in, a
`Route` goes out. Whatever is missing, stale, unknown or in doubt leads to the model the client
asked for, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from suffice.catalog.capabilities import capabilities
from suffice.policy.assignment import conversation_number, is_under
from suffice.policy.models import binds_prefix, same_model, spec_of
from suffice.policy.placements import Memory
from suffice.policy.rewriting import Rewriting, message_edits, rewriting
from suffice.policy.rules import Policy, TypeRule
from suffice.policy.splice import Edit, Edits
from suffice.policy.translation import Change
from suffice.policy.view import TYPE_IN_METADATA, RequestView

VERSIONS = frozenset({"2023-06-01", "2026-10-21"})
"""The API versions whose rules are known; under any other nothing is routed."""

RAMP_GRACE = timedelta(hours=1)
"""For so long after a ramp, a conversation nobody remembers is taken to be older than it."""

OTHER_MODEL = "the rule is for "
"""How the reason begins where a request asks for another model than its type's rule."""

IN_SHARE, NOT_IN_SHARE = "in the share of ", "not in the share"
"""How the reason begins, or reads, where nothing but the share decided: these can be compared."""

# A prompt is refused where it might be too long. English text has about four bytes a token;
# two and a half leaves room for code, for other scripts and for what the provider adds.
_LEAST_BYTES_PER_TOKEN = 2.5
_USUAL_BYTES_PER_TOKEN = 4
_TOKENS_PER_TURN = 500


class WarmPrefix(msgspec.Struct, frozen=True, kw_only=True):
    """
    A conversation whose prefix is cached, before it moves. Tokens as its present model counts.

    Attributes:
        stay_on: The model whose cache is warm.
        move_to: The model that would start cold.
        prefix_tokens: About what is cached.
        turn_tokens: About what each turn adds.
    """

    stay_on: str
    move_to: str
    prefix_tokens: int
    turn_tokens: int = _TOKENS_PER_TURN


BreakEven = Callable[[WarmPrefix], int | None]
"""Turns until a move has paid for itself; None: never, or its price is not known."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is known besides the policy and the request; each part may be missing.

    Attributes:
        at: The time; None: nothing expires.
        memory: Which model last answered a conversation.
        break_even: Prices the move of a warm prefix; without it such a prefix never moves.
        prompt_tokens: The prompt's size, where the provider counted it a turn ago.
        type_of: A body's type, asked where neither the client nor the policy names one; None
            where it knows none.
    """

    at: datetime | None = None
    memory: Memory | None = None
    break_even: BreakEven | None = None
    prompt_tokens: int | None = None
    type_of: Callable[[bytes], str | None] | None = None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where a request goes.

    Attributes:
        model: The model it is sent to.
        requested: The model the client asked for.
        type: The request type; empty where nobody knows it.
        arm: ``requested`` where no rule applies, else which side of the rule.
        reason: One clause, for the header, the log and `suffice explain`.
        policy_version: What decided; None without a policy.
        body_edits: What must change in the body, for `suffice.policy.splice.splice`.
        conversation: Its number; None where it was not assigned.
        served_as: What to remember of the conversation once this model has answered.
        shape: What to add to ``learnt`` should the candidate refuse the request; empty
            on the other arms.
        changes: What translation did to which field.
    """

    model: str
    requested: str
    type: str = ""
    arm: Literal["baseline", "candidate", "requested", "shadow"] = "requested"
    reason: str
    policy_version: int | None = None
    body_edits: Edits = Edits()
    conversation: int | None = None
    served_as: str = ""
    shape: str = ""
    changes: tuple[Change, ...] = ()


def route(
    policy: Policy | None,
    view: RequestView,
    *,
    key: bytes,
    version: str,
    learnt: Container[str] = (),
    known: Known = Known(),  # noqa: B008 - frozen
) -> Route:
    """
    Where a request goes.

    Args:
        policy: In force; None: there is none, or it cannot be read.
        view: The request.
        key: The installation's secret for assignment.
        version: The request's ``anthropic-version``.
        learnt: Shapes the candidate has refused although it should have taken them.
        known: What else is known.

    >>> from suffice.policy.view import view_request
    >>> rule = TypeRule(baseline="claude-opus-5-5", candidate="claude-haiku-5-5", share=1.0)
    >>> policy = Policy(version=7, types={"triage": rule})
    >>> body = b'{"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}'
    >>> request = view_request({"x-suffice-type": "triage"}, body)
    >>> found = route(policy, request, key=b"secret", version="2026-10-21")
    >>> found.model, found.arm, found.policy_version
    ('claude-haiku-5-5', 'candidate', 7)
    """
    try:
        found = _Routing(policy, view, key=key, version=version, learnt=learnt, known=known).found()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        found = Route(
            model=view.model, requested=view.model, reason="the request is not as requests are"
        )
    return _without_our_field(found, view) if view.has_metadata_type else found


def served_by(
    rule: TypeRule, view: RequestView, *, number: int, memory: Memory | None
) -> Literal["baseline", "candidate"] | None:
    """Which side has this conversation so far; None where it is new, or nobody knows."""
    if memory is None or rule.candidate is None:
        return None
    if not view.is_ongoing and (rule.done or not view.has_session):
        # The same first words again are another conversation.
        return None
    # Whoever remembers the bare model of a candidate with settings means the candidate too,
    # unless it is the baseline's.
    bare = spec_of(rule.candidate).model
    served = memory.served_by(number, (rule.candidate, view.model, bare))
    if served is None:
        return None
    is_candidate = served == rule.candidate or (served == bare and bare != view.model)
    return "candidate" if is_candidate else "baseline"


class _Routing:
    """One request on its way to its route."""

    def __init__(
        self,
        policy: Policy | None,
        view: RequestView,
        *,
        key: bytes,
        version: str,
        learnt: Container[str],
        known: Known,
    ) -> None:
        self._policy = policy
        self._view = view
        self._key = key
        self._version = version
        self._learnt = learnt
        self._known = known
        self._type = ""
        self._number: int | None = None

    def found(self) -> Route:
        """The route."""
        policy = self._policy
        self._type = self._named()
        if policy is None:
            return self._as_asked("no policy")
        if self._known.at is not None and policy.is_stale(self._known.at):
            return self._as_asked(f"policy {policy.version} is stale")
        if not self._type:
            return self._as_asked("no type")
        rule = policy.types.get(self._type)
        if rule is None:
            return self._as_asked("no rule for the type")
        return self._by_rule(rule)

    def _named(self) -> str:
        """The request's type: what the client says, then the policy, then what was learnt."""
        policy, view, type_of = self._policy, self._view, self._known.type_of
        named = view.explicit_type
        if not named and policy is not None and policy.lookup:
            named = policy.lookup.get(view.fingerprint)
        if not named and type_of is not None:
            named = type_of(view.body)
        return named or ""

    def _by_rule(self, rule: TypeRule) -> Route:
        asked = spec_of(rule.baseline).model
        if not same_model(self._view.model, asked):
            return self._as_asked(f"{OTHER_MODEL}{asked}")
        if rule.candidate is None:
            return self._stay("no candidate")
        if self._view.in_thread:
            # A thread is tied to its model, and only its newest turn is here: neither who began
            # it nor what it holds can be told, so it is neither moved nor shadowed.
            return self._stay("a thread stays on the model it asks for")
        self._number = conversation_number(
            self._key, type=self._type, parts=self._view.conversation
        )
        candidate = spec_of(rule.candidate).model
        served = served_by(rule, self._view, number=self._number, memory=self._known.memory)
        why_not = self._why_not(rule, candidate, served=served)
        if why_not is not None:
            return self._stay(why_not)
        return self._move(rule, candidate, served=served)

    def _why_not(self, rule: TypeRule, candidate: str, *, served: str | None) -> str | None:
        """Why the conversation is not the candidate's; None if it is."""
        assert self._number is not None  # noqa: S101 - numbered before it is placed
        if served == "candidate":
            # Back at once where the candidate lost its share, but not between a tool's call and
            # its result.
            gone = rule.share == 0 and not self._view.in_tool_loop
            return "the candidate has no share any more" if gone else None
        if not is_under(self._number, rule.share):
            return self._why_never(rule, candidate) or NOT_IN_SHARE
        if served == "baseline":
            return self._why_not_move(rule, candidate)
        if self._may_be_older_than_the_ramp(rule):
            return "may have begun before the share grew"
        return None

    def _why_never(self, rule: TypeRule, candidate: str) -> str | None:
        """
        Why the candidate would not get a request in its share either; None if it would.

        Else what it cannot take would be counted on the baseline's side alone, and the two sides
        would not be alike. Where there is no share nothing is compared, and nothing is looked at.
        """
        if rule.share == 0:
            return None
        found = self._fitting(rule, candidate, own_thinking=True)
        return found if isinstance(found, str) else None

    def _may_be_older_than_the_ramp(self, rule: TypeRule) -> bool:
        """Whether an unremembered conversation may still be on the baseline."""
        known, number = self._known, self._number
        if known.memory is None or known.at is None or rule.ramped is None or number is None:
            return False
        recent = known.at < rule.ramped + RAMP_GRACE
        return recent and not is_under(number, rule.before) and self._view.is_ongoing

    def _why_not_move(self, rule: TypeRule, candidate: str) -> str | None:
        """Why a conversation that is on the baseline stays there; None if it may move."""
        view = self._view
        if rule.guards.ongoing == "stay":
            return "keeps its model"
        if not view.is_ongoing:
            return None
        if view.in_tool_loop:
            return "in a tool loop"
        if view.history.thinking and binds_prefix(candidate):
            # Taking the blocks out would change what the candidate's own thinking is bound to.
            return "holds thinking of another model"
        return self._why_not_pay(rule, candidate) if view.is_cached else None

    def _why_not_pay(self, rule: TypeRule, candidate: str) -> str | None:
        if self._known.break_even is None:
            return "its prefix is cached, and nobody prices the move"
        tokens = self._known.prompt_tokens or self._view.text_bytes // _USUAL_BYTES_PER_TOKEN
        prefix = WarmPrefix(stay_on=self._view.model, move_to=candidate, prefix_tokens=tokens)
        turns = self._known.break_even(prefix)
        if turns is None:
            return "its prefix is cached, and a move would not pay"
        if turns > rule.guards.pays_within_turns:
            return f"its prefix is cached, and a move would pay after {turns} turns"
        return None

    def _move(self, rule: TypeRule, candidate: str, *, served: str | None) -> Route:
        asked = spec_of(rule.baseline).model
        # What nobody remembers was placed by the same hash: then its thinking is the candidate's.
        own = served != "baseline" or same_model(candidate, asked)
        found = self._fitting(rule, candidate, own_thinking=own)
        if isinstance(found, str):
            return self._stay(found)
        return self._to_candidate(candidate, found, rule=rule)

    def _fitting(self, rule: TypeRule, candidate: str, *, own_thinking: bool) -> Rewriting | str:
        """The request as the candidate takes it, or why it does not."""
        assert rule.candidate is not None  # noqa: S101 - asked before
        why_not = self._why_unfit(rule, candidate)
        if why_not is not None:
            return why_not
        rewritten = rewriting(
            self._view,
            source=spec_of(rule.baseline).model,
            target=rule.candidate,
            version=self._version,
            own_thinking=own_thinking,
        )
        if rewritten.refused is not None:
            return rewritten.refused
        if rewritten.shape in self._learnt:
            return f"{candidate} has refused such a request before"
        return rewritten

    def _why_unfit(self, rule: TypeRule, candidate: str) -> str | None:
        view, guards = self._view, rule.guards
        if self._version not in VERSIONS:
            return f"API version {self._version[:20]} is not known"
        if not guards.tools and view.has_tools:
            return "offers tools"
        limit = capabilities(candidate, version=self._version).context_tokens
        most = guards.max_prompt_tokens
        if most is not None and (limit is None or most < limit):
            limit = most
        if limit is not None and view.length > limit * _LEAST_BYTES_PER_TOKEN:
            tokens = int(view.text_bytes / _LEAST_BYTES_PER_TOKEN)
            if tokens > limit:
                return f"the prompt may be longer than {limit:,} tokens"
        return None

    def _to_candidate(self, candidate: str, rewritten: Rewriting, *, rule: TypeRule) -> Route:
        assert self._policy is not None  # noqa: S101 - a rule comes out of one
        view = self._view
        edits = rewritten.edits
        if rewritten.without_thinking:
            edits += tuple(message_edits(view.messages))
        return Route(
            model=candidate,
            requested=view.model,
            type=self._type,
            arm="candidate",
            reason=f"{IN_SHARE}{100 * rule.share:.4g} %",
            policy_version=self._policy.version,
            body_edits=Edits(edits, view.large_parts),
            conversation=self._number,
            served_as=rule.candidate or "",
            shape=rewritten.shape,
            changes=rewritten.changes,
        )

    def _as_asked(self, reason: str) -> Route:
        return Route(
            model=self._view.model,
            requested=self._view.model,
            type=self._type,
            reason=reason,
            policy_version=self._policy.version if self._policy else None,
        )

    def _stay(self, reason: str) -> Route:
        return msgspec.structs.replace(
            self._as_asked(reason),
            arm="baseline",
            conversation=self._number,
            served_as=self._view.model,
        )


def _without_our_field(found: Route, view: RequestView) -> Route:
    """The provider knows no field of ours in ``metadata``; the type is taken out again."""
    taken = Edit(("metadata", TYPE_IN_METADATA), "drop")
    edits = Edits((*found.body_edits.changes, taken), view.large_parts)
    return msgspec.structs.replace(found, body_edits=edits)
