"""`suffice compare TYPE`: the cases drawn from scanned logs, with the answers they paid for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from suffice.adapters.exchanges import Exchanges
from suffice.cli.console import progress
from suffice.cli.rollout_proofs import model_name
from suffice.cli.types_sample import CASES_FOLDER, Sample, draw_sample, known_type, write_cases
from suffice.errors import BadModelName, EmptyInput

if TYPE_CHECKING:
    from suffice.traffic.ranking import Ranking

_MOST = 720  # of a type: a test to its end, its pilot, and cases in place of lost ones
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


def cases_of_types(names: Sequence[str], data: Path, *, most: int | None, seed: int) -> Sample:
    """
    Draw each type's cases into one file in the data folder, and say what was drawn.

    The same data, types and seed give the same file, so that a run can be resumed.

    Args:
        names: The types.
        data: The folder `suffice scan` filled.
        most: Cases of each type; None: as many as a test may take.
        seed: Draws them.

    Returns:
        All types' cases as one sample; they stand at `cases_path`.

    Raises:
        BadOption: There is no such type.
        EmptyInput: None of its calls can be asked again, or there is no data.
    """
    with Exchanges.open(data, write=False) as store:
        drawn = []
        for name in names:
            known_type(store, name, nor="a file")
            drawn.append(draw_sample(store, name, most=most or _MOST, seed=seed, since=None))
    for sample in drawn:
        for line in sample.summary():
            progress().print(line, markup=False, highlight=False)
    whole = _together(drawn)
    write_cases(cases_path(names, data, seed=seed), whole)
    return whole


def cases_path(names: Sequence[str], data: Path, *, seed: int) -> Path:
    """
    Where the cases of these types stand.

    >>> cases_path(["ticket triage"], Path("d"), seed=1).parent.as_posix()
    'd/cases'
    """
    mark = blake2b("\0".join([*names, str(seed)]).encode(), digest_size=4).hexdigest()
    first = _UNFIT.sub("-", names[0])[:60]
    return data / CASES_FOLDER / f"{first}-{mark}.jsonl"


def baseline_in(path: Path, *, candidates: Collection[str]) -> str:
    """The model on no trial whose answers a drawn file holds most of; empty for none."""
    answered: Counter[str] = Counter()
    with path.open("rb") as file:
        for line in file:
            answered.update(msgspec.json.decode(line).get("outputs", {}))
    return usual_baseline(answered, candidates=candidates)


def usual_baseline(answered: Mapping[str, int], *, candidates: Collection[str]) -> str:
    """
    The model in use, where nobody names it: it gave most answers, and is not on trial.

    >>> usual_baseline({"big": 400, "small": 400}, candidates=["small"])
    'big'
    >>> usual_baseline({"small": 400}, candidates=["small"])
    'small'
    """
    models = sorted(name for name in answered if not _on_trial(name, candidates))
    return max(models or sorted(answered), key=lambda model: answered[model], default="")


def dearest_types(
    data: Path, top: int, *, baseline: str | None, candidates: Collection[str]
) -> tuple[list[str], str]:
    """
    The dearest types that can be compared, all of one model that is not on trial, and that model.

    Raises:
        EmptyInput: No type can be asked again.
    """
    from suffice.catalog import load_catalog
    from suffice.cli.types_view import ranked

    with Exchanges.open(data, write=False) as store:
        ranking = ranked(store, load_catalog(), top=0)
    model = baseline or _usual_model(ranking, candidates)
    ready = [row.type for row in ranking.types if row.seen.replayable and row.model == model]
    if not ready:
        raise EmptyInput(
            f"SF104 No type in {data} can be asked again.",
            effect="Nothing was drawn.",
            next_step="`suffice types` says what can be tested.",
        )
    return ready[:top], model


def _usual_model(ranking: Ranking, candidates: Collection[str]) -> str:
    models = (row.model for row in ranking.types if row.seen.replayable and row.model)
    return next((model for model in models if not _on_trial(model, candidates)), "")


def _on_trial(model: str, candidates: Collection[str]) -> bool:
    try:
        return model_name(model) in {model_name(name) for name in candidates}
    except BadModelName:  # a log may call a model what it likes
        return model in candidates


def _together(samples: Sequence[Sample]) -> Sample:
    answered: dict[str, int] = {}
    for sample in samples:
        for model, number in sample.answered.items():
            answered[model] = answered.get(model, 0) + number
    return Sample(
        type=samples[0].type,
        main=tuple(case for sample in samples for case in sample.main),
        extra=tuple(one for sample in samples for one in sample.extra),
        left_out=samples[0].left_out,
        answered=answered,
    )
