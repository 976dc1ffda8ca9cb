"""Demand on the roads as bands: links that carry about the same make one, few enough for a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from planner.drawing.roads import coordinates, joined

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: Links whose demand differs by less than this share are drawn as one.
_STEP = 0.15
#: Demand below this share of the busiest link is not drawn: thinner than a pixel.
_FAINTEST = 0.04
#: A change below this is no change, kg/day.
_NO_CHANGE = 0.01


class Band(NamedTuple):
    """A stretch of road with about the same demand: means over its links, kg/day."""

    path: list[list[float]]
    kg_per_day: float
    served_kg_per_day: float


def bands(links: pd.DataFrame, network: RoadNetwork) -> list[Band]:
    """Return the bands of the links of :func:`planner.flows.link_flows`, the busiest last."""
    most = links["kg_per_day"].max() if len(links) else 0.0
    return _joined(links, network, most)


def change_bands(links: pd.DataFrame, network: RoadNetwork) -> tuple[list[Band], list[Band]]:
    """Return the bands of what links gained and of what they lost; both are told by positive amounts.

    Parameters
    ----------
    links
        ``edge_row``, ``change_kg_per_day``.
    network
        Road network of the links.
    """
    change = links["change_kg_per_day"]
    amount = links[["edge_row"]].assign(kg_per_day=change.abs(), served_kg_per_day=0.0)
    amount = amount[amount["kg_per_day"] > _NO_CHANGE]
    most = amount["kg_per_day"].max() if len(amount) else 0.0
    sign = change.loc[amount.index]
    return _joined(amount[sign > 0], network, most), _joined(amount[sign < 0], network, most)


def _joined(links: pd.DataFrame, network: RoadNetwork, most: float) -> list[Band]:
    """Return the bands of links, in steps of the largest demand there is."""
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
