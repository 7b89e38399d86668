"""
Two answers -> a score with its reason; a judge only through ports.

Each name loads what it needs when it is first used: who reads labels needs no linear algebra.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suffice.scoring.assignment import best_pairing
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
    from suffice.scoring.similarity import Threshold, calibrate_threshold
    from suffice.scoring.user_scorers import load_scorer

_HOMES = {
    "SCORER_NAMES": "named",
    "Choice": "choice",
    "Human": "human_labels",
    "HumanLabel": "human_labels",
    "JudgeCounts": "human_labels",
    "JudgeMemory": "judge",
    "JudgeScorer": "judge",
    "JudgedPairs": "judged_pairs",
    "LabelScorer": "labels",
    "Threshold": "similarity",
    "best_pairing": "assignment",
    "calibrate_threshold": "similarity",
    "choose_scorer": "choice",
    "judge_counts": "human_labels",
    "labelled_similarities": "human_labels",
    "load_scorer": "user_scorers",
    "named_choice": "choice",
    "prompt_hash": "judge_prompt",
    "read_labels": "human_labels",
    "scorer_named": "named",
    "suggest_aliases": "labels",
}

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
    "best_pairing",
    "calibrate_threshold",
    "choose_scorer",
    "judge_counts",
    "labelled_similarities",
    "load_scorer",
    "named_choice",
    "prompt_hash",
    "read_labels",
    "scorer_named",
    "suggest_aliases",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the file it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'suffice.scoring' has no attribute {name!r}")
    return getattr(importlib.import_module(f"suffice.scoring.{_HOMES[name]}"), name)
