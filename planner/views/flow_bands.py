"""Demand on the roads as bands: links that carry about the same make one, few enough for a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from planner.views.roads import coordinates, joined

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: Links whose demand differs by less than this share are drawn as one.
_STEP = 0.15
#: Demand below this share of the busiest link is not drawn: thinner than a pixel.
_FAINTEST = 0.04


class Band(NamedTuple):
    """A stretch of road with about the same demand: means over its links, kg/day."""

    path: list[list[float]]
    kg_per_day: float
    served_kg_per_day: float


def bands(links: pd.DataFrame, network: RoadNetwork) -> list[Band]:
    """Return the bands of the links of :func:`planner.flows.link_flows`, the busiest last."""
    most = links["kg_per_day"].max() if len(links) else 0.0
    links = links[links["kg_per_day"] >= _FAINTEST * most]
    classes = [_class(links[name].to_numpy(), most) for name in ("kg_per_day", "served_kg_per_day")]
    lines = network.edges.geometry.to_numpy()
    found = [
        Band(coordinates(line), float(group["kg_per_day"].mean()), float(group["served_kg_per_day"].mean()))
        for _, group in links.groupby(classes)
        for line in joined(lines[group["edge_row"].to_numpy()])
    ]
    return sorted(found, key=lambda band: band.kg_per_day)


def _class(kg_per_day: NDArray[np.float64], most: float) -> NDArray[np.int64]:
    """(n,) int64: demand in steps of equal ratio; all that is too faint to see in one class."""
    ratio = np.maximum(kg_per_day, most * _FAINTEST / 2) / most
    steps: NDArray[np.int64] = np.round(np.log(ratio) / np.log1p(_STEP)).astype(np.int64)
    return steps
