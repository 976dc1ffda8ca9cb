"""Sizes and forms of new stations out of the assumptions: what each would cost at each site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.economics import land_share, terms_of, untaxed_share
from planner.scenario import MODULES_KG_PER_DAY
from siting.economics import capital_share
from siting.station_forms import FORMS, Form, StandAlone, StationOptions, station_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "MODULES_KG_PER_DAY",
    "annual_by_site",
    "capex_by_site",
    "forms_of",
    "options_at",
    "stand_alone_of",
]

_COMBINED_AT = "station.form.combined.possible."
_CNY_PER_WAN = 1e4

#: From here on "possible, 0 or 1" counts as possible.
_HALF = 0.5


def forms_of(values: Mapping[str, float]) -> tuple[Form, ...]:
    """Return the forms of the assumptions in force."""
    shared = {key.removeprefix(_COMBINED_AT) for key in values if key.startswith(_COMBINED_AT)}
    possible = frozenset(kind for kind in shared if values[_COMBINED_AT + kind] >= _HALF)
    found = []
    for name in FORMS:
        if name == "standalone":
            found.append(Form(name=name))
            continue
        of_form = f"station.form.{name}"
        found.append(
            Form(
                name=name,
                capex_factor=values[f"{of_form}.capex_factor"],
                staff_factor=values[f"{of_form}.staff_factor"],
                footprint_factor=values[f"{of_form}.footprint_factor"],
                most_kg_per_day=values.get(f"{of_form}.most_kg_per_day", np.inf),
                kinds=possible if name == "combined" else None,
            )
        )
    return tuple(found)


def stand_alone_of(values: Mapping[str, float]) -> StandAlone:
    """Return stand-alone stations of each size; yearly costs without value-added tax, as in the accounts."""
    untaxed = untaxed_share(values)
    return StandAlone(
        kg_per_day=np.array(MODULES_KG_PER_DAY, dtype=np.float64),
        capex_wan_cny=_by_size(values, "capex_wan_cny"),
        footprint_m2=_by_size(values, "footprint_m2"),
        capital_share=untaxed * capital_share(terms_of(values)),
        fixed_opex_share=untaxed * values["station.fixed_opex_share"],
        staff_wan_cny_per_year=values["station.staff_wan_cny_per_year"],
        land_wan_cny_per_m2_year=values["station.land_cny_per_m2"] * land_share(values) / _CNY_PER_WAN,
    )


def options_at(sites: pd.DataFrame, values: Mapping[str, float]) -> StationOptions:
    """Return the cheapest form of each size at sites, whatever stands there.

    Parameters
    ----------
    sites
        ``kind``.
    values
        Assumptions in force.
    """
    return station_options(sites["kind"].tolist(), stand_alone_of(values), forms_of(values))


def capex_by_site(sites: pd.DataFrame, values: Mapping[str, float]) -> Floats:
    """Return what a new station of each size costs to build: (n_sites, n_modules) float64, 10,000 CNY.

    Value-added tax included, land not; as ``capex_wan_cny`` of the plan's stations.

    Parameters
    ----------
    sites
        ``kind``.
    values
        Assumptions in force.

    Raises
    ------
    corridor.errors.InputError
        If a size costs less than a smaller one.
    """
    options = options_at(sites, values)
    options.check_rising()
    return options.capex_wan_cny


def annual_by_site(sites: pd.DataFrame, values: Mapping[str, float]) -> Floats:
    """Return what a new station of each size costs a year: (n_sites, n_modules) float64, 10,000 CNY/a.

    Capital, fixed operation, staff and land, without value-added tax: what ``economics`` has under these
    names, and what does not depend on the hydrogen sold.

    Parameters
    ----------
    sites
        ``kind``.
    values
        Assumptions in force.

    Raises
    ------
    corridor.errors.InputError
        If a size costs less than a smaller one.
    """
    options = options_at(sites, values)
    options.check_rising()
    return options.annual_wan_cny


def _by_size(values: Mapping[str, float], item: str) -> Floats:
    """Return a figure of each size."""
    return np.array([values[f"station.{size}.{item}"] for size in MODULES_KG_PER_DAY], dtype=np.float64)
