"""Plan, run, resume: cases in, evidence out. The scorer and the stop rule are handed in."""

from suffice.comparison.pairing import Arms, Grading, Price, pair_up
from suffice.comparison.tally import Tally, merged

__all__ = ["Arms", "Grading", "Price", "Tally", "merged", "pair_up"]
