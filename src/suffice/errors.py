"""
The whole exception tree. Each error says what happened, its effect and the next step.

    SufficeError                 SF000  base of all; carries a stable code
    ├── UsageError                      the call cannot be carried out as asked (exit 2)
    │   ├── BadModelName         SF003  a model name that cannot be read
    │   ├── BadMargin            SF004  a margin where neither quality nor a ceiling can be had
    │   ├── BadOption            SF005  an option outside its range, or two that exclude each other
    │   ├── BadSettings          SF006  a setting nobody knows, or outside its range
    │   └── SecretInFile         SF007  a credential in a settings file; never read, never echoed
    ├── InputError                      what was read is not usable (exit 1)
    │   ├── MissingKey           SF001  no credential for a live run
    │   │   └── MissingOwnKey    SF008  no key of suffice's own, for calls nobody asked for
    │   ├── UnreadableFile       SF101  a file that cannot be opened or decompressed
    │   ├── BrokenLine           SF102  a line that is no case; stops only with --strict
    │   ├── EmptyInput           SF103  nothing usable was found
    │   ├── MissingBodies        SF104  calls that can be ranked, not tested; stops with --strict
    │   ├── MissingAnswers       SF105  a recorded run over cases without the answers it needs
    │   ├── PackedTooFar         SF107  a file that unpacks beyond all measure
    │   ├── BadPolicy            SF108  a policy that cannot be read, or must not be put in force
    │   ├── UnfitEdit            SF109  a change to a document that has no place for it
    │   ├── NothingHeldOut       SF110  no cases were kept aside to be asked again
    │   ├── CostMismatch         SF118  a log whose dollars are not its tokens' price
    │   └── BrokenScorer         SF401  a user's scorer that cannot be loaded or called
    ├── MoneyError                      dollars cannot be computed or may not be spent
    │   ├── BudgetReached        SF301  the cap; nothing lost (exit 12)
    │   ├── PriceUnknown         SF305  no price for a model; never counted as free
    │   └── BadPrices            SF306  a price file that cannot be read as one
    ├── ProviderError                   a models provider did not answer as it should
    │   ├── Refused              SF502  the provider rejected the request itself (4xx)
    │   ├── SpendLimit           SF503  the account's own spend limit; retrying is useless
    │   └── Unreachable          SF504  no answer after all retries
    ├── StorageError             SF601  a run cannot be written or read; says what is safe
    ├── PolicyChanged            SF602  somebody else published a policy in the meantime
    ├── RolloutChanged           SF603  somebody else changed a rollout in the meantime
    ├── WorkerLost               SF604  worker processes died again and again over one batch
    ├── GatewayNotStarted        SF701  the gateway cannot listen, or not safely
    ├── JudgeIsAnArm             SF402  the judge is one of the models on trial
    ├── NotEnoughEvidence        SF403  a figure was asked for that the evidence cannot give
    └── NotProven                SF404  the evidence does not carry what is to be done with it
        ├── PromptReplaced       SF405  the evidence is about another version of the prompt
        └── NotNow               SF406  a rollout stands where this cannot be done

Expected outcomes ("not yet", a failed answer, a missing price where no dollars
are asked for) are values, not exceptions.
"""

from __future__ import annotations

from typing import ClassVar


class SufficeError(Exception):
    """Base of every error suffice raises on purpose."""

    code: ClassVar[str] = "SF000"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, effect: str = "", next_step: str = "") -> None:
        """Keep the three parts apart, so that every surface can show them its own way."""
        self.what = what
        self.effect = effect
        self.next_step = next_step
        super().__init__(" ".join(part for part in (what, effect, next_step) if part))


class UsageError(SufficeError):
    """The call cannot be carried out as asked."""

    code = "SF002"
    exit_code = 2


class BadModelName(UsageError):
    """A model name, with its settings and run label, that cannot be read."""

    code = "SF003"


class BadMargin(UsageError):
    """A margin was given where neither quality nor a ceiling can be had."""

    code = "SF004"


class BadOption(UsageError):
    """An option outside its range, or two that exclude each other."""

    code = "SF005"


