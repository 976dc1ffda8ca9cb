"""Where candidate sites stand along paths, and what a vehicle has used up to there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePaths:
    """Where candidate sites stand along each path, and what each kind of vehicle uses up to there.

    Parameters
    ----------
    offsets
        (n_paths + 1,) int64, rows of path p are ``offsets[p]:offsets[p + 1]``.
    site
        (offsets[-1],) int64, site index 0 ... n_sites - 1, in driving order.
    out, back
        (offsets[-1], n_kinds) float64, s and b: used from the origin to the site, and from the site back to
        the origin; neither falls within a path. In kg, or km if every km uses the same.
    total_out, total_back
        (n_paths, n_kinds) float64, S and B.
    n_sites
        Number of sites.
    """

    offsets: Indices
    site: Indices
    out: Floats
    back: Floats
    total_out: Floats
    total_back: Floats
    n_sites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """Which entries of the paths' nodes are candidate sites.

    Parameters
    ----------
    offsets
        (n_paths + 1,) int64, stops of path p are ``offsets[p]:offsets[p + 1]``.
    site
        (offsets[-1],) int64, site index 0 ... n_sites - 1.
    row
        (offsets[-1],) int64, entry of the flat nodes.
    n_sites
        Number of sites.
    """

    offsets: Indices
    site: Indices
    row: Indices
    n_sites: int


def candidate_stops(
    offsets: Indices, nodes: Indices, *, site_nodes: Indices, sites: Indices | None = None
) -> Stops:
    """Find the candidate sites standing on each path.

    Parameters
    ----------
    offsets, nodes
        Paths as flat arrays: (n_paths + 1,) offsets, node ids from origin to destination.
    site_nodes
        (n_access,) node id from which a site is reached; several sites may stand at one node.
    sites
        (n_access,) site reached from each node, 0 ... n_sites - 1, each at least once; None when each site
        has one node. A path meets a site where it first comes to one of its nodes.

    Returns
    -------
    Stops
        In the order of the paths; sites at one node in the order of `site_nodes`.
    """
    n_sites = len(site_nodes) if sites is None else int(np.max(sites, initial=-1)) + 1
    order = np.argsort(site_nodes, kind="stable").astype(np.int64)
    sorted_nodes = np.asarray(site_nodes)[order]
    first = np.searchsorted(sorted_nodes, nodes, side="left")
    count = np.searchsorted(sorted_nodes, nodes, side="right") - first
    rows = np.repeat(np.arange(len(nodes), dtype=np.int64), count)
    before = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    site = order[first[rows] + np.arange(len(rows)) - before[rows]]
    starts = before[offsets]
    if sites is not None:
        site = np.asarray(sites, dtype=np.int64)[site]
        path = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(starts))
        kept = np.sort(np.unique(path * n_sites + site, return_index=True)[1])
        rows, site = rows[kept], site[kept]
        starts = np.searchsorted(path[kept], np.arange(len(offsets))).astype(np.int64)
    return Stops(offsets=starts, site=site, row=rows, n_sites=n_sites)


def even_paths(stops: Stops, position: Floats, *, length: Floats) -> CandidatePaths:
    """Return the paths of vehicles that use the same on every km, whichever way they drive.

    Parameters
    ----------
    stops
        Candidate sites on the paths.
    position
        (stops.offsets[-1],) float64, km from the origin, not falling within a path.
    length
        (n_paths,) float64, km one way.
    """
    along, whole = np.asarray(position, np.float64)[:, None], np.asarray(length, np.float64)[:, None]
    return CandidatePaths(
        offsets=stops.offsets,
        site=stops.site,
        out=along,
        back=along,
        total_out=whole,
        total_back=whole,
        n_sites=stops.n_sites,
    )
