"""Km posts between the signs: where a point lies on an expressway, read off the posts of its interchanges.

In China the number of an exit is the km post of the expressway. Between two exits the post of a point follows
from the distances along the road; the posts and the length of the road need not agree (numbering of several
building stages, ramps, generalized geometry), and the error says by how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.linear_reference import locate
from corridor.named_routes import has_ref
from corridor.sites import OFF_KM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from corridor.roads import RoadNetwork

#: The number of an exit is its km post without the meters, and the ramps reach some way along the road, km.
_SIGN_ERROR_KM = 1.5

#: Posts that disagree with the length of the road between them by more than this share, and by more than
#: ``_DISAGREE_KM``, belong to different numberings: nothing is derived from such a pair.
_DISAGREE_SHARE, _DISAGREE_KM = 0.1, 3.0

#: A point lies between two posts if the way over it is no longer than the way between them, but for this, km.
_BETWEEN_KM = 0.5

#: Beyond the last post at most so far, km; the error grows by the share.
_BEYOND_KM, _BEYOND_SHARE = 15.0, 0.1

#: A derived post is told in whole km.
_ROUNDING_KM = 0.5

#: A point farther than this from the road has no km post, km.
_FARTHEST_KM = 2.0


def derived(
    network: RoadNetwork,
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    refs: Sequence[str | None],
    off_km: ArrayLike = 0.0,
    beyond_km: float = 0.0,
) -> pd.DataFrame:
    """Return the km posts of points on expressways, derived from those of the interchanges around them.

    Parameters
    ----------
    network
        Road network; its nodes carry ``road_ref`` and ``km_post`` where they are interchanges.
    lon, lat
        (n,) degrees WGS 84.
    refs
        (n,) number of the road each point lies on; None or empty: on none.
    off_km
        (n,) or one number: how far off the position may be, km.
    beyond_km
        Posts nearer to a point than this along the road are not asked: leaves out a sign to be checked.

    Returns
    -------
    DataFrame
        n rows in order: ``km_post`` and ``error_km`` (both NaN where nothing can be derived: no road, no
        posts around, contradicting posts, a point more than 2 km off the road). The error holds the
        disagreement of posts and road length, the rounding of exit numbers, and ``off_km``.

    Notes
    -----
    Let a point lie d1 and d2 km along the road from the posts k1 and k2 on either side of it. Its post is
    k1 + (k2 - k1) d1 / (d1 + d2). If posts and road disagree, the difference may sit on one side of the point
    or the other, so the post lies between k1 + d1 and k2 - d2 (for k1 < k2).
    """
    x, y = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    off = np.broadcast_to(np.asarray(off_km, np.float64), x.shape)
    wanted = ["" if ref is None or pd.isna(ref) else str(ref) for ref in refs]
    result = np.full((len(x), 2), np.nan)
    if {"road_ref", "km_post"} <= set(network.nodes.columns):
        names = np.array(wanted)
        for ref in sorted(set(wanted) - {""}):
            chosen = np.flatnonzero(names == ref)
            result[chosen] = _on_road(network, ref, x[chosen], y[chosen], beyond_km)
    result[:, 1] += off
    return pd.DataFrame(result, columns=["km_post", "error_km"])


def with_km_posts(sites: pd.DataFrame, network: RoadNetwork) -> pd.DataFrame:
    """Return the sites with km posts derived where none is given and the site is said to lie on a road.

    Parameters
    ----------
    sites
        With ``lon``, ``lat``, ``position_quality``; optional ``road_ref``, ``road_ref_basis``, ``km_post``.
    network
        Road network with posts, as for :func:`derived`.

    Returns
    -------
    DataFrame
        The same rows with ``km_post`` (derived ones in whole km), ``km_post_basis`` (``derived``, else as it
        was) and ``km_post_error_km`` (with the rounding, in whole km).
    """
    table = sites.copy()
    for column in ("road_ref", "km_post", "km_post_basis", "km_post_error_km"):
        if column not in table:
            table[column] = None
    post, error = (np.array(table[name], dtype=np.float64) for name in ("km_post", "km_post_error_km"))
    basis = np.array(table["km_post_basis"], dtype=object)
    on_road = table["road_ref"].notna().to_numpy(dtype=bool)
    if "road_ref_basis" in table:
        on_road = on_road & (table["road_ref_basis"] != "nearest").to_numpy(dtype=bool)
    rows = np.flatnonzero(on_road & np.isnan(post))
    chosen = table.iloc[rows]
    off_km = chosen["position_quality"].map(OFF_KM).to_numpy(dtype=np.float64)
    refs = chosen["road_ref"].tolist()
    found = derived(network, chosen["lon"].to_numpy(), chosen["lat"].to_numpy(), refs=refs, off_km=off_km)
    is_known = found["km_post"].notna().to_numpy(dtype=bool)
    post[rows] = found["km_post"].round().to_numpy()
    error[rows] = np.ceil(found["error_km"].to_numpy() + _ROUNDING_KM)
    basis[rows[is_known]] = "derived"
    return table.assign(km_post=post, km_post_basis=basis, km_post_error_km=error)


def _on_road(
    network: RoadNetwork, ref: str, x: NDArray[np.float64], y: NDArray[np.float64], beyond_km: float
) -> NDArray[np.float64]:
    """(n, 2) float64: post and error of points on one road."""
    result = np.full((len(x), 2), np.nan)
    nodes = network.nodes
    posted = nodes[(nodes["road_ref"] == ref) & nodes["km_post"].notna()]
    if len(posted) == 0:
        return result
    posts = posted["km_post"].to_numpy(dtype=np.float64)
    km = _along(network, ref, network.vertices(posted.index.to_numpy()))
    apart = km[:, network.vertices(posted.index.to_numpy())]
    places = locate(network, x, y, refs=[ref] * len(x)).drop_duplicates("point")
    places = places[places["distance_km"] <= _FARTHEST_KM]
    ends = network.edges.index.to_frame()[["u", "v"]].to_numpy()[places["row"].to_numpy()]
    length = network.edges["length"].to_numpy()[places["row"].to_numpy()] / 1000.0
    part = places["fraction"].to_numpy()
    start, end = (km[:, network.vertices(ends[:, side])] for side in (0, 1))
    to_point = np.minimum(start + part * length, end + (1.0 - part) * length)
    to_point[to_point < beyond_km] = np.inf
    for column, point in enumerate(places["point"].to_numpy()):
        result[point] = _read(posts, apart, to_point[:, column])
    return result


def _along(network: RoadNetwork, ref: str, sources: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n_sources, n_nodes) float64: km along a road, either way; infinite where it does not lead."""
    on_road = has_ref(network, (ref,))[network.edge_rows]
    links = csr_array(
        (network.length_km[on_road], (network.tails[on_road], network.heads[on_road])),
        shape=(network.n_nodes, network.n_nodes),
    )
    km: NDArray[np.float64] = dijkstra(links, directed=False, indices=sources)
    return km


