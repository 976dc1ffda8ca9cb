"""What a plan still serves while one of its stations is out: every outage, exactly.

W(S - j) = W(S) - sum of v_q over the classes q served that have a cover set whose only open station is j
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from siting.coverage import class_volumes
from siting.explanation import checked_sites
from siting.marginal import Margins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Which stations may be out: any, or only those that do not exist yet.
Failing = Literal["any", "new"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WeakSpots:
    """What a plan still serves while one of its stations is out.

    Parameters
    ----------
    station
        (n,) int64, stations that may be out, the worst outage first; ties by index.
    served
        (n,) float64, volume served while it is out.
    all_open
        Volume served with all stations.
    reachable
        V, volume that all sites not forbidden would serve together.
    """

    station: Indices
    served: Floats
    all_open: float
    reachable: float

    @property
    def worst(self) -> float:
        """Volume served in the worst outage; with all stations where none may be out."""
        return min(float(self.served.min(initial=np.inf)), self.all_open)

    @property
    def share(self) -> float:
        """Share of the reachable volume served in the worst outage, 0-1; 1 if there is none to serve."""
        return min(1.0, self.worst / self.reachable) if self.reachable > 0.0 else 1.0


def weak_spots(
    cover: CoverSets,
    volume: Floats,
    *,
    stations: Sequence[int] | Indices,
    existing: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    failing: Failing = "any",
) -> WeakSpots:
    """Evaluate every outage of one station of a plan, exactly.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, what serving a trip counts.
    stations
        Site indices of all open stations, existing ones included.
    existing, forbidden
        Those of them that exist; sites that must stay empty.
    failing
        Whether existing stations may be out, too.

    Raises
    ------
    InputError
        For sites that are none.
    """
    chosen = checked_sites(cover, "stations", stations)
    standing = checked_sites(cover, "existing", existing)
    out = chosen if failing == "any" else np.setdiff1d(chosen, standing)
    margins, by_class = Margins(cover), class_volumes(cover, np.asarray(volume, dtype=np.float64))
    held = margins.open_in_sets(chosen)
    all_open = margins.value(held, by_class)
    left = all_open - margins.losses(held, by_class, out)
    allowed = np.setdiff1d(np.arange(cover.sets.shape[1]), checked_sites(cover, "forbidden", forbidden))
    order = np.lexsort((out, left))
    return WeakSpots(
        station=out[order],
        served=left[order],
        all_open=all_open,
        reachable=margins.value(margins.open_in_sets(np.union1d(allowed, chosen)), by_class),
    )
