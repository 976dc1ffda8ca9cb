"""Assumptions as a person looks for them: in groups, by words, and how a value stands to its range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from demand.inputs import VEHICLE_CLASSES

if TYPE_CHECKING:
    import pandas as pd

    from corridor.errors import Fault

#: How a value stands: as documented, changed within its range, or changed to outside of it.
Standing = Literal["default", "changed", "outside"]

#: Published figures that results are compared with: no input, nothing to choose.
_NO_INPUT = ("check",)

#: Groups in the order of the chain from vehicles to stations; unknown ones stand before those of supply.
_FIRST = ("adoption", "freight", "coach", "vehicle", *(f"vehicle.{name}" for name in VEHICLE_CLASSES), "road")
_LAST = ("scope", "points", "station", "supply", "delivery", "economics", "carbon")

#: Groups that demand does not depend on.
SUPPLY_GROUPS = ("points", "station", "supply", "delivery", "economics", "carbon")

#: Ways of adoption that each group is read by; groups not named here are read by all.
_READ_BY = {
    "adoption.share": ("policy", "bass"),
    "diffusion": ("bass",),
    "ownership": ("cost",),
}
#: Supply figures that the cost of ownership is made of as well.
_OF_OWNERSHIP = (
    "economics.discount_rate",
    "economics.retail_price_cny_per_kg",
    "carbon.diesel_l_per_100km.",
)
#: Read at the scenario's year alone, as long as that is one of those given.
_BY_YEAR = ("adoption.share.", "diffusion.intercity_share.")

#: Two ways to write one number differ by less than this share.
_ROUNDING = 1e-9


def group_of(key: str) -> str:
    """Return the group of a key: its first part, for a vehicle's own figures also its class."""
    first, _, rest = key.partition(".")
    second = rest.partition(".")[0]
    return f"{first}.{second}" if first == "vehicle" and second in VEHICLE_CLASSES else first


def groups(table: pd.DataFrame) -> list[str]:
    """Return the groups of the assumptions that are inputs, in order."""
    found = {group: None for key in table.index if (group := group_of(str(key))) not in _NO_INPUT}
    others = [group for group in found if group not in (*_FIRST, *_LAST)]
    return [group for group in (*_FIRST, *others, *_LAST) if group in found]


def keys_of(table: pd.DataFrame, group: str) -> list[str]:
    """Return the keys of a group, in the order of the table."""
    return [str(key) for key in table.index if group_of(str(key)) == group]


def is_unused(key: str, *, adoption: str, year: int) -> bool:
    """Return whether the demand of a scenario passes over an input because of how adoption is chosen.

    Parameters
    ----------
    key
        Of an assumption.
    adoption, year
        Of the scenario; the year is one of :data:`planner.scenario.YEARS`.
    """
    if any(adoption not in ways and key.startswith(f"{start}.") for start, ways in _READ_BY.items()):
        return True
    if key.startswith("vehicle.") and key.endswith(".km_per_day"):
        return adoption == "policy"
    return key.startswith(_BY_YEAR) and key.rpartition(".")[2] != str(year)


def is_of_supply(key: str, *, adoption: str) -> bool:
    """Return whether an input matters to stations and supply but not to the demand."""
    return group_of(key) in SUPPLY_GROUPS and not (adoption == "cost" and key.startswith(_OF_OWNERSHIP))


def search(table: pd.DataFrame, words: str) -> list[str]:
    """Return the keys of inputs whose key, names or source hold every word, whatever its case."""
    wanted = words.casefold().split()
    columns = (table.index, table["name_zh"], table["name_en"], table["source"])
    return [
        str(key)
        for key, *texts in zip(table.index, *columns, strict=True)
        if group_of(str(key)) not in _NO_INPUT
        and all(word in " ".join(map(str, texts)).casefold() for word in wanted)
    ]


def is_default(value: float, default: float) -> bool:
    """Return whether a value is the documented one, but for the last digits of its writing."""
    return abs(value - default) <= _ROUNDING * max(abs(default), abs(value))


def standing(value: float, *, default: float, low: float, high: float) -> Standing:
    """Return how a value stands to its default and to its documented range."""
    if is_default(value, default):
        return "default"
    return "changed" if low <= value <= high else "outside"


def concerns(fault: Fault, key: str) -> bool:
    """Return whether a fault is about a key, by its name or by that of the keys it belongs to."""
    where = fault.where.rpartition(" ")[2].rstrip(".*")
    return bool(where) and (key == where or key.startswith(f"{where}."))
