"""Usage times price is dollars: exact costs, what another model would have cost, calculators."""

from suffice.pricing.conversation import Conversation, Move, break_even_turns, price_move
from suffice.pricing.cost_table import CostRow, CostTable, Role, price_models
from suffice.pricing.counterfactual import (
    Basis,
    Counterfactual,
    TokenRatio,
    counterfactual_cost,
    counterfactual_usd,
    token_ratio,
)
from suffice.pricing.dollars import CostBreakdown, CostLine, cost, cost_breakdown
from suffice.pricing.images import image_tokens
from suffice.pricing.published import CheckedClaim, check_published_figures
from suffice.pricing.published_measure import CheckedFigure
from suffice.pricing.usage_reading import read_usage
from suffice.pricing.workload import (
    Recount,
    Saving,
    Workload,
    WorkloadCost,
    price_workload,
    recount,
    saving,
    why_not_cached,
)

__all__ = [
    "Basis",
    "CheckedClaim",
    "CheckedFigure",
    "Conversation",
    "CostBreakdown",
    "CostLine",
    "CostRow",
    "CostTable",
    "Counterfactual",
    "Move",
    "Recount",
    "Role",
    "Saving",
    "TokenRatio",
    "Workload",
    "WorkloadCost",
    "break_even_turns",
    "check_published_figures",
    "cost",
    "cost_breakdown",
    "counterfactual_cost",
    "counterfactual_usd",
    "image_tokens",
    "price_models",
    "price_move",
    "price_workload",
    "read_usage",
    "recount",
    "saving",
    "token_ratio",
    "why_not_cached",
]
