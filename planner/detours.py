"""Trips that leave their own route for a station, up to a share of the shortest route of their pair.

A driver stays on the route of the demand table where its stations suffice. Otherwise any chain of cheapest
ways over open stations will do, as long as it is at most (1 + detour) times as long as the shortest route
between the two zones; of the drivers those come who accept that length. Extra kilometers burn extra hydrogen,
which the stations on the way sell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from planner.chains import Between, Trees, between, least_kg, legs
from planner.driving import class_numbers
from planner.kept import Latest
from siting.coverage import served_trips
from siting.deviation import in_steps, solve_deviation
from siting.legs import LENGTH_TOLERANCE, Legs, Trips, stations_on_the_way, trip_km

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from demand.consumption import Consumption
    from planner.driving import Driving
    from planner.inputs import Inputs
    from siting.coverage import CoverSets
    from siting.flow_refueling import FlowRefuelingSolution
    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


class SolveOptions(TypedDict, total=False):
    """Options of `siting.deviation.solve_deviation`."""

    n_new: int
    existing: Indices
    locked: Indices
    forbidden: Indices
    gap: float
    time_limit_s: float
    on_progress: ProgressCallback | None
    should_stop: Callable[[], bool] | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DrivenWays:
    """Ways of the served trips.

    Parameters
    ----------
    driving
        The routes of the demand, and behind them the ways of trips that leave theirs.
    way
        (n_served,) int64, position of the way each served trip takes.
    extra_km
        (n_served,) float64, km one way beyond its own route; negative where leaving it shortens the trip.
    share
        (n_served,) float64, share of the drivers that comes along.
    """

    driving: Driving
    way: Indices
    extra_km: Floats
    share: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Roads:
    """What of the ways does not depend on trips: fields as in `Detours`."""

    legs: tuple[Legs, ...]
    trees: Trees
    sites: Indices
    ends: Indices


#: Kept for the next plan (docs/replanning.md).
_ROADS: Latest[_Roads] = Latest()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Detours:
    """Ways open to drivers who may leave their route.

    Parameters
    ----------
    trips
        One per row of the demand table, then one per point demand, which cannot move.
    direct_km
        (n_trips,) float64, the shortest route of each one's pair; below 0 for points.
    steps
        Detours as shares of that, and the share of the drivers that comes along
        (`siting.deviation.in_steps`).
    legs
        Legs of each kind of vehicle between the zones and sites of the inputs.
    trees
        Cheapest ways of the network.
    used
        What each class uses on every arc.
    sites, ends
        Vertices of sites and zones.
    """

    trips: Trips
    direct_km: Floats
    steps: tuple[tuple[float, float], ...]
    legs: tuple[Legs, ...]
    trees: Trees
    used: Consumption
    sites: Indices
    ends: Indices

    @classmethod
    def of(
        cls,
        inputs: Inputs,
        used: Consumption,
        demand: pd.DataFrame,
        *,
        steps: tuple[tuple[float, float], ...],
        volume: Floats,
    ) -> Detours:
        """Return what trips may do.

        Parameters
        ----------
        inputs
            Network, zones, sites and routes.
        used
            What each class uses on every arc.
        demand
            Trips that count.
        steps
            Shares of the shortest route of the pair on top, and the share of the drivers that accepts each.
        volume
            (n_trips + n_points,) float64, what serving each counts.
        """
        routes = inputs.routes
        kind_of = np.column_stack([class_numbers(demand), demand["tank_kg"].to_numpy()])
        kinds, kind = np.unique(kind_of, axis=0, return_inverse=True)
        tanks = tuple((int(name), float(tank)) for name, tank in kinds)
        roads = _ROADS.of((inputs, used, tanks), lambda: _roads(inputs, used, kinds=tanks))
        route = demand["route"].to_numpy()
        shortest = np.minimum.reduceat(routes.length_km, np.asarray(routes.first))[routes.pair]
        n_points = len(volume) - len(route)
        stay = np.zeros(n_points, dtype=np.int64)
        direct_km = np.concatenate([shortest[route], np.full(n_points, -1.0)])
        return cls(
            trips=Trips(
                origin=np.concatenate([routes.origin[route], stay]).astype(np.int64),
                destination=np.concatenate([routes.destination[route], stay]).astype(np.int64),
                kind=np.concatenate([kind.ravel(), stay]).astype(np.int64),
                longest_km=(1.0 + steps[-1][0]) * direct_km,
                volume=volume,
                needs_none=np.zeros(len(route) + n_points, dtype=bool),
            ),
            direct_km=direct_km,
            steps=steps,
            legs=roads.legs,
            trees=roads.trees,
            used=used,
            sites=roads.sites,
            ends=roads.ends,
        )

    def solve(self, cover: CoverSets, **options: Unpack[SolveOptions]) -> FlowRefuelingSolution:
        """Choose the stations.

        Parameters
        ----------
        cover
            Cover sets of the trips on their own routes, and of the points.
        options
            Of `siting.deviation.solve_deviation`.
        """
        parts, whole = in_steps(self.trips, self.direct_km, self.steps)
        on_own = replace(cover, trip_class=cover.trip_class[whole])
        solution = solve_deviation(parts, self.legs, on_own, **options)
        served = np.bincount(whole[solution.served], minlength=len(self.direct_km)) > 0
        return replace(solution, served=served)

    def driven(
        self, driving: Driving, cover: CoverSets, demand: pd.DataFrame, solution: FlowRefuelingSolution
    ) -> DrivenWays:
        """Return the ways the served trips take.

        Parameters
        ----------
        driving
            Routes of the demand.
        cover
            Cover sets of the trips on these.
        demand
            Trips.
        solution
            Stations and served trips.
        """
        served = np.flatnonzero(solution.served[: len(demand)])
        stays = served_trips(cover, solution.stations)[served]
        way = driving.of(demand.iloc[served])
        own_km = driving.km[driving.offsets[1:] - 1][way]
        leaving = served[~stays]
        chains = [
            self._vertices(trip, stations_on_the_way(self.trips, self.legs, solution.stations, trip))
            for trip in leaving.tolist()
        ]
        extended = self._appended(driving, chains)
        way[~stays] = len(driving.offsets) - 1 + np.arange(len(leaving))
        km = extended.km[extended.offsets[1:] - 1][way]
        share = np.where(stays, 1.0, self._share_coming(solution.stations, served))
        return DrivenWays(driving=extended, way=way, extra_km=km - own_km, share=share)

    def covered(self, cover: CoverSets, stations: Indices) -> float:
        """Return the volume within range of stations, on the own routes (``cover``) or off them."""
        share = served_trips(cover, stations).astype(np.float64)
        rest = np.flatnonzero((share == 0.0) & (self.direct_km >= 0.0))
        share[rest] = self._share_coming(stations, rest)
        return float(self.trips.volume @ share)

    def _share_coming(self, stations: Indices, trip: Indices) -> Floats:
        """Return the share of the drivers that leaves its own way: float64, one of each trip named."""
        named = replace(
            self.trips,
            **{field.name: getattr(self.trips, field.name)[trip] for field in fields(self.trips)},
        )
        detour, share = np.array(self.steps, dtype=np.float64).T
        longest = self.direct_km[trip, None] * (1.0 + detour) * (1.0 + LENGTH_TOLERANCE)
        too_long = trip_km(named, self.legs, stations)[:, None] > longest
        coming: Floats = np.append(share, 0.0)[too_long.sum(axis=1)]
        return coming

    def _vertices(self, trip: int, stations: Indices) -> Indices:
        """Return origin, stations and destination of a trip."""
        origin, destination = self.ends[self.trips.origin[trip]], self.ends[self.trips.destination[trip]]
        return np.concatenate([[origin], self.sites[stations], [destination]]).astype(np.int64)

    def _appended(self, driving: Driving, chains: list[Indices]) -> Driving:
        """Return the routes with a way behind them for each chain of vertices."""
        hops = [(int(a), int(b)) for chain in chains for a, b in pairwise(chain.tolist())]
        distinct = sorted(set(hops))
        pairs = np.array(distinct, dtype=np.int64).reshape(-1, 2)
        ways = self.trees.ways(pairs[:, 0], pairs[:, 1])
        number = {hop: row for row, hop in enumerate(distinct)}
        nodes, km, out, back, sizes = [driving.nodes], [driving.km], [driving.out_kg], [driving.back_kg], []
        network = self.trees.network
        for chain in chains:
            arcs = np.concatenate(
                [
                    ways.arcs[ways.offsets[row] + 1 : ways.offsets[row + 1]]
                    for row in (number[hop] for hop in pairwise(chain.tolist()))
                ]
            )
            vertices = np.concatenate([chain[:1], network.heads[arcs]]).astype(np.int64)
            nodes.append(network.node_ids[vertices])
            km.append(np.concatenate([[0.0], np.cumsum(network.length_km[arcs])]))
            for figures, per_arc in ((out, self.used.out_kg), (back, self.used.back_kg)):
                start = np.zeros((1, per_arc.shape[1]))
                figures.append(np.concatenate([start, np.cumsum(per_arc[arcs], axis=0)]))
            sizes.append(len(vertices))
        return replace(
            driving,
            offsets=np.concatenate([driving.offsets, driving.offsets[-1] + np.cumsum(sizes)]).astype(
                np.int64
            ),
            nodes=np.concatenate(nodes),
            km=np.concatenate(km),
            out_kg=np.concatenate(out),
            back_kg=np.concatenate(back),
        )


def _roads(inputs: Inputs, used: Consumption, *, kinds: Sequence[tuple[int, float]]) -> _Roads:
    """Return the legs each kind of vehicle can drive between the zones and sites of the inputs."""
    network, cost = inputs.network, inputs.costs.total_cny
    sites = network.vertices(inputs.sites["node_id"].to_numpy())
    ends = network.vertices(inputs.zones.loc[list(inputs.routes.zone_ids), "node_id"].to_numpy())
    trees = Trees(network, cost)
    among, home = _split(between(trees, used, source=sites, target=np.concatenate([sites, ends])), len(sites))
    found = legs(
        between(trees, used, source=ends, target=sites),
        among,
        home,
        least=least_kg(network, cost, used, source=ends, target=sites),
        kinds=kinds,
    )
    return _Roads(legs=tuple(found), trees=trees, sites=sites, ends=ends)


def _split(found: Between, n_sites: int) -> tuple[Between, Between]:
    """Return the ways to sites, and those to the ends behind them."""
    return (
        Between(
            km=found.km[:, :n_sites],
            out_kg=found.out_kg[:, :, :n_sites],
            back_kg=found.back_kg[:, :, :n_sites],
        ),
        Between(
            km=found.km[:, n_sites:],
            out_kg=found.out_kg[:, :, n_sites:],
            back_kg=found.back_kg[:, :, n_sites:],
        ),
    )
