"""Typed settings: flags over SUFFICE_ variables over suffice.toml over defaults."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

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


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How `suffice gateway` runs where no option says otherwise; see docs/gateway.md.

    Attributes:
        host: Where it listens.
        port: Where it listens, 0 to 65535.
        upstream: The one address requests go to.
        data: Folder of captured exchanges and the account; relative to the file, as all paths.
        policy: The policy in force.
        rollouts: Where rollouts are kept.
        monitor: Whether it watches them itself.
        workers: Processes that share the port, 1 to 64.
        capture: ``off``, ``meta`` or ``bodies``.
        bodies: With ``bodies``: type -> share of its conversations, in [0, 1]; ``*`` for others.
        budgets: File of budgets.
        keys: File of hashed gateway keys.
        tls_cert: The certificate it shows.
        tls_key: Its private key.
        client_ca: Whose certificates clients must show.
        upstream_ca: Authority trusted upstream, beside the system's.
        proxy: By whom requests leave, or ``direct``; never with a credential.
        otlp: Where spans go.
        public_url: Under which clients know it.
        drain_s: How long requests under way may take when it stops, in seconds.
        allow_plain_upstream: Whether http to an upstream elsewhere is meant.
        limits: Bounds by name; see docs/gateway.md.
    """

    host: str | None = None
    port: int | None = None
    upstream: str | None = None
    data: Path | None = None
    policy: Path | None = None
    rollouts: Path | None = None
    monitor: bool | None = None
    workers: int | None = None
    capture: Literal["off", "meta", "bodies"] | None = None
    bodies: dict[str, float] = {}
    budgets: Path | None = None
    keys: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    upstream_ca: Path | None = None
    proxy: str | None = None
    otlp: str | None = None
    public_url: str | None = None
    drain_s: float | None = None
    allow_plain_upstream: bool | None = None
    limits: dict[str, int | float] = {}


class HeldOutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a monitor asks held-out cases again, and looks whether a model has changed.

    Attributes:
        every: Each type's once in so long: 7d, 12h, 30m or 45s.
        usd: All types' together cost no more within that time.
    """

    every: str | None = None
    usd: Decimal | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Everything that can be set outside a call. None means: the command's own default.

    Attributes:
        prices_file: Your own prices; relative to the settings file.
        prices: Price tables by model, as in a price file.
        tiers: Factors per service tier, as in a price file.
        base_url: Any Anthropic-compatible address.
        api_version: The ``anthropic-version`` to send.
        data: Folder that logs are scanned into; relative to the settings file.
        runs: Folder of kept runs; relative to the settings file.
        judge: The model that judges with ``--scorer judge``.
        alerts: Places to tell people at, by a name of your own; see docs/alerts.md.
        budget: See `BudgetSettings`.
        gateway: See `GatewaySettings`.
        held_out: See `HeldOutSettings`.
        limits: See `LimitSettings`.
    """

    prices_file: Path | None = None
    prices: dict[str, Any] = {}
    tiers: dict[str, Any] = {}
    base_url: str | None = None
    api_version: str | None = None
    data: Path | None = None
    runs: Path | None = None
    judge: str | None = None
    alerts: dict[str, AlertTarget] = {}
    budget: BudgetSettings = BudgetSettings()
    gateway: GatewaySettings = GatewaySettings()
    held_out: HeldOutSettings = HeldOutSettings()
    limits: LimitSettings = LimitSettings()


