"""Typed settings: flags over SUFFICE_ variables over suffice.toml over defaults."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from suffice.errors import BadSettings, SecretInFile, UnreadableFile
from suffice.records.alert import AlertTarget

_SECRET_KEY = re.compile(r"(?i)(^|[_-])(api[_-]?key|auth[_-]?token|secret|password|credential)s?$")
_SECRET_VALUE = re.compile(r"sk-[A-Za-z0-9_-]{8,}")


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What "as good" means where no option says otherwise.

    Attributes:
        floor: Agreement to be ruled out from below, in (0, 1).
        target: Agreement that should pass, in (floor, 1).
        margin: Largest acceptable drop in points, in (0, 100).
        alpha: Chance of a wrong Switch, in (0, 0.5).
    """

    floor: float | None = None
    target: float | None = None
    margin: float | None = None
    alpha: float | None = None


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be spent: ``per_run_usd`` caps every run that names no budget of its own."""

    per_run_usd: Decimal | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Everything that can be set outside a call. None means: the command's own default.

    Attributes:
        prices_file: Your own prices; relative to the settings file.
        prices: Price tables by model, as in a price file.
        tiers: Factors per service tier, as in a price file.
        base_url: Any Anthropic-compatible address.
        api_version: The ``anthropic-version`` to send.
        runs: Folder of kept runs; relative to the settings file.
        judge: The model that judges with ``--scorer judge``.
        alerts: Places to tell people at, by a name of your own; see docs/alerts.md.
        budget: See `BudgetSettings`.
        limits: See `LimitSettings`.
    """

    prices_file: Path | None = None
    prices: dict[str, Any] = {}
    tiers: dict[str, Any] = {}
    base_url: str | None = None
    api_version: str | None = None
    runs: Path | None = None
    judge: str | None = None
    alerts: dict[str, AlertTarget] = {}
    budget: BudgetSettings = BudgetSettings()
    limits: LimitSettings = LimitSettings()


# Variable -> where it stands in the tables. Keys of providers have variables of their own.
VARIABLES: dict[str, tuple[str, ...]] = {
    "SUFFICE_PRICES": ("prices_file",),
    "SUFFICE_BASE_URL": ("base_url",),
    "SUFFICE_API_VERSION": ("api_version",),
    "SUFFICE_RUNS": ("runs",),
    "SUFFICE_JUDGE": ("judge",),
    "SUFFICE_BUDGET": ("budget", "per_run_usd"),
    "SUFFICE_FLOOR": ("limits", "floor"),
    "SUFFICE_TARGET": ("limits", "target"),
    "SUFFICE_MARGIN": ("limits", "margin"),
    "SUFFICE_ALPHA": ("limits", "alpha"),
}
_RANGES = {"floor": (0, 1), "target": (0, 1), "margin": (0, 100), "alpha": (0, 0.5)}
_FREE_TABLES = {"prices", "tiers"}


