"""Names and numbers that several generators share. All invented."""

# ruff: noqa: SIM905 - words read as words

from __future__ import annotations

import random

FIRST = (
    "Amara Ben Chloe Dmitri Elena Farid Grace Hiro "
    "Ines "  # codespell:ignore ines
    "Jonas Kavya Liam Mirela Nadia Omar Priya Quentin Rosa Samir Tove Uma Viktor Wanda Ximena "
    "Yusuf Zofia Aled Birgit Cormac Dalia"
).split()
LAST = (
    "Okafor Lindqvist Marchetti Novak Haddad Sato Pereira Kowalski Iyer Dubois Brandt Moreau "
    "Castellano Oyelaran Fischer Petrov Nakamura Jensen Ruiz Ahmed Varga Sorensen Keller Tanaka"
).split()
PRODUCTS = (
    "kettle|desk lamp|rain jacket|headset|coffee grinder|yoga mat|bookshelf|phone case|backpack|"
    "bike helmet|blender|office chair|wall clock|tent|keyboard|water bottle|hiking boots|rug|"
    "toaster|monitor stand|sewing machine|garden hose|camera strap|air fryer|winter scarf"
).split("|")
COMPANIES = (
    "Northwind Paper|Alder & Finch|Blue Harbor Supplies|Castell Print|Dunmore Tools|Elmwood Dairy|"
    "Ferrous Metalworks|Glenfield Farms|Halcyon Travel|Ironbridge Media|Juniper Catering|"
    "Kestrel Logistics|Larkspur Design|Mossbank Timber|Nimbus Hosting|Orchard Lane Foods|"
    "Pinnacle Cleaning|Quarry Road Garage|Redwood Security|Saltmarsh Seafood|Tamarind Textiles|"
    "Upland Water|Vantage Optics|Westmere Legal|Yarrow Pharmacy|Zephyr Couriers"
).split("|")
MONTHS = (
    "January February March April May June July August September October November December"
).split()


def number(dice: random.Random, digits: int) -> str:
    """So many digits, the first not 0."""
    return str(dice.randrange(10 ** (digits - 1), 10**digits))


def person(dice: random.Random) -> str:
    """A first and a last name."""
    return f"{dice.choice(FIRST)} {dice.choice(LAST)}"
