"""Two answers -> a score with its reason; a judge only through ports."""

from suffice.scoring.choice import Choice, choose_scorer, named_choice
from suffice.scoring.human_labels import (
    Human,
    HumanLabel,
    JudgeCounts,
    judge_counts,
    labelled_similarities,
    read_labels,
)
from suffice.scoring.judge import JudgeMemory, JudgeScorer
from suffice.scoring.judge_prompt import prompt_hash
from suffice.scoring.judged_pairs import JudgedPairs
from suffice.scoring.labels import LabelScorer, suggest_aliases
from suffice.scoring.named import SCORER_NAMES, scorer_named
from suffice.scoring.similarity import Threshold, calibrate_threshold, similarity
from suffice.scoring.user_scorers import load_scorer

__all__ = [
    "SCORER_NAMES",
    "Choice",
    "Human",
    "HumanLabel",
    "JudgeCounts",
    "JudgeMemory",
    "JudgeScorer",
    "JudgedPairs",
    "LabelScorer",
    "Threshold",
    "calibrate_threshold",
    "choose_scorer",
    "judge_counts",
    "labelled_similarities",
    "load_scorer",
    "named_choice",
    "prompt_hash",
    "read_labels",
    "scorer_named",
    "similarity",
    "suggest_aliases",
]
