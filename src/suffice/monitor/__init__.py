"""From verdict to production and back: stages, the watch over them, and the way back."""

from suffice.monitor.allocation import Allotted, Watched, allot
from suffice.monitor.budgeting import Demand, Granted, within_budget
from suffice.monitor.commands import Command, command
from suffice.monitor.controller import step, wanted
from suffice.monitor.course import Supposed
from suffice.monitor.planner import (
    Detection,
    FallOutlook,
    Outlook,
    plan_detection,
    plan_rollout,
)
from suffice.monitor.plans import named_plan
from suffice.monitor.starting import Start, basis_of, start

__all__ = [
    "Allotted",
    "Command",
    "Demand",
    "Detection",
    "FallOutlook",
    "Granted",
    "Outlook",
    "Start",
    "Supposed",
    "Watched",
    "allot",
    "basis_of",
    "command",
    "named_plan",
    "plan_detection",
    "plan_rollout",
    "start",
    "step",
    "wanted",
    "within_budget",
]
