"""When vehicles refuel: habits, hours of the day, kinds of day, months. All assumed, none measured.

Hour h of a day, h = 0 ... 23, takes the share

    s_h = f / 24 + (1 - f) ((1 - w) b_h(p1) + w b_h(p2)),

flat share f, two peaks at p1 and p2 with weights 1 - w and w, each a bell of standard deviation sigma around
the clock, b_h(p) ~ exp(-d(h + 1/2, p)^2 / (2 sigma^2)) with d the distance on a dial of 24 hours, adding up
to one.

A day of month m and kind t (work day, weekend, holiday) has the factor

    F(m, t) = a_m c_t / mean over the year of a c,

so that its mean over the days of the year is one, whatever a and c.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from corridor.errors import Fault
from demand.inputs import NON_NEGATIVE, POSITIVE, SHARE, VEHICLE_CLASSES, Limits, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DayType = Literal["workday", "weekend", "holiday"]
DAY_TYPES: tuple[DayType, ...] = ("workday", "weekend", "holiday")

#: Vehicles that refuel at the same hours, by class.
HOUR_GROUPS = {
    "tractor_49t": "heavy",
    "rigid_31t": "heavy",
    "rigid_18t": "delivery",
    "light_9t": "delivery",
    "light_4t5": "delivery",
    "coach_12m": "coach",
}

#: Vehicles that run on the same days, by class.
DAY_GROUPS = {name: "coach" if name == "coach_12m" else "truck" for name in VEHICLE_CLASSES}

HOURS = 24
MONTHS = tuple(range(1, 13))
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

#: Days off at public holidays by month in a usual year of the calendar in force since 2025: New Year, Spring
#: Festival (here in February), Qingming, Labor Day, Dragon Boat, National Day with Mid-Autumn.
_HOLIDAYS = (1, 8, 0, 3, 5, 3, 0, 0, 0, 8, 0, 0)

#: Weekends among the other days. Work days moved to weekends are left out: they shift a few days in a year.
_WEEKEND = 2.0 / 7.0

_HOUR = Limits(high=24.0)
_HOUR_ITEMS = {
    "flat_share": SHARE,
    "first_peak_h": _HOUR,
    "second_peak_h": _HOUR,
    "second_peak_share": SHARE,
    "peak_width_h": POSITIVE,
}


@dataclass(frozen=True, slots=True)
class Habit:
    """At what fill levels vehicles refuel, shares of the usable tank.

    Parameters
    ----------
    below
        A driver looks for a station once the level is below this.
    to
        Level after refueling.
    """

    below: float
    to: float


def required_limits() -> dict[str, Limits]:
    """Return every key the profiles need, and the interval of its value."""
    limits = {"profile.refuel_below": SHARE, "profile.refuel_to": SHARE}
    for group in dict.fromkeys(HOUR_GROUPS.values()):
        limits |= {f"profile.{group}.{item}": limit for item, limit in _HOUR_ITEMS.items()}
    for group in dict.fromkeys(DAY_GROUPS.values()):
        limits |= {f"profile.{group}.{day}": NON_NEGATIVE for day in DAY_TYPES[1:]}
        limits |= {f"profile.{group}.month_{month:02d}": POSITIVE for month in MONTHS}
    return limits


def profile_faults(assumptions: Mapping[str, float]) -> list[Fault]:
    """Return everything wrong with the keys of the profiles."""
    faults = []
    for key, limit in required_limits().items():
        value = assumptions.get(key, math.nan)
        if key not in assumptions:
            faults.append(Fault("the key is missing", key, "Add it to the assumptions"))
        elif not limit.hold(value):
            faults.append(Fault(f"{value!r} is out of range", key, f"Give {limit}"))
    if not faults and assumptions["profile.refuel_below"] >= assumptions["profile.refuel_to"]:
        what = "refueling would begin at or above the level it ends at"
        faults.append(Fault(what, "profile.refuel_below", "Lower it, or raise profile.refuel_to"))
    return faults


def habit(assumptions: Mapping[str, float]) -> Habit:
    """Return the fill levels at which vehicles refuel.

    Raises
    ------
    corridor.errors.InputError
        With every missing or impossible key of the profiles.
    """
    raise_faults(profile_faults(assumptions))
    return Habit(below=assumptions["profile.refuel_below"], to=assumptions["profile.refuel_to"])


def hourly(assumptions: Mapping[str, float], vehicle_class: str) -> NDArray[np.float64]:
    """Return the share of a day's refueling in each hour, (24,) float64, adding up to one.

    Parameters
    ----------
    assumptions
        Value by key.
    vehicle_class
        One of ``VEHICLE_CLASSES``.

    Raises
    ------
    corridor.errors.InputError
        With every missing or impossible key of the profiles.
    """
    raise_faults(profile_faults(assumptions))
    item = {name: assumptions[f"profile.{HOUR_GROUPS[vehicle_class]}.{name}"] for name in _HOUR_ITEMS}
    first, second = (_bell(item[f"{rank}_peak_h"], item["peak_width_h"]) for rank in ("first", "second"))
    weight = item["second_peak_share"]
    peaks = (1.0 - weight) * first + weight * second
    shares: NDArray[np.float64] = item["flat_share"] / HOURS + (1.0 - item["flat_share"]) * peaks
    return shares


def _bell(peak_h: float, width_h: float) -> NDArray[np.float64]:
    """Return a bell around the clock, (24,) float64, adding up to one."""
    apart = np.abs(np.arange(HOURS) + 0.5 - peak_h)
    # The nearest hour counts as zero away: a bell far narrower than an hour is that hour, not nothing.
    distance = np.minimum(apart, HOURS - apart)
    bell = np.exp(-(distance**2 - distance.min() ** 2) / (2.0 * width_h**2))
    shares: NDArray[np.float64] = bell / bell.sum()
    return shares


def days(month: int, day_type: DayType) -> float:
    """Return how many days of a kind a month has in a usual year of 365 days, expected over the years."""
    holidays = float(_HOLIDAYS[month - 1])
    others = _DAYS[month - 1] - holidays
    return {
        "workday": others * (1.0 - _WEEKEND),
        "weekend": others * _WEEKEND,
        "holiday": holidays,
    }[day_type]


def daily_factor(
    assumptions: Mapping[str, float], vehicle_class: str, *, month: int, day_type: DayType
) -> float:
    """Return a day's demand over that of the mean day of the year.

    Parameters
    ----------
    assumptions
        Value by key.
    vehicle_class
        One of ``VEHICLE_CLASSES``.
    month
        1-12.
    day_type
        Kind of day; a holiday may be asked for in months that usually have none.

    Raises
    ------
    corridor.errors.InputError
        With every missing or impossible key of the profiles.
    """
    raise_faults(profile_faults(assumptions))
    group = DAY_GROUPS[vehicle_class]
    weights = {
        (each, kind): assumptions[f"profile.{group}.month_{each:02d}"] * _of_day(assumptions, group, kind)
        for each in MONTHS
        for kind in DAY_TYPES
    }
    total = sum(weights[each, kind] * days(each, kind) for each, kind in weights)
    return weights[month, day_type] * sum(_DAYS) / total


def _of_day(assumptions: Mapping[str, float], group: str, kind: DayType) -> float:
    """Return a kind of day over a work day of the same month."""
    return 1.0 if kind == "workday" else assumptions[f"profile.{group}.{kind}"]