def _read(
    posts: NDArray[np.float64], apart: NDArray[np.float64], to_point: NDArray[np.float64]
) -> tuple[float, float]:
    """Return post and error of a point, from (n,) posts, (n, n) km between them, (n,) km to the point."""
    near = np.argsort(to_point, kind="stable")
    near = near[np.isfinite(to_point[near])][:6]
    pairs = sorted(
        ((float(to_point[i] + to_point[j]), i, j) for k, i in enumerate(near) for j in near[k + 1 :]),
    )
    for over, i, j in pairs:
        span = abs(posts[j] - posts[i])
        if over - apart[i, j] > _BETWEEN_KM or not _agree(span, over):
            continue
        sign = np.sign(posts[j] - posts[i])
        post = posts[i] + (posts[j] - posts[i]) * (to_point[i] / over if over else 0.0)
        limits = posts[i] + sign * to_point[i], posts[j] - sign * to_point[j]
        return float(post), max(abs(post - limit) for limit in limits) + _SIGN_ERROR_KM
    for _, i, j in pairs:  # beyond the last post: the two nearest tell which way they count
        if to_point[i] <= _BEYOND_KM and _agree(abs(posts[j] - posts[i]), apart[i, j]) and apart[i, j] > 0:
            post = posts[i] - np.sign(posts[j] - posts[i]) * to_point[i]
            if post >= 0:
                return float(post), _BEYOND_SHARE * to_point[i] + _SIGN_ERROR_KM
    return np.nan, np.nan


def _agree(span: float, length: float) -> bool:
    """Whether two posts may belong to one numbering of a road of that length between them."""
    return bool(span > 0 and abs(span - length) <= max(_DISAGREE_KM, _DISAGREE_SHARE * length))
