"""One model, several names: what a file calls it and what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from suffice.catalog import Catalog
from suffice.errors import BadModelName
from suffice.records import Case, parse_model_spec


class ArmNames:
    """A file may call a model by another of its names than the one asked for."""

    def __init__(self, asked: Sequence[str], catalog: Catalog) -> None:
        self._asked = asked
        self._catalog = catalog
        self._same: dict[str, str] = {}

    def asked_for(self, case: Case) -> Case:
        """The case with its arms under the names asked for; itself where they are already."""
        if all(map(case.answers.__contains__, self._asked)):
            return case
        have = case.answers.keys() | case.outcomes.keys()
        new = {arm: self._name(arm, have) for arm in have}
        if all(name == arm for arm, name in new.items()):
            return case
        return msgspec.structs.replace(
            case,
            answers={new[arm]: answer for arm, answer in case.answers.items()},
            outcomes={new[arm]: grade for arm, grade in case.outcomes.items()},
        )

    def _name(self, arm: str, have: AbstractSet[str]) -> str:
        if arm not in self._same:
            mine = self._identity(arm)
            same = (asked for asked in self._asked if self._identity(asked) == mine)
            self._same[arm] = next(same, arm)
        name = self._same[arm]
        return arm if name in have else name

    def _identity(self, arm: str) -> object:
        """The model itself, whatever it is called, with its settings and run label."""
        try:
            spec = parse_model_spec(arm)
        except BadModelName:
            return arm
        known = self._catalog.knows(spec.model)
        model = self._catalog.find(spec.model).id if known else spec.model
        return model, spec.settings, spec.label
