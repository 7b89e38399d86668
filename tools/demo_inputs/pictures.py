"""An image task in words: the picture is described, since these models cannot see."""

# ruff: noqa: E501 - a sentence of the grammar or of the prompt stays on its line

from __future__ import annotations

import random

from tools.demo_inputs.drawing import DemoType, Drawn, spin
from tools.demo_inputs.words import PRODUCTS

_STATES: dict[str, tuple[str, ...]] = {
    "intact": (
        "the cardboard is [clean and square|smooth on all sides], the tape [unbroken|still sealed]",
        "all [edges|corners] are sharp and nothing is [bent|open|stained]",
        "[no damage to be seen|looks like new], the label is [easy to read|straight]",
        "the seal is closed and the surface is [dry|even|spotless]",
    ),
    "crushed": (
        "one corner is [pressed in|flattened|pushed inwards], the [lid|side] is [bulging|buckled]",
        "the [top|left side|front] has [caved in|collapsed] [as if something heavy stood on it|]",
        "the box is [squashed|flattened] to [half|two thirds] of its height",
        "deep [dents|folds] run across the [front|lid], the edges are [buckled|bent]",
    ),
    "torn": (
        "a [long|wide|hand-sized] [rip|tear] runs along the [side|bottom|seam]",
        "the cardboard is [ripped open|torn] at the [corner|flap], [foam|paper] [sticks|hangs] out",
        "a [hole|gash] in the [side|lid] shows the [<product>|padding] inside",
        "the [tape|flap] is ripped off together with a strip of cardboard",
    ),
    "wet": (
        "a dark [patch|stain] spreads from the [bottom|corner], the paper is [soggy|soft]",
        "[drops of water|a puddle] [on|around] the box, the label has [run|smudged]",
        "the cardboard is [soaked|damp and wavy], the ink is [blurred|bleeding]",
        "[water|rain] drips from the [edge|bottom], the [lower half|lid] is [darker|swollen]",
    ),
    "missing": (
        "the box is open and [empty|there is only paper in it]",
        "[only packing paper|nothing but foam] inside, no <product>",
        "an empty [doorstep|shelf|pallet] where the parcel should [be|stand]",
        "the [tray|insert] for the <product> is there, but [the place is empty|nothing lies in it]",
    ),
}
_SCENES = (
    (
        "A [brown|white|small|large|flat] [box|parcel|carton] on a [doorstep|kitchen table|warehouse "
        "shelf|car seat|tiled floor|conveyor belt]"
    ),
    (
        "[Close-up|Side view|Photo from above|Slightly blurred photo] of a [parcel|box] [held in two "
        "hands|next to a ruler|on a pallet|beside a door]"
    ),
    "A [delivery|returned order] of a <product>, photographed [in daylight|with flash|at dusk]",
)
_EXTRAS = "[; a cat sits beside it|; a shoe is in the picture|; a finger covers one corner||||]"


def _make(dice: random.Random) -> Drawn:
    slots = {"product": PRODUCTS}
    state = dice.choice(sorted(_STATES))
    scene = spin(dice, dice.choice(_SCENES), slots)
    detail = spin(dice, dice.choice(_STATES[state]), slots)
    extra = spin(dice, _EXTRAS, slots)
    return Drawn(f"Picture: {scene}; {detail}{extra}.\nState:", state)


TYPE = DemoType(
    name="picture-triage",
    use="images (each picture is described in words)",
    instructions="""\
Each line describes a photo of a delivery. Answer with its state: intact, crushed, torn, wet or missing.

""",
    make=_make,
    cases=160,
    max_tokens=8,
    scorer="label",
    shown=4,
    labels=tuple(sorted(_STATES)),
)