# Variable -> where it stands in the tables. Keys of providers have variables of their own.
VARIABLES: dict[str, tuple[str, ...]] = {
    "SUFFICE_PRICES": ("prices_file",),
    "SUFFICE_BASE_URL": ("base_url",),
    "SUFFICE_API_VERSION": ("api_version",),
    "SUFFICE_DATA": ("data",),
    "SUFFICE_RUNS": ("runs",),
    "SUFFICE_JUDGE": ("judge",),
    "SUFFICE_BUDGET": ("budget", "per_run_usd"),
    "SUFFICE_FLOOR": ("limits", "floor"),
    "SUFFICE_TARGET": ("limits", "target"),
    "SUFFICE_MARGIN": ("limits", "margin"),
    "SUFFICE_ALPHA": ("limits", "alpha"),
}
# The key of calls that no caller asked for, made outside a request: message batches of shadow
# calls, comparisons that run by a schedule. Only ever read from the environment.
OWN_KEY = "SUFFICE_OWN_KEY"
_TIME = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RANGES = {"floor": (0, 1), "target": (0, 1), "margin": (0, 100), "alpha": (0, 0.5)}
_GATEWAY_RANGES = {"port": (0, 65_535), "workers": (1, 64), "drain_s": (0, 86_400)}
_PATHS = ("prices_file", "data", "runs")
_GATEWAY_PATHS = (
    *(
        "data",
        "policy",
        "rollouts",
        "budgets",
        "keys",
        "tls_cert",
        "tls_key",
        "client_ca",
        "upstream_ca",
    ),
)
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
    _check_gateway(settings.gateway)
    _check_held_out(settings.held_out)
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


def read_prices(path: Path) -> Mapping[str, Any]:
    """
    The price tables of a file, as `suffice.catalog.load_catalog` takes them.

    Raises:
        UnreadableFile: It cannot be read, or is no TOML.
    """
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableFile(
            f"The price file {path} cannot be read: {error}.",
            effect="Nothing is priced by it.",
            next_step="Write it as TOML, as docs/money.md shows.",
        ) from error
    return price_tables(path, parsed)


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


def seconds_in(time: str) -> float | None:
    """
    A time in words, in seconds; None where it is none.

    >>> seconds_in("7d"), seconds_in("0.5h"), seconds_in("weekly"), seconds_in("0d")
    (604800.0, 1800.0, None, None)
    """
    found = _TIME.fullmatch(time)
    return (float(found[1]) * _UNITS[found[2]] or None) if found is not None else None


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
    placed = _placed(folder, table, _PATHS)
    if isinstance(table.get("gateway"), dict):
        placed["gateway"] = _placed(folder, table["gateway"], _GATEWAY_PATHS)
    return placed


def _placed(folder: Path, table: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The table with its paths, which are relative to their file, made those of the caller."""
    paths = {name: str(folder / table[name]) for name in names if isinstance(table.get(name), str)}
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


def _check_gateway(gateway: GatewaySettings) -> None:
    for name, (low, high) in _GATEWAY_RANGES.items():
        value = getattr(gateway, name)
        if value is not None and not low <= value <= high:
            raise _bad(f"gateway.{name} is {value:g}; it lies between {low:g} and {high:g}.")
    for kind, share in gateway.bodies.items():
        if not 0 <= share <= 1:
            raise _bad(f"gateway.bodies.{kind} is {share:g}; a share lies between 0 and 1.")
    for name, bound in gateway.limits.items():
        if not 0 < bound < float("inf"):
            raise _bad(f"gateway.limits.{name} is {bound:g}; a bound is more than nothing.")
    if "@" in (gateway.proxy or ""):
        raise SecretInFile(
            "gateway.proxy holds a credential.",
            effect="The file was not used and nothing was run.",
            next_step="Set HTTPS_PROXY in the gateway's environment instead.",
        )


def _check_held_out(held_out: HeldOutSettings) -> None:
    if held_out.every is not None and seconds_in(held_out.every) is None:
        raise _bad(
            f"held_out.every is {held_out.every!r}, which is no time.",
            next_step='For example: every = "7d", or 12h.',
        )
    if held_out.usd is not None and not (held_out.usd.is_finite() and held_out.usd > 0):
        raise _bad(f"held_out.usd is {held_out.usd}; it must be more than nothing.")


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected {kind.__name__}")


def _bad(what: str, *, next_step: str = "See docs/settings.md.") -> BadSettings:
    return BadSettings(what, effect="Nothing was run.", next_step=next_step)