def settings_from(
    tables: Sequence[Mapping[str, Any]],
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """
    Settings out of flags, variables and tables; what stands first wins, key by key.

    Args:
        tables: Parsed settings files, the strongest first.
        environ: Variables; those without a meaning here are left alone.
        flags: A table of what the call itself says; it wins over all.

    Raises:
        BadSettings: A key nobody knows, or a value of the wrong kind or outside its range.
        SecretInFile: A table holds what looks like a credential.

    >>> file = {"limits": {"margin": 3.0, "alpha": 0.05}}
    >>> found = settings_from([file], {"SUFFICE_MARGIN": "2"}, flags={"limits": {"alpha": 0.01}})
    >>> found.limits.margin, found.limits.alpha
    (2.0, 0.01)
    """
    for table in tables:
        _refuse_secrets(table)
        _refuse_unknown(table)
    merged: dict[str, Any] = {}
    for table in (*reversed(tables), _from_variables(environ), flags or {}):
        merged = _laid_over(merged, table)
    try:
        settings = msgspec.convert(merged, Settings, strict=False, dec_hook=_path)
    except (msgspec.ValidationError, InvalidOperation) as error:
        raise _bad(f"A setting is of the wrong kind: {error}.") from error
    _check_ranges(settings)
    return settings


def read_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """
    The settings that hold in a folder: its suffice.toml, else [tool.suffice] of its pyproject.

    Raises:
        UnreadableFile: A settings file is no TOML.
        BadSettings: As `settings_from`.
        SecretInFile: As `settings_from`.
    """
    own, project = folder / "suffice.toml", folder / "pyproject.toml"
    tables: list[dict[str, Any]] = []
    if own.is_file():
        tables.append(_with_paths_from(folder, _read_toml(own)))
    elif project.is_file():
        table = _read_toml(project).get("tool", {}).get("suffice")
        if table is not None:
            tables.append(_with_paths_from(folder, table))
    return settings_from(tables, environ)


def price_tables(path: Path, parsed: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    The price tables in a file: those of a settings file, or the whole of a price file.

    >>> price_tables(Path("suffice.toml"), {"limits": {}, "prices": {"m": {}}})
    {'prices': {'m': {}}}
    """
    if path.name not in {"suffice.toml", "pyproject.toml"}:
        return parsed
    table = parsed if path.name == "suffice.toml" else parsed.get("tool", {}).get("suffice", {})
    return {key: table[key] for key in ("prices", "tiers") if key in table}


def known_keys() -> list[str]:
    """
    Every setting by its dotted key.

    >>> known_keys()[-1]
    'limits.alpha'
    """
    return [
        dotted
        for field in msgspec.structs.fields(Settings)
        for dotted in (
            [f"{field.name}.{inner.name}" for inner in msgspec.structs.fields(field.type)]
            if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
            else [field.name]
        )
    ]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableFile(
            f"The settings file {path} cannot be read: {error}.",
            effect="Nothing was run.",
            next_step="It is TOML; see docs/settings.md.",
        ) from error


def _with_paths_from(folder: Path, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise _bad("[tool.suffice] is not a table.")
    paths = {
        key: str(folder / table[key])
        for key in ("prices_file", "runs")
        if isinstance(table.get(key), str)
    }
    return {**table, **paths}


def _from_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, (first, *rest) in VARIABLES.items():
        if value := environ.get(name):
            if rest:
                table.setdefault(first, {})[rest[0]] = value
            else:
                table[first] = value
    return table


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        merged[key] = {**under, **value} if both else value  # type: ignore[dict-item]
    return merged


def _refuse_unknown(table: Mapping[str, Any]) -> None:
    known = known_keys()
    for key in _dotted(table):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            raise _bad(
                f"There is no setting {key!r}.",
                next_step=f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}.",
            )


def _dotted(table: Mapping[str, Any]) -> Iterable[str]:
    groups = {key.partition(".")[0] for key in known_keys() if "." in key}
    for key, value in table.items():
        if key in groups and isinstance(value, Mapping):
            yield from (f"{key}.{inner}" for inner in value)
        elif key not in groups or not isinstance(value, Mapping):
            yield key if key not in groups else f"{key} (it is a table)"


def _refuse_secrets(value: Any, *, key: str = "") -> None:
    if isinstance(value, Mapping):
        for inner, below in value.items():
            _refuse_secrets(below, key=str(inner))
    elif isinstance(value, list | tuple):
        for below in value:
            _refuse_secrets(below, key=key)
    elif _SECRET_KEY.search(key) or (isinstance(value, str) and _SECRET_VALUE.search(value)):
        raise SecretInFile(
            f"The settings file holds a credential{f' under {key!r}' if _plain(key) else ''}.",
            effect="The file was not used and nothing was run.",
            next_step="Set it in the environment instead, and take it out of the file.",
        )


def _plain(key: str) -> bool:
    """Whether a key can be named without repeating a credential written as a key."""
    return bool(key) and not _SECRET_VALUE.search(key)


def _check_ranges(settings: Settings) -> None:
    limits, budget = settings.limits, settings.budget.per_run_usd
    for name, (low, high) in _RANGES.items():
        value = getattr(limits, name)
        if value is not None and not low < value < high:
            raise _bad(f"limits.{name} is {value:g}; it lies between {low:g} and {high:g}.")
    if limits.floor is not None and limits.target is not None and limits.floor >= limits.target:
        raise _bad(f"limits.floor {limits.floor:g} is not below limits.target {limits.target:g}.")
    if limits.margin is not None and (limits.floor, limits.target) != (None, None):
        raise _bad("limits.margin is a drop in quality and limits.floor an agreement; choose one.")
    if budget is not None and not (budget.is_finite() and budget > 0):
        raise _bad(f"budget.per_run_usd is {budget}; it must be more than nothing.")


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected {kind.__name__}")


def _bad(what: str, *, next_step: str = "See docs/settings.md.") -> BadSettings:
    return BadSettings(what, effect="Nothing was run.", next_step=next_step)