class BadSettings(UsageError):
    """A setting that nobody knows, of the wrong kind, or outside its range."""

    code = "SF006"


class SecretInFile(UsageError):
    """A settings file holds what looks like a credential; the message does not repeat it."""

    code = "SF007"


class InputError(SufficeError):
    """What was read is not usable."""

    code = "SF100"


class MissingKey(InputError):
    """A live run without a credential."""

    code = "SF001"


class MissingOwnKey(MissingKey):
    """Calls that no caller asked for, without a key of suffice's own to pay them with."""

    code = "SF008"


class UnreadableFile(InputError):
    """A file that cannot be opened, decompressed or decoded to its end."""

    code = "SF101"


class BrokenLine(InputError):
    """A line that is no case; raised only in strict mode, counted otherwise."""

    code = "SF102"


class EmptyInput(InputError):
    """Nothing usable was found in what was given."""

    code = "SF103"


class MissingBodies(InputError):
    """
    Calls whose request or answer the log does not hold.

    A finding that is shown; raised only in strict mode.
    """

    code = "SF104"


class MissingAnswers(InputError):
    """A recorded run over cases that lack the answers it needs."""

    code = "SF105"


class PackedTooFar(InputError):
    """A packed file that unpacks to hundreds of times its size, beyond all measure."""

    code = "SF107"


class BadPolicy(InputError):
    """A policy that cannot be read, or that holds what must not be put in force."""

    code = "SF108"


class UnfitEdit(InputError):
    """A change to a document that has no place for it; the document is unchanged."""

    code = "SF109"


class NothingHeldOut(InputError):
    """No run has kept cases aside that could be asked again."""

    code = "SF110"


class CostMismatch(InputError):
    """
    A log's own dollars differ from its tokens' list price by more than 1 %.

    A finding that is shown; raised only in strict mode.
    """

    code = "SF118"


class BrokenScorer(InputError):
    """A user's scorer that cannot be loaded, or does not return what a scorer returns."""

    code = "SF401"


class MoneyError(SufficeError):
    """Dollars cannot be computed, or may not be spent."""

    code = "SF300"


class BudgetReached(MoneyError):
    """The spending cap was reached; every paid answer is kept."""

    code = "SF301"
    exit_code = 12


class PriceUnknown(MoneyError):
    """There is no price for a model at a date. It is not counted as free."""

    code = "SF305"


class BadPrices(MoneyError):
    """A price table with an entry that cannot be a price; none of it is used."""

    code = "SF306"


class ProviderError(SufficeError):
    """A models provider did not answer as it should."""

    code = "SF500"


class Refused(ProviderError):
    """The provider rejected the request itself; sending it again would not help."""

    code = "SF502"


class SpendLimit(ProviderError):
    """The account's own spend limit is reached; retrying is useless."""

    code = "SF503"


class Unreachable(ProviderError):
    """No answer after all retries."""

    code = "SF504"


class StorageError(SufficeError):
    """A run cannot be written or read; the message says what is safe."""

    code = "SF601"


class PolicyChanged(SufficeError):
    """Somebody else published a policy since this one was read; neither is lost."""

    code = "SF602"


class RolloutChanged(SufficeError):
    """Somebody else changed a rollout since it was read; nothing of this change was written."""

    code = "SF603"


class WorkerLost(SufficeError):
    """Worker processes died again and again over one batch; what came before is kept."""

    code = "SF604"


class GatewayNotStarted(SufficeError):
    """The gateway cannot listen where it should, or not without letting everybody in."""

    code = "SF701"


class JudgeIsAnArm(SufficeError):
    """The judge is one of the models on trial."""

    code = "SF402"
    exit_code = 2


class NotEnoughEvidence(SufficeError):
    """A figure was asked for that the evidence at hand cannot give."""

    code = "SF403"


class NotProven(SufficeError):
    """The evidence does not carry what is to be done with it."""

    code = "SF404"
    exit_code = 2


class PromptReplaced(NotProven):
    """The evidence is about another version of the prompt than the live one."""

    code = "SF405"


class NotNow(NotProven):
    """A rollout stands where this cannot be done, or cannot be done yet."""

    code = "SF406"
