"""The nouns: frozen records that every room hands to every other."""

from suffice.records.cases import Answer, BrokenCase, Case, Failure, FailureKind
from suffice.records.comparison import Comparison, ShownCase, Spending
from suffice.records.evidence import Evidence, Limits
from suffice.records.exchange import ExchangeRecord, Outcome
from suffice.records.feedback import Feedback
from suffice.records.logged import LoggedExchange
from suffice.records.model_spec import ModelSpec, parse_model_spec
from suffice.records.prompts import SeenPrompts
from suffice.records.rollout import (
    Guard,
    Requalification,
    RollbackCause,
    Rollout,
    RolloutBasis,
    RolloutEvent,
    RolloutPlan,
    RolloutState,
    RolloutStep,
    Stage,
    Undo,
    WantedShares,
    Watch,
)
from suffice.records.rollout_evidence import (
    ArmCounts,
    ArmWindow,
    ModelMoved,
    Recheck,
    RolloutEvidence,
    ShadowPair,
)
from suffice.records.scores import Pair, Reference, Score
from suffice.records.shadow import SentBatch, SentCall, ShadowAnswers
from suffice.records.usage import Iteration, Usage
from suffice.records.verdict import (
    BandPoint,
    CostDifference,
    Gate,
    GateState,
    Interval,
    Measure,
    Verdict,
    Word,
)

__all__ = [
    "Answer",
    "ArmCounts",
    "ArmWindow",
    "BandPoint",
    "BrokenCase",
    "Case",
    "Comparison",
    "CostDifference",
    "Evidence",
    "ExchangeRecord",
    "Failure",
    "FailureKind",
    "Feedback",
    "Gate",
    "GateState",
    "Guard",
    "Interval",
    "Iteration",
    "Limits",
    "LoggedExchange",
    "Measure",
    "ModelMoved",
    "ModelSpec",
    "Outcome",
    "Pair",
    "Recheck",
    "Reference",
    "Requalification",
    "RollbackCause",
    "Rollout",
    "RolloutBasis",
    "RolloutEvent",
    "RolloutEvidence",
    "RolloutPlan",
    "RolloutState",
    "RolloutStep",
    "Score",
    "SeenPrompts",
    "SentBatch",
    "SentCall",
    "ShadowAnswers",
    "ShadowPair",
    "ShownCase",
    "Spending",
    "Stage",
    "Undo",
    "Usage",
    "Verdict",
    "WantedShares",
    "Watch",
    "Word",
    "parse_model_spec",
]
