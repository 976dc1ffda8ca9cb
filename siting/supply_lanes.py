"""Ways of bringing hydrogen from a base to a station that are open (:mod:`siting.supply_network`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siting.delivery import Delivery
    from siting.supply_network import SupplyNetwork

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lanes:
    """Pairs of station and base by one mode that are open.

    Parameters
    ----------
    site, base, mode
        (n_lanes,) int64, rows; modes in the order of ``modes``.
    cny_per_kg, plant_cny_per_kg, lost_kg, trailers
        c, P, l and v, (n_lanes,) float64.
    modes
        Names.
    """

    site: Indices
    base: Indices
    mode: Indices
    cny_per_kg: Floats
    plant_cny_per_kg: Floats
    lost_kg: Floats
    trailers: Floats
    modes: tuple[str, ...]

    @property
    def plant(self) -> Indices:
        """Which plant a lane goes through: base times number of modes, plus mode; (n_lanes,) int64."""
        return self.base * max(len(self.modes), 1) + self.mode


def check_deliveries(
    network: SupplyNetwork, deliveries: Mapping[str, Delivery], load_kg_per_day: Floats
) -> None:
    """Refuse deliveries that do not fit, and loads only modes without vehicles reach.

    Parameters
    ----------
    network
        Its bases are the columns.
    deliveries
        By mode, arrays (n_sites, n_bases).
    load_kg_per_day
        (n_sites, 12) float64.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    shape = (len(load_kg_per_day), len(network.bases))
    faults = []
    if not ((load_kg_per_day >= 0.0) & np.isfinite(load_kg_per_day)).all():
        faults.append(Fault("a load is negative or unknown", "load_kg_per_day"))
    if not deliveries and network.on_site is None:
        faults.append(Fault("no mode of delivery", "deliveries", "Name at least one"))
    for name, each in deliveries.items():
        where = f"delivery mode {name}"
        if each.distance_km.shape != shape:
            faults.append(Fault(f"costs of {each.distance_km.shape} pairs, not {shape}", where))
            continue
        if not (each.distance_km >= 0.0).all():
            faults.append(Fault("a distance is negative or unknown", where, "Use infinity for no road"))
        if not ((each.cny_per_kg >= 0.0).all() and (each.carriage_cny_per_kg >= 0.0).all()):
            faults.append(Fault("a cost is negative or undefined", where))
    if faults:
        raise InputError(faults)
    none = [name for name in deliveries if network.trailers.get(name) == 0.0]
    if not none or network.on_site is not None:
        return
    can = {name: np.isfinite(each.cny_per_kg).any(axis=1) for name, each in deliveries.items()}
    by_any = np.any(list(can.values()), axis=0)
    by_rest = np.any([*(can[name] for name in can if name not in none), np.zeros(shape[0], bool)], axis=0)
    if count := int((load_kg_per_day.any(axis=1) & by_any & ~by_rest).sum()):
        mend = "Allow some, or name another mode"
        what = f"there are no trailers, and nothing else reaches {count} stations"
        raise InputError(Fault(what, f"trailers of {', '.join(none)}", mend))


def lanes(network: SupplyNetwork, deliveries: Mapping[str, Delivery]) -> Lanes:
    """Return what is open: every pair with a road, by every mode that has vehicles.

    No mode is left out for being dearer on a pair: a plant that stands idle in a month makes it the cheaper.

    Parameters
    ----------
    network
        Its trailers: a mode without any is not open.
    deliveries
        By mode, arrays (n_sites, n_bases).
    """
    kept = {name: each for name, each in deliveries.items() if network.trailers.get(name) != 0.0}
    open_ = [np.nonzero(np.isfinite(each.carriage_cny_per_kg)) for each in kept.values()]
    if not open_:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Lanes(
            site=none,
            base=none,
            mode=none,
            cny_per_kg=nothing,
            plant_cny_per_kg=nothing,
            lost_kg=nothing,
            trailers=nothing,
            modes=(),
        )

    def of_lanes(field_name: str) -> Floats:
        cells = [
            np.broadcast_to(getattr(each, field_name), each.distance_km.shape)[at]
            for each, at in zip(kept.values(), open_, strict=True)
        ]
        return np.concatenate(cells)

    plant = of_lanes("conversion_plant_cny_per_kg")
    return Lanes(
        site=np.concatenate([at[0] for at in open_]).astype(np.int64),
        base=np.concatenate([at[1] for at in open_]).astype(np.int64),
        mode=np.repeat(np.arange(len(kept)), [len(at[0]) for at in open_]),
        cny_per_kg=of_lanes("carriage_cny_per_kg") - plant,
        plant_cny_per_kg=plant,
        lost_kg=of_lanes("lost_kg"),
        trailers=of_lanes("trailers"),
        modes=tuple(kept),
    )
