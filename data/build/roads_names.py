"""Names: of expressways by their number, of interchanges by label and county.

The numbers are those of the waypoints; the Chinese names are the generally known ones of the national
network plan. Numbering of the rings of Chengdu: the waypoints number the inner ring (成都绕城, 85 km,
about 9 km from the center) G4202, as the national plan does (G4201 is the ring of Wuhan); two waypoints
on it still carry the older label G4201. The outer ring (成都第二绕城, about 220 km) is SA2.
"""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

ROAD_NAMES = {
    "G5": "京昆高速", "G42": "沪蓉高速", "G50": "沪渝高速", "G55": "二广高速", "G56": "杭瑞高速",
    "G59": "呼北高速", "G60": "沪昆高速", "G65": "包茂高速", "G69": "银百高速", "G70": "福银高速",
    "G75": "兰海高速", "G76": "厦蓉高速", "G78": "汕昆高速", "G80": "广昆高速", "G85": "银昆高速",
    "G93": "成渝地区环线高速", "G0512": "成乐高速", "G4202": "成都绕城高速", "G4215": "蓉遵高速",
    "G4216": "成丽高速", "G4217": "蓉昌高速", "G4218": "雅叶高速", "G4213": "麻安高速",
    "G5001": "重庆绕城高速", "G5012": "恩广高速", "G5013": "渝蓉高速", "G5021": "石渝高速",
    "G5515": "张南高速", "G5601": "昆明绕城高速", "G5611": "大丽高速", "G6002": "贵阳绕城高速",
    "G6911": "安来高速", "G7011": "十天高速", "G7611": "都香高速", "G7612": "纳兴高速",
    "G8511": "昆磨高速", "G8515": "广泸高速", "SA2": "成都第二绕城高速",
}  # fmt: skip
"""Chinese road names by number (general knowledge)."""

OLD_NUMBERS = {"G4201": "G4202"}
"""Labels of waypoints that carry a superseded number (only those on the ring of Chengdu in this region)."""

ALBERS = CRS.from_proj4("+proj=aea +lat_1=24 +lat_2=48 +lat_0=36 +lon_0=104.5 +datum=WGS84 +units=m")
"""Projection of the county polygons (parameters found by comparing them with known county seats)."""

EXPRESSWAY = re.compile(r"(?:G\d{1,2}|G\d{4}|S\d{1,2}|SA\d)$")
"""Numbers of expressways; G and S with three digits are ordinary national and provincial roads."""


def sort_refs(refs: Iterable[str]) -> list[str]:
    """Road numbers in a fixed order: national before provincial, then as strings of growing length."""
    return sorted(set(refs), key=lambda ref: (ref[0], len(ref), ref))


def road_name(refs: Iterable[str]) -> str | None:
    """Chinese name of the concurrent roads, joined with ``;``; None when none is known."""
    names = [ROAD_NAMES[ref] for ref in sort_refs(refs) if ref in ROAD_NAMES]
    return ";".join(names) or None


class Counties:
    """County that contains a point, from the polygons of the census atlas.

    Parameters
    ----------
    folder
        Folder of the census sources. The polygons are used here only and never shipped.
    """

    def __init__(self, folder: Path) -> None:
        with gzip.open(folder / "tudigong-counties-geo.topojson.gz") as file:
            topology = json.load(file)
        scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
        arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]
        self.places: list[tuple[str, str, int]] = []
        polygons = []
        for item in topology["objects"]["county"]["geometries"]:
            rings = item["arcs"] if item["type"] == "MultiPolygon" else [item["arcs"]]
            polygons.append(shapely.union_all([shapely.make_valid(_polygon(part, arcs)) for part in rings]))
            tags = item["properties"]
            self.places.append((tags["NAME"], tags["ENG_NAME"] or tags["NAME"], int(tags["CODE"])))
        self.tree = shapely.STRtree(polygons)
        self.project = Transformer.from_crs(4326, ALBERS, always_xy=True)

    def at(self, lon: float, lat: float) -> tuple[str, str, int]:
        """Chinese name, English name and code of the county at a place (nearest one off the polygons)."""
        point = shapely.Point(*self.project.transform(lon, lat))
        inside = self.tree.query(point, predicate="intersects")
        index = int(inside[0]) if len(inside) else int(self.tree.nearest(point))
        return self.places[index]


