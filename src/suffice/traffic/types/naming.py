"""Names for types, proposed from what their templates say and no other template does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from suffice.traffic.types.template import Template

_WORD = re.compile(r"[A-Za-z][A-Za-z]{2,23}")
_WORDS_IN_NAME = 3
_LINES_READ = 12
_VERBS = frozenset(
    """
    classify extract summarise summarize translate write answer generate decide rate route
    convert label sort tag find list rewrite review score triage detect rank judge compare
    parse correct clean document plan draft check
    """.split()  # noqa: SIM905 - so many words read better as a text
)
_SAID_BY_ALL = frozenset(
    """
    the and for you your are with this that from into not only any all each one must will
    can should never always may use using has have its their them they our who what when
    which where how than then also but out about over under more most please assistant
    helpful following given based user users text following make sure answer answers
    answering act expert model system prompt task role instructions instruction output
    return respond reply response format json line lines words word exactly was were been
    being per does did
    """.split()  # noqa: SIM905 - so many words read better as a text
)


def propose(templates: Sequence[Template], *, taken: Collection[str] = ()) -> dict[str, str]:
    """
    A name for each template's key: two or three of its words that tell it from the others.

    A version of a template that has a name is called after it, with its number.

    >>> prompts = ["Classify the support ticket.", "Extract the invoice fields."]
    >>> found = [Template(key=str(n), units=(line,)) for n, line in enumerate(prompts)]
    >>> propose(found)
    {'0': 'classify-support-ticket', '1': 'extract-invoice-fields'}
    """
    known = Counter(word for template in templates for word in set(_words(template)))
    names: dict[str, str] = {}
    used = set(taken)
    for template in templates:
        base = names.get(template.related)
        if base:
            name = _free(re.sub(r"-v\d+$", "", base), used, "-v")
        else:
            name = _free(_proposed(template, known), used, "-")
        used.add(name)
        names[template.key] = name
    return names


def _proposed(template: Template, known: Mapping[str, int]) -> str:
    words = _words(template)
    if not words:
        return "without-a-prompt" if not any(template.units) else "unnamed"
    told = Counter(words)
    first = {word: place for place, word in reversed(list(enumerate(words)))}

    def worth(word: str) -> tuple[float, int]:
        told_apart = (2.0 if word in _VERBS else 1.0) * min(told[word], 3) / known[word]
        return (-told_apart / (1 + first[word] / 20), first[word])

    best = sorted(told, key=worth)[:_WORDS_IN_NAME]
    return "-".join(sorted(best, key=lambda word: first[word]))


def _words(template: Template) -> list[str]:
    text = " ".join(template.units[:_LINES_READ]) if template.units else ""
    found = (word.casefold() for word in _WORD.findall(text[:4000]))
    return [word for word in found if word not in _SAID_BY_ALL]


def _free(name: str, used: Collection[str], sign: str) -> str:
    if name not in used:
        return name
    number = 2
    while f"{name}{sign}{number}" in used:
        number += 1
    return f"{name}{sign}{number}"
