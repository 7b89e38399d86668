"""Text clean-up: dates, phone numbers, mail addresses and names in one form each."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn
from tools.demo_inputs.words import FIRST, LAST, MONTHS, number


def _date(dice: random.Random) -> tuple[str, str]:
    year, month, day = dice.randrange(1998, 2027), dice.randrange(1, 13), dice.randrange(1, 29)
    name = MONTHS[month - 1]
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
    text = dice.choice(
        (
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day}{ending} of {name} {year}",
            f"{day} {name[:3].upper()} {year}",
            f"{name[:3]} {day} {year}",
            f"{year}/{month:02d}/{day:02d}",
            f"{year}.{month}.{day}",
            f"  {day}-{name[:3]}-{year}",
        )
    )
    return text, f"{year}-{month:02d}-{day:02d}"


def _phone(dice: random.Random) -> tuple[str, str]:
    country = dice.choice(("44", "49", "33", "1", "46", "81"))
    area, head, tail = number(dice, 3), number(dice, 3), number(dice, 4)
    text = dice.choice(
        (
            f"+{country} {area} {head} {tail}",
            f"+{country}-{area}-{head}-{tail}",
            f"+{country} ({area}) {head}-{tail}",
            f"+{country} {area}/{head}{tail}",
            f"+{country}.{area}.{head}.{tail}",
            f"+{country} {area} {head[0]} {head[1:]} {tail[:2]} {tail[2:]}",
        )
    )
    return text, f"+{country}{area}{head}{tail}"


def _mail(dice: random.Random) -> tuple[str, str]:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    host = dice.choice(("Example.com", "EXAMPLE.org", "Mail.Example", "post.example"))
    local = dice.choice((f"{first}.{last}", f"{first[0]}.{last.upper()}", f"{last}{first[0]}"))
    clean = f"{local}@{host}".lower()
    text = dice.choice(
        (
            f"{local}@{host}",
            f"{local.upper()}@{host}",
            f"<{local}@{host}>",
            f"mailto:{local}@{host}",
            f"{local} (at) {host}",
            f"{first} {last} <{local}@{host}>",
        )
    )
    return text, clean


def _name(dice: random.Random) -> tuple[str, str]:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    text = dice.choice(
        (
            f"{last}, {first}",
            f"{last.upper()}, {first}",
            f"{first.lower()} {last.lower()}",
            f"{first.upper()} {last.upper()}",
            f"Mr {first} {last.upper()}",
            f"Dr. {last}, {first}",
        )
    )
    return text, f"{first} {last}"


_KINDS = {"date": _date, "phone": _phone, "email": _mail, "name": _name}


def _make(dice: random.Random) -> Drawn:
    kind = dice.choice(sorted(_KINDS))
    text, clean = _KINDS[kind](dice)
    return Drawn(f"{kind}: {text}\nclean:", clean)


TYPE = DemoType(
    name="contact-cleanup",
    use="text clean-up",
    instructions="""\
Clean up the entry. Dates as YYYY-MM-DD, phone numbers as + and digits, mail addresses in lower case, \
names as First Last.

date: 5 January 2021
clean: 2021-01-05

phone: +44 151 496-0321
clean: +441514960321

email: Hugo.BERG@Example.NET
clean: hugo.berg@example.net

name: BERG, Hugo
clean: Hugo Berg

date: Sept. 30th, 1999
clean: 1999-09-30

phone: +34 (91) 555.20.18
clean: +34915552018

email: Lise (at) example.net
clean: lise@example.net

name: Ms lise strand
clean: Lise Strand

""",
    make=_make,
    cases=160,
    max_tokens=24,
    scorer="exact",
)