def _polygon(rings: list[list[int]], arcs: list[NDArray[np.float64]]) -> Any:  # noqa: ANN401 # shapely's own union
    closed = [np.concatenate([arcs[a] if a >= 0 else arcs[~a][::-1] for a in ring]) for ring in rings]
    return shapely.Polygon(closed[0], closed[1:])


def label_refs(label: str) -> tuple[str | None, list[str]]:
    """Exit number (or None) and the expressways that a waypoint's label says it meets.

    ``89`` → ("89", []); ``939(G76)`` → ("939", []), for a concurrent road in brackets is not met but shared;
    ``G75/G85`` → (None, ["G75", "G85"]); ``G108`` → (None, []), an ordinary national road;
    ``1stLonExpy`` → (None, []), a street.
    """
    if borrowed := re.fullmatch(r"\d+\((S\d{1,2})\)", label):
        return None, [borrowed.group(1)]  # exit number of a provincial expressway that is met
    number = re.match(r"\d+(?=$|[_(/])", label)
    parts = re.findall(r"(?<![A-Za-z0-9])[GS]A?\d+", re.sub(r"\(.*\)", "", label))
    refs = [OLD_NUMBERS.get(part, part) for part in parts]
    return (number.group() if number else None), [ref for ref in refs if EXPRESSWAY.match(ref)]


BORDER = re.compile(r"([A-Z]{2})/([A-Z]{2})$")
PROVINCES = {
    "SC": ("川", "Sichuan"), "CQ": ("渝", "Chongqing"), "GZ": ("黔", "Guizhou"), "YN": ("滇", "Yunnan"),
    "SN": ("陕", "Shaanxi"), "HB": ("鄂", "Hubei"), "HN": ("湘", "Hunan"), "GS": ("甘", "Gansu"),
    "GX": ("桂", "Guangxi"), "HA": ("豫", "Henan"),
}  # fmt: skip


def border_name(road: str, label: str) -> tuple[str, str] | None:
    """Names of the place where a road crosses a provincial border, from a label such as ``CQ/SC``."""
    found = BORDER.match(label)
    if not found or not all(side in PROVINCES for side in found.groups()):
        return None
    (zh, en), (zh_other, en_other) = (PROVINCES[side] for side in sorted(found.groups(), reverse=True))
    return f"{road} {zh}{zh_other}界", f"{road} {en}–{en_other} border"


ORDINARY = re.compile(r"(?<![A-Za-z0-9])[GSXYZ]\d{3}(?!\d)")
"""Numbers of ordinary roads in labels: national, provincial, county roads, connectors."""


def interchange_name(
    road: str, label: str, others: list[str], county: tuple[str, str, int]
) -> tuple[str, str]:
    """Chinese and English name, e.g. ``G76 出口89（简阳市）`` and ``G76 exit 89 (Jianyang)``.

    Parameters
    ----------
    road
        The expressway of the interchange.
    label
        Its label on that road: an exit number, the road it leads to, or an abbreviated street or place
        (which only the English name keeps: the Chinese one is not known); may be empty.
    others
        Expressways it meets: then it is a junction (枢纽).
    county
        Chinese and English name and code of the county.
    """
    zh, en, _ = county
    number = label.partition("(")[0] if label_refs(label)[0] else ""
    if others:
        joined = "/".join([road, *others])
        chinese = f"{joined} 枢纽" + (f" 出口{number}" if number else "")
        english = f"{joined} junction" + (f", exit {number}" if number else "")
    elif number:
        chinese, english = f"{road} 出口{number}", f"{road} exit {number}"
    elif ordinary := ORDINARY.findall(label):
        joined = "/".join([road, *ordinary])
        chinese, english = f"{joined} 互通", f"{joined} interchange"
    else:
        chinese, english = f"{road} 互通", f"{road} {label} interchange".replace("  ", " ")
    return f"{chinese}（{zh}）", f"{english} ({en})"
