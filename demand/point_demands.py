"""Hydrogen used at a place, not on the road: bus depots, ports, railheads, distributed power, drone bases.

Formulation
-----------
Sets
    p in P      point demands an analyst placed
Parameters
    q_p         hydrogen, kg/d, mean over the year
    s_p         first year of use
In year y
    Q_y = sum over p in P with s_p <= y of q_p

No growth, season or hour is modeled: a point asks the same every day. No point demands are shipped, for no
published amount was found; each is an analyst's own figure with its own source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

PointUse = Literal["bus", "ship", "rail", "power", "drone", "other"]

#: Uses of hydrogen besides road freight and coaches that the policy names.
POINT_USES: tuple[PointUse, ...] = get_args(PointUse)


def in_use(points: pd.DataFrame, *, year: int) -> pd.DataFrame:
    """Return the point demands of a year.

    Parameters
    ----------
    points
        Index ``point_id``, with ``use``, ``kg_per_day`` and ``from_year`` (empty: always in use).
    year
        Year of the demand.

    Raises
    ------
    corridor.errors.InputError
        For ids listed twice, unknown uses, and amounts that are not above zero.
    """
    kg = points["kg_per_day"].to_numpy(dtype=np.float64)
    wrong = {
        "the id is listed twice": points.index.duplicated(),
        f"the use is none of {', '.join(POINT_USES)}": ~points["use"].isin(POINT_USES).to_numpy(),
        "kg_per_day is not above 0": ~(np.isfinite(kg) & (kg > 0.0)),
    }
    faults = [
        Fault(what, f"point_demands, {point}", "Correct or remove the point")
        for what, rows in wrong.items()
        for point in points.index[rows]
    ]
    if faults:
        raise InputError(faults)
    first = points["from_year"].astype("float64").fillna(-np.inf)
    found: pd.DataFrame = points[(first <= year).to_numpy()]
    return found


def by_use(points: pd.DataFrame, *, trips_kg_per_day: float) -> pd.DataFrame:
    """Return what the point demands of each use amount to.

    Parameters
    ----------
    points
        As :func:`in_use` gives them.
    trips_kg_per_day
        Hydrogen of the trips beside them.

    Returns
    -------
    uses
        Index ``use``, all of them: ``points``, ``kg_per_day``, ``share`` (of trips and points together, 0-1).
    """
    groups = points.groupby("use")["kg_per_day"]
    uses = groups.agg(points="size", kg_per_day="sum").reindex(list(POINT_USES), fill_value=0)
    kg = uses["kg_per_day"].astype(np.float64)
    whole = trips_kg_per_day + float(kg.sum())
    table: pd.DataFrame = uses.assign(kg_per_day=kg, share=kg / whole if whole > 0.0 else 0.0)
    return table.rename_axis("use")
