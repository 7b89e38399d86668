"""Plan, run, resume: cases in, evidence out. The scorer and the stop rule are handed in."""

from suffice.comparison.broken import BrokenLines
from suffice.comparison.budget import Budget
from suffice.comparison.dollars import Dollars
from suffice.comparison.live import Change, LiveOutcome, LiveRules, State
from suffice.comparison.metering import MeteredModels, note_attempt
from suffice.comparison.naming import ArmNames
from suffice.comparison.pairing import Arms, Grading, Price, pair_up
from suffice.comparison.plan import Plan, PlanOptions, make_plan
from suffice.comparison.quoting import Quoter
from suffice.comparison.recorded import Chosen, RecordedRun
from suffice.comparison.run import run_live
from suffice.comparison.showing import Showcase, outcome_of, show
from suffice.comparison.tally import Tally, merged

__all__ = [
    "ArmNames",
    "Arms",
    "BrokenLines",
    "Budget",
    "Change",
    "Chosen",
    "Dollars",
    "Grading",
    "LiveOutcome",
    "LiveRules",
    "MeteredModels",
    "Plan",
    "PlanOptions",
    "Price",
    "Quoter",
    "RecordedRun",
    "Showcase",
    "State",
    "Tally",
    "make_plan",
    "merged",
    "note_attempt",
    "outcome_of",
    "pair_up",
    "run_live",
    "show",
]
