"""Centerlines of the road lines: raster, thicken, close slits, thin, take the graph.

The two carriageways of a dual road lie within a few pixels of each other. Drawn on a raster and
thickened they touch; the slit left between them is a small hole, which is filled; the skeleton of
what results is one centerline. Crossing lines become a junction whether or not there is an
interchange (the tiles hold no ramps and no layer order).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import sknw  # type: ignore[import-not-found,unused-ignore] # only in the build environment
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.morphology import skeletonize  # type: ignore[import-not-found,unused-ignore] # build environment

from data.build.roads_tiles import nearest, region_box, sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from data.build.roads_tiles import SourceLine

JOIN = 2.9
"""Line ends at most this many pixels apart are one: tiles drop bridges shorter than a pixel."""

SMALL_HOLE = 120
"""Holes up to this area (pixels) lie within an interchange or between carriageways."""

SLIT_RADIUS = 2.5
"""Longer holes are filled too if no circle of a larger radius (pixels) fits: carriageways that part …"""

SLIT_AREA = 4000
"""… in mountains, up to this area (pixels)."""

BESIDE = 5.0
"""Lesser roads this near a motorway (pixels, 0.33 km) are led into it."""


def centerline_graph(lines: Sequence[SourceLine]) -> nx.MultiGraph[int]:
    """Graph of the skeleton; nodes carry ``xy``, edges ``tail`` and ``line`` ((n, 2) pixels, from the tail).

    Parameters
    ----------
    lines
        Road lines of the classes of the graph. Where a lesser road runs beside a motorway, nearer than
        `BESIDE`, it is cut and led into the motorway, so that it does not pull the centerline aside.
    """
    x0, y0, x1, y1 = region_box()
    origin = np.floor([x0, y0]) - 4
    mask = np.zeros((int(y1 - origin[1]) + 6, int(x1 - origin[0]) + 6), dtype=bool)
    motorways = [line for line in lines if line.highway == "motorway"]
    others = [line for line in lines if line.highway != "motorway"]
    points, _ = sample([line.xy for line in motorways] + _joints(motorways), 0.5)
    for drawn in (points, _beside(others, points)):
        columns, rows = np.rint(drawn - origin).astype(int).T
        mask[rows, columns] = True
    mask = np.asarray(ndimage.binary_dilation(mask, np.ones((3, 3), dtype=bool)))
    _fill_holes(mask)
    thin = skeletonize(mask)
    return _in_global_pixels(sknw.build_sknw(thin.astype(np.uint16), multi=True), origin)


def _beside(lines: Sequence[SourceLine], motorway: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) of lesser roads away from the motorways, and of connectors where they were cut."""
    points, owners = sample([line.xy for line in lines] + _joints(lines), 0.5)
    distance, index = nearest(cKDTree(motorway), points, BESIDE + 2)
    away = distance > BESIDE
    # A line that enters the strip, or begins at its rim, is led straight to the motorway.
    same = owners[1:] == owners[:-1]
    cut = np.zeros(len(points), dtype=bool)
    cut[:-1] |= same & away[:-1] & ~away[1:]
    cut[1:] |= same & away[1:] & ~away[:-1]
    end = np.r_[True, ~same] | np.r_[~same, True]
    cut |= end & away
    cut &= np.isfinite(distance)
    if not cut.any():
        return points[away]
    connectors, _ = sample([np.array([points[i], motorway[index[i]]]) for i in np.flatnonzero(cut)], 0.5)
    return np.concatenate([points[away], connectors])


def _joints(lines: Sequence[SourceLine]) -> list[NDArray[np.float64]]:
    """Short segments between line ends that lie within `JOIN` of each other without touching."""
    ends = np.concatenate([line.xy[[0, -1]] for line in lines])
    pairs = cKDTree(ends).query_pairs(JOIN, output_type="ndarray")
    apart = np.hypot(*(ends[pairs[:, 0]] - ends[pairs[:, 1]]).T) > 0
    return [ends[pair] for pair in pairs[apart]]


def _fill_holes(mask: NDArray[np.bool_]) -> None:
    """Fill small holes and thin slits of ``mask`` in place."""
    labels = np.asarray(ndimage.label(~mask)[0])
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    small = (areas > 0) & (areas <= SMALL_HOLE)
    windows = ndimage.find_objects(labels)
    for label in np.flatnonzero((areas > SMALL_HOLE) & (areas <= SLIT_AREA)):
        hole = np.pad(labels[windows[label - 1]] == label, 1)
        if ndimage.distance_transform_edt(hole).max() <= SLIT_RADIUS:
            small[label] = True
    mask |= small[labels]


def _in_global_pixels(raw: nx.MultiGraph[int], origin: NDArray[np.float64]) -> nx.MultiGraph[int]:
    graph: nx.MultiGraph[int] = nx.MultiGraph()
    for node, data in raw.nodes(data=True):
        graph.add_node(node, xy=data["o"][::-1] + origin)
    for u, v, data in raw.edges(data=True):
        line = data["pts"][:, ::-1].astype(float) + origin
        head, tail = graph.nodes[u]["xy"], graph.nodes[v]["xy"]
        # sknw does not promise the direction of the points of an edge.
        flip = np.hypot(*(line[0] - head)) + np.hypot(*(line[-1] - tail)) > np.hypot(
            *(line[-1] - head)
        ) + np.hypot(*(line[0] - tail))
        line = line[::-1] if flip else line
        graph.add_edge(u, v, tail=u, line=np.vstack([head, line, tail]))
    return graph
