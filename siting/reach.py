"""How many sites it takes that every customer can reach one, however far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import InfeasibleError
from siting.covering import cheapest_cover, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.location import SiteFates
    from siting.watch import Watch

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


def least_to_reach(distance: Floats, fates: SiteFates, *, most: int, watch: Watch) -> Indices | None:
    """Return free sites with which everyone reaches a station; None when time ran out before any were found.

    Parameters
    ----------
    distance
        (n_customers, n_sites) float64; each customer reaches a site that may be open.
    fates
        Existing and locked sites stand, free ones may be chosen.
    most
        Most free sites.
    watch
        Deadline.

    Raises
    ------
    InfeasibleError
        It takes more sites than `most`.
    """
    reach = np.isfinite(distance)
    waiting = ~reach[:, fates.standing].any(axis=1)
    rows = reach[np.ix_(waiting, fates.free)]
    if rows.all():  # any site will do
        if waiting.any() and most == 0:
            raise InfeasibleError("someone must be served, but no station stands and none may be built")
        return fates.free[: min(most, 1)]
    found = cheapest_cover(
        rows_of(np.unique(rows, axis=0)), np.ones(len(fates.free)), watch=watch.quiet(), at_most=float(most)
    )
    if found.bound > most:
        raise InfeasibleError(
            f"the network is not connected: every customer reaches a station only with at least "
            f"{round(found.bound)} more stations, but {most} may be added"
        )
    return fates.free[found.chosen] if found.cost <= most else None
