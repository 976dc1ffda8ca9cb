"""Where candidate sites stand along paths, and what a vehicle has used up to there.

A station need not serve everybody who drives past. Who may enter is a matter of the road: a station beside
one carriageway is entered by those who come from certain neighboring nodes. Whether a path passes it from
there may differ between the way there and the way back. At its own origin and destination a vehicle does not
pass: it may enter there in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Flags = NDArray[np.bool_]
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
    serves_out, serves_back
        (offsets[-1],) bool, whether a vehicle may stop there on the way there, and on the way back; None:
        everywhere.
    """

    offsets: Indices
    site: Indices
    out: Floats
    back: Floats
    total_out: Floats
    total_back: Floats
    n_sites: int
    serves_out: Flags | None = None
    serves_back: Flags | None = None

    @property
    def serve_both_ways(self) -> bool:
        """Whether a vehicle may stop at every candidate on the way there and on the way back."""
        return all(flags is None or bool(flags.all()) for flags in (self.serves_out, self.serves_back))

    def there(self) -> Lap:
        """Return the way there alone."""
        keep = np.ones(len(self.site), bool) if self.serves_out is None else self.serves_out
        return Lap(
            offsets=np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)[self.offsets],
            site=self.site[keep],
            used=self.out[keep],
            total=self.total_out,
            n_sites=self.n_sites,
        )

    def there_and_back(self) -> Lap:
        """Return the way there and back as one: each candidate is passed twice, where it may be entered."""
        n_rows, total = len(self.site), self.total_out + self.total_back
        path = np.repeat(np.arange(len(self.total_out), dtype=np.int64), np.diff(self.offsets))
        row = np.arange(n_rows, dtype=np.int64)
        keep = np.concatenate(
            [np.ones(n_rows, bool) if f is None else f for f in (self.serves_out, self.serves_back)]
        )
        order = np.lexsort((np.concatenate([row, -row]), np.repeat([0, 1], n_rows), np.tile(path, 2)))
        order = order[keep[order]]
        count = np.bincount(np.tile(path, 2)[order], minlength=len(total))
        return Lap(
            offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            site=np.tile(self.site, 2)[order],
            used=np.concatenate([self.out, total[path] - self.back])[order],
            total=total,
            n_sites=self.n_sites,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """Where a vehicle may stop along one continuous drive, and what each kind uses up to there.

    Parameters
    ----------
    offsets
        (n_paths + 1,) int64, stops of path p are ``offsets[p]:offsets[p + 1]``.
    site
        (offsets[-1],) int64, site index; a site may be passed more than once.
    used
        (offsets[-1], n_kinds) float64, c: used since the start; does not fall within a path.
    total
        (n_paths, n_kinds) float64, C: used to the end.
    n_sites
        Number of sites.
    """

    offsets: Indices
    site: Indices
    used: Floats
    total: Floats
    n_sites: int

    def twice(self) -> Lap:
        """Return two laps in a row; `total` stays that of one."""
        count = np.diff(self.offsets)
        path = np.repeat(np.arange(len(count), dtype=np.int64), count)
        row = np.arange(len(self.site), dtype=np.int64)
        order = np.lexsort((np.tile(row, 2), np.repeat([0, 1], len(row)), np.tile(path, 2)))
        return Lap(
            offsets=2 * self.offsets,
            site=np.tile(self.site, 2)[order],
            used=np.concatenate([self.used, self.used + self.total[path]])[order],
            total=self.total,
            n_sites=self.n_sites,
        )


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
    serves_out, serves_back
        (offsets[-1],) bool, whether a vehicle may stop there on the way there, and on the way back; None:
        everywhere.
    """

    offsets: Indices
    site: Indices
    row: Indices
    n_sites: int
    serves_out: Flags | None = None
    serves_back: Flags | None = None


def candidate_stops(
    offsets: Indices,
    nodes: Indices,
    *,
    site_nodes: Indices,
    sites: Indices | None = None,
    entered_from: tuple[Indices, Indices] | None = None,
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
    entered_from
        (n,) positions in `site_nodes`, (n,) node ids: pairs "may be entered by who comes from this node".
        A position that stands in no pair is entered from anywhere. Trips may enter at their own ends in any
        case. If given, a path meets a site at each of its nodes.

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
    if entered_from is not None:
        out, back = _entered(offsets, nodes, rows, access=site, entered_from=entered_from)
        kept = np.flatnonzero(out | back)
        return Stops(
            offsets=np.searchsorted(kept, starts).astype(np.int64),
            site=(site if sites is None else np.asarray(sites, dtype=np.int64)[site])[kept],
            row=rows[kept],
            n_sites=n_sites,
            serves_out=out[kept],
            serves_back=back[kept],
        )
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
        serves_out=stops.serves_out,
        serves_back=stops.serves_back,
    )


def _entered(
    offsets: Indices,
    nodes: Indices,
    rows: Indices,
    *,
    access: Indices,
    entered_from: tuple[Indices, Indices],
) -> tuple[Flags, Flags]:
    """Tell where who passes may enter, on the way there and on the way back: (n_rows,) bool each."""
    restricted, neighbors = (np.asarray(each, dtype=np.int64) for each in entered_from)
    is_end = np.zeros(len(nodes), dtype=bool)
    is_end[offsets[:-1]] = True
    is_end[offsets[1:] - 1] = True
    names, number = np.unique(np.concatenate([nodes, neighbors]), return_inverse=True)
    allowed = restricted * len(names) + number[len(nodes) :]
    free = is_end[rows] | ~np.isin(access, restricted)

    def comes_from(previous: Indices) -> Flags:
        at = np.clip(previous, 0, max(len(nodes) - 1, 0))  # what is beyond the ends is free anyhow
        return free | np.isin(access * len(names) + number[at], allowed)

    return comes_from(rows - 1), comes_from(rows + 1)
