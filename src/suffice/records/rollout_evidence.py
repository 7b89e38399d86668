"""What is known of a rollout's two models since it began: pairs, counts, later verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class ShadowPair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Both models' answers to one request of production, compared. At most one a session.

    Attributes:
        id: Names it for good: storing it twice stores it once.
        seq: Its place in the order in which pairs were stored, counted from 1; given by the
            store, and the order in which the monitor counts them.
        at: When the request was served.
        type: The request type.
        session: The conversation, as a keyed hash; never the session's own id.
        served_by: Whose answer the caller got.
        probability: With what chance this session was drawn.
        score: Agreement in [0, 1]; None where it is missing.
        why_missing: Why; empty where there is a score.
        differs: Which parts differ, a few paths.
        cost_usd: What the shadow call cost, as decimal text; None where unknown.
        request_id: Of the exchange the caller saw.
    """

    id: str
    seq: int = 0
    at: Moment
    type: str
    session: str
    served_by: Literal["baseline", "candidate"]
    probability: Share
    score: Share | None = None
    why_missing: str = ""
    differs: tuple[str, ...] = ()
    cost_usd: str | None = None
    request_id: str = ""


class ArmCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one arm did within a window. A session with several errors counts one.

    Only sessions whose arm the share decided belong here: those that could not have gone the
    other way (barred by a guard, or begun before the rollout) would compare unlike with unlike.

    Attributes:
        seen: Sessions.
        errors: Sessions with an API error, a schema failure, a refusal or a retry.
        timed: Sessions with a latency.
        slow: Of those, slower than the baseline's 95th percentile.
        priced: Sessions with a cost.
        dear: Of those, dearer than the plan's 95th percentile.
        rated: Sessions with feedback.
        disliked: Of those, with negative feedback.
    """

    seen: Count = 0
    errors: Count = 0
    timed: Count = 0
    slow: Count = 0
    priced: Count = 0
    dear: Count = 0
    rated: Count = 0
    disliked: Count = 0


class ArmWindow(msgspec.Struct, frozen=True, kw_only=True):
    """
    What both arms did over a stretch of time in which the share did not change.

    Attributes:
        seq: Its place in the type's windows, counted from 1; a window is counted once.
        type: The request type.
        began: From here.
        ended: To here, excluded.
        baseline: Its counts.
        candidate: Its counts.
    """

    seq: int
    type: str
    began: Moment
    ended: Moment
    baseline: ArmCounts = ArmCounts()
    candidate: ArmCounts = ArmCounts()


class Recheck(msgspec.Struct, frozen=True, kw_only=True):
    """
    A later verdict on held-out cases.

    Attributes:
        run: The stored comparison.
        at: When it was decided.
        verdict: Its word.
        sentence: What it says.
        unheard: Why a Keep takes nothing back; empty where it does.
    """

    run: str
    at: Moment
    verdict: str
    sentence: str = ""
    unheard: str = ""


class ModelMoved(msgspec.Struct, frozen=True, kw_only=True):
    """
    A model does not answer as it did: what was proved of it is about yesterday's model.

    Attributes:
        run: The stored comparison that found it.
        at: When.
        arm: ``baseline`` or ``candidate``.
        sentence: What it says, with value and limit.
    """

    run: str
    at: Moment
    arm: str
    sentence: str


class RolloutEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """
    All that is known since, for one step of the controller. Old pairs and windows do no harm.

    Attributes:
        pairs: Of this type, ascending by ``seq``; may begin before the last one counted.
        windows: Of this type, ascending by ``seq``; likewise.
        prompt_version: The live prompt's version; empty where nobody knows.
        steady_prompt: The version all live requests came with for an hour; empty where there is
            none.
        daily_shares: The type's share of all sessions, one value a whole day, oldest first.
        paused: Why no shadow call may be made, e.g. the day's budget is used up; else empty.
        recheck: The latest verdict on held-out cases.
        moved: The latest change of either model that was found; None where none was.
    """

    pairs: tuple[ShadowPair, ...] = ()
    windows: tuple[ArmWindow, ...] = ()
    prompt_version: str = ""
    steady_prompt: str = ""
    daily_shares: tuple[float, ...] = ()
    paused: str = ""
    recheck: Recheck | None = None
    moved: ModelMoved | None = None
