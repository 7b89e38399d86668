"""What a project's own Python code says of its model calls, and what is wrong with them. Pure."""

from suffice.linter.calls import ModelCall
from suffice.linter.checking import Checked, check_source
from suffice.linter.findings import Finding, Rule, rules

__all__ = ["Checked", "Finding", "ModelCall", "Rule", "check_source", "rules"]
