"""Usage times price is dollars: exact costs, what another model would have cost, calculators."""

from suffice.pricing.dollars import CostBreakdown, CostLine, cost, cost_breakdown
from suffice.pricing.usage_reading import read_usage

__all__ = ["CostBreakdown", "CostLine", "cost", "cost_breakdown", "read_usage"]
