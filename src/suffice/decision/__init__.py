"""The rule: evidence and limits in, verdicts out; and the advice before there is any evidence."""

from suffice.decision.advice import Advice, select_model
from suffice.decision.certificate import Certificate, certificate
from suffice.decision.family import decide_all
from suffice.decision.stopping import settled
from suffice.decision.verdicts import decide

__all__ = [
    "Advice",
    "Certificate",
    "certificate",
    "decide",
    "decide_all",
    "select_model",
    "settled",
]
