"""From verdict to production and back: stages, the watch over them, and the way back."""

from suffice.monitor.commands import Command, command
from suffice.monitor.controller import step, wanted
from suffice.monitor.plans import named_plan
from suffice.monitor.starting import Start, basis_of, start

__all__ = ["Command", "Start", "basis_of", "command", "named_plan", "start", "step", "wanted"]
