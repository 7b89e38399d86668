"""Templates of pages: nothing untrusted unescaped or hidden, nothing fetched, no script."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
from collections.abc import Callable, Mapping
from typing import Any

import jinja2

from suffice.reports.untrusted import visible


@functools.cache
def template_text(name: str) -> str:
    """A template or style sheet of the package."""
    folder = importlib.resources.files("suffice.reports") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def content_policy(style: str) -> str:
    """The Content-Security-Policy of a page with this one style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def templates_with(filters: Mapping[str, Callable[..., Any]]) -> jinja2.Environment:
    """The package's templates with a page's own filters."""
    templates = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever a template prints, hidden characters in it are written out.
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    templates.filters |= dict(filters)
    return templates
