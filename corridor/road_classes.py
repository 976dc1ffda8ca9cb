"""Classes of road: those of OpenStreetMap, and what other vocabularies call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Values of ``highway`` from the fastest to the slowest; of several the slowest stands for an edge.
CLASSES = tuple(
    name + link
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
    for link in ("", "_link")
)
MAIN_ROADS = CLASSES[:6]

#: OpenStreetMap's value for a road whose class is not known.
UNKNOWN_CLASS = "road"

#: Facility types agencies write into GMNS tables (lower case) and the OSM class taken for each; an
#: approximation: no standard relates the two.
FACILITY_TYPES: Mapping[str, str] = {
    "freeway": "motorway",
    "expressway": "motorway",
    "interstate": "motorway",
    "ramp": "motorway_link",
    "highway": "trunk",
    "principal arterial": "trunk",
    "major arterial": "trunk",
    "arterial": "primary",
    "minor arterial": "primary",
    "collector": "secondary",
    "local": "residential",
}
