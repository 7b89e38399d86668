"""The routing table's nouns: one immutable document per version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from suffice.errors import BadModelName
from suffice.records import parse_model_spec

SCHEMA = "suffice.policy"
FORMAT = 1

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What a request must be like for the candidate to get it, beyond what the candidate accepts.

    Attributes:
        ongoing: What becomes of a conversation that has begun on the baseline: it stays there,
            or moves between two turns where that is safe and pays.
        pays_within_turns: A warm cached prefix moves only where the move has paid for itself
            after so many turns.
        max_prompt_tokens: Longer prompts stay on the baseline; None: as far as the candidate
            reads.
        tools: Requests that offer tools may go to the candidate.
    """

    ongoing: Literal["stay", "move"] = "stay"
    pays_within_turns: Count = 4
    max_prompt_tokens: Count | None = None
    tools: bool = True


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The evidence a rule rests on.

    Attributes:
        run: The stored comparison it was read from.
        verdict: The comparison's word; empty where there is none.
        provisional: The verdict itself was only provisional.
        pairs: Scored pairs behind it.
        lower: The bound that was held against the limit, in the verdict's unit.
        limit: See ``lower``.
        prices_dated: The day of the prices it was decided with.
    """

    run: str
    verdict: str = ""
    provisional: bool = False
    pairs: int = 0
    lower: float | None = None
    limit: float | None = None
    prices_dated: str = ""


class TypeRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the requests of one type go.

    Attributes:
        baseline: The model the type's requests ask for; requests for any other are left alone.
        candidate: The model, with its settings, that takes the share; None: nobody does.
        share: Conversations that go to the candidate, in 0..1.
        before: The share before it was last changed; conversations under both have been on the
            candidate all along.
        ramped: When the share was last changed.
        guards: See `Guards`.
        shadow: Share of sessions of which one call is answered by the other model too, unseen:
            by the candidate as long as it has no share, then by the baseline where the candidate
            served.
        shadow_batched: Shadow calls wait and go out by Message Batches at half the price, paid
            with a key of suffice's own; without one, and where a request fits no batch, they are
            made at once, with their caller's.
        bodies: Share of exchanges whose bodies are kept; None: as the gateway is set.
        done: The rollout is over, and the candidate has taken the type.
        stand_in: The candidate may answer where the baseline fails; only once it is done.
        basis: The evidence; None where somebody decided without any.
    """

    baseline: str
    candidate: str | None = None
    share: Share = 0.0
    before: Share = 0.0
    ramped: Moment | None = None
    guards: Guards = Guards()
    shadow: Share = 0.0
    shadow_batched: bool = False
    bodies: Share | None = None
    done: bool = False
    stand_in: bool = False
    basis: Basis | None = None

    def __post_init__(self) -> None:
        """
        Refuse a name that is none, so that nothing is left to go wrong on a request's path.

        Raises:
            ValueError: The baseline or the candidate is no model's name.
        """
        for name in (self.baseline, self.candidate):
            if name is not None:
                try:
                    parse_model_spec(name)
                except BadModelName as error:
                    raise ValueError(error.what) from error


class AuditLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Who made a version of what came before it, and why.

    Attributes:
        at: When.
        by: A person or a program; empty where the machine does not know.
        action: One sentence.
        reason: In their own words; required where the evidence was overruled.
        run: The comparison it rests on.
        overrules: What the evidence said instead; empty where it agreed or was not asked.
    """

    at: Moment
    by: str = ""
    action: str = ""
    reason: str = ""
    run: str = ""
    overrules: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The routing table. A version is never changed; a change is the next version.

    Attributes:
        version: Counts up by one; 0 is the empty table before the first.
        types: Request type -> rule.
        lookup: What `suffice.policy.fingerprint.fingerprint` says of a request -> its type.
        expires: From here on it is stale, and every request goes where it asked to; None: never.
        parent: SHA-256 of the previous version's bytes; empty for the first.
        audit: How this version came out of the previous one.
    """

    schema: Literal["suffice.policy"] = "suffice.policy"
    format: Literal[1] = 1
    version: Count
    types: dict[str, TypeRule] = {}
    lookup: dict[str, str] = {}
    expires: Moment | None = None
    parent: str = ""
    audit: tuple[AuditLine, ...] = ()

    def wholly_moved(self, type: str) -> Policy:  # noqa: A002 - our word for it
        """
        As if every conversation of a type were its candidate's; it says nothing of other types.

        Raises:
            KeyError: It has no rule for the type.
        """
        rule = msgspec.structs.replace(self.types[type], share=1.0, ramped=None)
        return msgspec.structs.replace(self, types={type: rule})

    def is_stale(self, at: datetime) -> bool:
        """
        Whether its time is over.

        >>> Policy(version=1).is_stale(datetime.max)
        False
        """
        return self.expires is not None and at >= self.expires


EMPTY = Policy(version=0)
