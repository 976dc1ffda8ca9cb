"""Cities that ran fuel-cell vehicles before others: more of the fleet there, less elsewhere, as much in all.

With factor f in the first year and years T0 to T1 over which it fades, a zone of a pilot prefecture has

    w = 1 + (f - 1) max(0, min(1, (T1 - t) / (T1 - T0))),

every other zone 1, and a route the mean of its two ends. Fuel-cell trips of each class are multiplied by it
and scaled so that the class uses as much hydrogen in the whole region as without. With f = 1 nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError
from demand.inputs import Limits, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.routes import Routes

#: Pilot prefectures of the policy (Sichuan's 14th five-year plan for green industry, box 7).
PILOTS = ("成都市", "内江市", "德阳市", "凉山彝族自治州")

#: First year adoption is given for, when the factor holds in full.
FIRST_YEAR = 2027

FACTOR, FADED = "pilot.adoption_factor", "pilot.faded_year"
_LIMITS = {FACTOR: Limits(low=1.0, high=20.0), FADED: Limits(low=FIRST_YEAR + 1, high=2100)}


def pilot_weight(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float], year: int
) -> NDArray[np.float64]:
    """Return (n_routes,) float64: fuel-cell trips of a route over what they would be without pilots.

    Before scaling to the region's total; 1 everywhere where the assumptions name no factor.

    Raises
    ------
    corridor.errors.InputError
        For an impossible factor or year.
    """
    values = {FACTOR: assumptions.get(FACTOR, 1.0), FADED: assumptions.get(FADED, FIRST_YEAR + 1.0)}
    raise_faults(
        [
            Fault(f"{values[key]!r} is out of range", key, f"Give {limit}")
            for key, limit in _LIMITS.items()
            if not limit.hold(values[key])
        ]
    )
    if values[FACTOR] == 1.0:
        return np.ones(len(routes), dtype=np.float64)
    left = np.clip((values[FADED] - year) / (values[FADED] - FIRST_YEAR), 0.0, 1.0)
    is_pilot = zones.loc[list(routes.zone_ids), "prefecture_zh"].isin(PILOTS).to_numpy(dtype=np.float64)
    zone = 1.0 + (values[FACTOR] - 1.0) * left * is_pilot
    weight: NDArray[np.float64] = (zone[routes.origin] + zone[routes.destination]) / 2.0
    return weight


def with_pilots(
    fuel_cell_trips: NDArray[np.float64],
    all_fuels_trips: NDArray[np.float64],
    kg: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return fuel-cell trips gathered where the pilots are, the hydrogen of each class unchanged.

    Parameters
    ----------
    fuel_cell_trips, all_fuels_trips
        (n_routes, n_classes), round trips per day.
    kg
        (n_routes, n_classes), per round trip.
    weight
        (n_routes,), of :func:`pilot_weight`.

    Raises
    ------
    corridor.errors.InfeasibleError
        If on some route more trips would run on hydrogen than there are.
    """
    gathered = fuel_cell_trips * weight[:, None]
    before, after = ((trips * kg).sum(axis=0) for trips in (fuel_cell_trips, gathered))
    scaled: NDArray[np.float64] = gathered * np.divide(
        before, after, out=np.ones_like(before), where=after > 0
    )
    if bool((scaled > all_fuels_trips * (1.0 + 1e-9)).any()):
        raise InfeasibleError(
            f"{FACTOR}: more trips of the pilot cities would run on hydrogen than there are. Lower the factor"
        )
    return scaled
