"""What is asked how often and at what cost: counts of exchanges -> types ranked by dollars."""

from suffice.traffic.ranking.ranked import rank
from suffice.traffic.ranking.rows import (
    AgentRow,
    Counted,
    Known,
    Ranking,
    Seen,
    TypeRow,
    UnitCost,
    UpperLimit,
)

__all__ = [
    "AgentRow",
    "Counted",
    "Known",
    "Ranking",
    "Seen",
    "TypeRow",
    "UnitCost",
    "UpperLimit",
    "rank",
]
