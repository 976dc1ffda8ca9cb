"""How a trip is driven: there and back, round and round, or one way; and with how much it starts.

Three ways, each for a vehicle with usable tank T that fills up wherever it may at an open station:

``round_trip``
    Origin to destination and back on the same path, again and again. At an origin without a station the
    vehicle starts with ``start_fill`` T, by default half a tank, and must come home with as much; with a
    station there it starts full (Kuby & Lim 2005).
``cyclic``
    The same lap in its steady state: the vehicle leaves home with what it came home with. Where the tank is
    filled does not matter as long as it lasts from each fill to the next, across home too.
``one_way``
    Origin to destination, and no way back. The vehicle starts with ``start_fill`` T, topped up where the
    origin has a station, and must arrive with at least ``arrival_fill`` T; a station at the destination fills
    it up there.

A trip that can be driven so without any fill needs no station: it counts as served, also when none is open.

References
----------
Kuby, M., Lim, S. (2005). The flow-refueling location problem for alternative-fuel vehicles.
Socio-Economic Planning Sciences 39, 125-145.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Ways to drive a trip.
Way = Literal["round_trip", "cyclic", "one_way"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TripRule:
    """What a vehicle starts with, where it must get, and with how much.

    Parameters
    ----------
    way
        See above.
    start_fill
        Share of the tank at an origin without a station, 0-1; one for all, or (n_trips,) float64.
        Without meaning where the way is cyclic.
    arrival_fill
        Least share of the tank at the destination of a one-way trip, 0-1.

    Raises
    ------
    corridor.errors.InputError
        For shares outside 0-1, an unknown way, or an arrival fill where no trip ends at its destination.
    """

    way: Way = "round_trip"
    start_fill: float | Floats = 0.5
    arrival_fill: float = 0.0

    def __post_init__(self) -> None:
        faults = []
        if self.way not in get_args(Way):
            faults.append(Fault(f"{self.way!r} is no way to drive a trip", "way", ", ".join(get_args(Way))))
        for name in ("start_fill", "arrival_fill"):
            share = np.asarray(getattr(self, name), dtype=np.float64)
            if not np.all((share >= 0.0) & (share <= 1.0)):  # NaN fails both
                faults.append(Fault("not a share of the tank", name, "Give 0 to 1"))
        if self.arrival_fill != 0.0 and self.way != "one_way":
            mend = "Drive one way, or leave it out: round trips come home with what they started with"
            faults.append(Fault("only a one-way trip ends at its destination", "arrival_fill", mend))
        if faults:
            raise InputError(faults)

    def start_of(self, n_trips: int) -> Floats:
        """Return the start fill of each trip: (n_trips,) float64, 0-1.

        Raises
        ------
        corridor.errors.InputError
            If the number of shares is not that of the trips.
        """
        share = np.asarray(self.start_fill, dtype=np.float64)
        if share.ndim and share.shape != (n_trips,):
            raise InputError(Fault(f"{share.size} start fills for {n_trips} trips", "start_fill"))
        return np.broadcast_to(share, (n_trips,))
