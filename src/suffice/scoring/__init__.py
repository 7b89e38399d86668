"""Two answers -> a score with its reason; a judge only through ports."""

from suffice.scoring.choice import Choice, choose_scorer, named_choice
from suffice.scoring.labels import LabelScorer, suggest_aliases
from suffice.scoring.named import SCORER_NAMES, scorer_named
from suffice.scoring.similarity import Threshold, calibrate_threshold, similarity
from suffice.scoring.user_scorers import load_scorer

__all__ = [
    "SCORER_NAMES",
    "Choice",
    "LabelScorer",
    "Threshold",
    "calibrate_threshold",
    "choose_scorer",
    "load_scorer",
    "named_choice",
    "scorer_named",
    "similarity",
    "suggest_aliases",
]
