"""
What the type checker knows of tasks whose value depends on their arguments.

A label of an Enum is that Enum, of a list or mapping of texts a text; a schema that is a class is
that class. A ``Literal`` and a JSON schema stay ``Any``: the type system cannot look into them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Literal, Protocol, TypeVar, cast, overload

from typing_extensions import TypedDict, Unpack

from suffice.tasks.batch import Batch
from suffice.tasks.calling import TaskCall
from suffice.tasks.job import Job
from suffice.tasks.outcome import Outcome, Unresolved

E = TypeVar("E", bound=enum.Enum)
T = TypeVar("T")


class ClassifyOptions(TypedDict, total=False):
    """Arguments of `classify` that do not change its type."""

    instructions: str | None
    examples: Sequence[tuple[str, Any]]
    model: str | None


class ExtractOptions(TypedDict, total=False):
    """Arguments of `extract` that do not change its type."""

    instructions: str | None
    grounded: bool
    allow_urls: bool
    model: str | None


Texts = Mapping[str, str] | Sequence[str] | AbstractSet[str]
Words = ClassifyOptions
_One = Literal[False]
_Many = Literal[True]


class Classify(Protocol):
    """`classify`, called, awaited or mapped; see `TaskCall`."""

    job: Callable[..., Job[Any]]

    @overload
    def __call__(
        self, text: str, labels: type[E], *, multi: _One = ..., **more: Unpack[Words]
    ) -> E | Unresolved: ...
    @overload
    def __call__(
        self, text: str, labels: type[E], *, multi: _Many, **more: Unpack[Words]
    ) -> list[E] | Unresolved: ...
    @overload
    def __call__(
        self, text: str, labels: Texts, *, multi: _One = ..., **more: Unpack[Words]
    ) -> str | Unresolved: ...
    @overload
    def __call__(
        self, text: str, labels: Texts, *, multi: _Many, **more: Unpack[Words]
    ) -> list[str] | Unresolved: ...
    @overload
    def __call__(
        self, text: str, labels: Any, *, multi: bool = ..., **more: Unpack[Words]
    ) -> Any: ...

    @overload
    async def aio(
        self, text: str, labels: type[E], *, multi: _One = ..., **more: Unpack[Words]
    ) -> E | Unresolved: ...
    @overload
    async def aio(
        self, text: str, labels: type[E], *, multi: _Many, **more: Unpack[Words]
    ) -> list[E] | Unresolved: ...
    @overload
    async def aio(
        self, text: str, labels: Texts, *, multi: _One = ..., **more: Unpack[Words]
    ) -> str | Unresolved: ...
    @overload
    async def aio(
        self, text: str, labels: Texts, *, multi: _Many, **more: Unpack[Words]
    ) -> list[str] | Unresolved: ...
    @overload
    async def aio(
        self, text: str, labels: Any, *, multi: bool = ..., **more: Unpack[Words]
    ) -> Any: ...

    @overload
    def outcome(
        self, text: str, labels: type[E], *, multi: _One = ..., **more: Unpack[Words]
    ) -> Outcome[E]: ...
    @overload
    def outcome(
        self, text: str, labels: type[E], *, multi: _Many, **more: Unpack[Words]
    ) -> Outcome[list[E]]: ...
    @overload
    def outcome(
        self, text: str, labels: Texts, *, multi: _One = ..., **more: Unpack[Words]
    ) -> Outcome[str]: ...
    @overload
    def outcome(
        self, text: str, labels: Texts, *, multi: _Many, **more: Unpack[Words]
    ) -> Outcome[list[str]]: ...
    @overload
    def outcome(
        self, text: str, labels: Any, *, multi: bool = ..., **more: Unpack[Words]
    ) -> Outcome[Any]: ...

    @overload
    async def aoutcome(
        self, text: str, labels: type[E], *, multi: _One = ..., **more: Unpack[Words]
    ) -> Outcome[E]: ...
    @overload
    async def aoutcome(
        self, text: str, labels: type[E], *, multi: _Many, **more: Unpack[Words]
    ) -> Outcome[list[E]]: ...
    @overload
    async def aoutcome(
        self, text: str, labels: Texts, *, multi: _One = ..., **more: Unpack[Words]
    ) -> Outcome[str]: ...
    @overload
    async def aoutcome(
        self, text: str, labels: Texts, *, multi: _Many, **more: Unpack[Words]
    ) -> Outcome[list[str]]: ...
    @overload
    async def aoutcome(
        self, text: str, labels: Any, *, multi: bool = ..., **more: Unpack[Words]
    ) -> Outcome[Any]: ...

    @overload
    def map(
        self, inputs: Iterable[str], labels: type[E], *, batch: Batch | None = ...,
        multi: _One = ..., **more: Unpack[Words],
    ) -> list[Outcome[E]]: ...  # fmt: skip
    @overload
    def map(
        self, inputs: Iterable[str], labels: Texts, *, batch: Batch | None = ...,
        multi: _One = ..., **more: Unpack[Words],
    ) -> list[Outcome[str]]: ...  # fmt: skip
    @overload
    def map(
        self, inputs: Iterable[str], labels: Any, *, batch: Batch | None = ...,
        multi: bool = ..., **more: Unpack[Words],
    ) -> list[Outcome[Any]]: ...  # fmt: skip

    @overload
    async def amap(
        self, inputs: Iterable[str], labels: type[E], *, batch: Batch | None = ...,
        multi: _One = ..., **more: Unpack[Words],
    ) -> list[Outcome[E]]: ...  # fmt: skip
    @overload
    async def amap(
        self, inputs: Iterable[str], labels: Texts, *, batch: Batch | None = ...,
        multi: _One = ..., **more: Unpack[Words],
    ) -> list[Outcome[str]]: ...  # fmt: skip
    @overload
    async def amap(
        self, inputs: Iterable[str], labels: Any, *, batch: Batch | None = ...,
        multi: bool = ..., **more: Unpack[Words],
    ) -> list[Outcome[Any]]: ...  # fmt: skip


class Extract(Protocol):
    """`extract`, called, awaited or mapped; see `TaskCall`."""

    job: Callable[..., Job[Any]]

    @overload
    def __call__(
        self, source: Any, schema: type[T], **more: Unpack[ExtractOptions]
    ) -> T | Unresolved: ...
    @overload
    def __call__(self, source: Any, schema: Any, **more: Unpack[ExtractOptions]) -> Any: ...

    @overload
    async def aio(
        self, source: Any, schema: type[T], **more: Unpack[ExtractOptions]
    ) -> T | Unresolved: ...
    @overload
    async def aio(self, source: Any, schema: Any, **more: Unpack[ExtractOptions]) -> Any: ...

    @overload
    def outcome(
        self, source: Any, schema: type[T], **more: Unpack[ExtractOptions]
    ) -> Outcome[T]: ...
    @overload
    def outcome(self, source: Any, schema: Any, **more: Unpack[ExtractOptions]) -> Outcome[Any]: ...

    @overload
    async def aoutcome(
        self, source: Any, schema: type[T], **more: Unpack[ExtractOptions]
    ) -> Outcome[T]: ...
    @overload
    async def aoutcome(
        self, source: Any, schema: Any, **more: Unpack[ExtractOptions]
    ) -> Outcome[Any]: ...

    @overload
    def map(
        self, inputs: Iterable[Any], schema: type[T], *, batch: Batch | None = ...,
        **more: Unpack[ExtractOptions],
    ) -> list[Outcome[T]]: ...  # fmt: skip
    @overload
    def map(
        self, inputs: Iterable[Any], schema: Any, *, batch: Batch | None = ...,
        **more: Unpack[ExtractOptions],
    ) -> list[Outcome[Any]]: ...  # fmt: skip

    @overload
    async def amap(
        self, inputs: Iterable[Any], schema: type[T], *, batch: Batch | None = ...,
        **more: Unpack[ExtractOptions],
    ) -> list[Outcome[T]]: ...  # fmt: skip
    @overload
    async def amap(
        self, inputs: Iterable[Any], schema: Any, *, batch: Batch | None = ...,
        **more: Unpack[ExtractOptions],
    ) -> list[Outcome[Any]]: ...  # fmt: skip


def as_classify(build: Callable[..., Job[Any]]) -> Classify:
    """A task that is typed as `Classify`."""
    return cast("Classify", TaskCall(build))


def as_extract(build: Callable[..., Job[Any]]) -> Extract:
    """A task that is typed as `Extract`."""
    return cast("Extract", TaskCall(build))
