"""The exception tree."""

from __future__ import annotations

import inspect

from suffice import errors


def all_errors() -> list[type[errors.SufficeError]]:
    return [
        thing
        for _, thing in inspect.getmembers(errors, inspect.isclass)
        if issubclass(thing, errors.SufficeError)
    ]


def test_every_error_is_drawn_with_its_code_unless_it_only_groups_others() -> None:
    tree = errors.__doc__ or ""

    undrawn = [error.__name__ for error in all_errors() if error.__name__ not in tree]
    uncoded = [
        error.__name__
        for error in all_errors()
        if not error.__subclasses__() and error.code not in tree
    ]

    assert (undrawn, uncoded) == ([], [])


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in all_errors()]

    assert len(codes) == len(set(codes))
