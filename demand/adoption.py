"""Share of trips made by fuel-cell vehicles, by class and year.

Given for some years as ``adoption.share.<class>.<year>``; straight lines between them, nothing outside.
A trip through a gateway is less likely to run on hydrogen, because stations beyond are few and the truck may
be at home there: each gateway end multiplies the share by ``adoption.gateway_factor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault
from demand.inputs import SHARE, VEHICLE_CLASSES, adoption_year, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.routes import Routes


def fuel_cell_shares(assumptions: Mapping[str, float], *, year: int) -> pd.Series:
    """Return the fuel-cell share of trips in a year, 0-1, index vehicle class.

    Raises
    ------
    corridor.errors.InputError
        For a class without shares, a share outside 0-1, or a year outside the given ones.
    """
    raise_faults(adoption_faults(assumptions, year=year))
    given = _given_shares(assumptions)
    shares = {}
    for vehicle_class, by_year in given.items():
        years = sorted(by_year)
        shares[vehicle_class] = float(np.interp(year, years, [by_year[each] for each in years]))
    return pd.Series(shares, dtype=np.float64)


def gateway_weight(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the factor on the fuel-cell share of each route, (n_routes,) float64: 1 inside the region."""
    gateway = (zones.loc[list(routes.zone_ids), "kind"] == "gateway").to_numpy(dtype=np.int64)
    ends_outside = gateway[routes.origin] + gateway[routes.destination]
    return np.asarray(assumptions["adoption.gateway_factor"] ** ends_outside, dtype=np.float64)


def adoption_faults(assumptions: Mapping[str, float], *, year: int) -> list[Fault]:
    """Return everything that keeps the year from having a share in every class."""
    faults = []
    for vehicle_class, by_year in _given_shares(assumptions).items():
        key = f"adoption.share.{vehicle_class}"
        if not by_year:
            faults.append(Fault("no year is given", f"{key}.<year>", "Add it to the assumptions"))
        elif not min(by_year) <= year <= max(by_year):
            span = f"{min(by_year)}-{max(by_year)}"
            faults.append(Fault(f"year {year} is outside {span}", key, f"Choose a year in {span}"))
        faults += [
            Fault(f"{share!r} is out of range", f"{key}.{each}", f"Give {SHARE}")
            for each, share in by_year.items()
            if not SHARE.hold(share)
        ]
    return faults


def _given_shares(assumptions: Mapping[str, float]) -> dict[str, dict[int, float]]:
    """Return share by year by class, as given."""
    given: dict[str, dict[int, float]] = {name: {} for name in VEHICLE_CLASSES}
    for key, share in assumptions.items():
        found = adoption_year(key)
        if found is not None:
            given[found[0]][found[1]] = share
    return given
