"""Plan, run, resume: cases in, evidence out. The scorer and the stop rule are handed in."""

from suffice.comparison.broken import BrokenLines
from suffice.comparison.dollars import Dollars
from suffice.comparison.naming import ArmNames
from suffice.comparison.pairing import Arms, Grading, Price, pair_up
from suffice.comparison.recorded import Chosen, RecordedRun
from suffice.comparison.showing import Showcase, outcome_of, show
from suffice.comparison.tally import Tally, merged

__all__ = [
    "ArmNames",
    "Arms",
    "BrokenLines",
    "Chosen",
    "Dollars",
    "Grading",
    "Price",
    "RecordedRun",
    "Showcase",
    "Tally",
    "merged",
    "outcome_of",
    "pair_up",
    "show",
]
