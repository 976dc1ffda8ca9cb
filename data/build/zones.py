"""Zones: the counties of census 2020 at their seats, and the expressways that leave the region.

A county's trips start at its seat, not at its centroid, which in the mountains lies on a ridge. The seat is,
in this order, the OpenStreetMap place of the county's name inside its polygon, the place of its
prefecture-level city inside its polygon, a hand-entered approximate seat (``facts/seats.csv``), the centroid.

Polygons serve for containment and centroids here and are not shipped.
"""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import mapbox_vector_tile  # type: ignore[import-not-found,unused-ignore] # only in the build environment
import numpy as np
import pandas as pd
import shapely
from pypinyin import lazy_pinyin  # type: ignore[import-not-found,unused-ignore] # only in the build environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

FACTS = Path(__file__).parent / "facts"
REGION = (100.0, 26.0, 110.0, 33.0)
"""West, south, east, north of every table, degrees."""

ALBERS = "+proj=aea +lat_1=24 +lat_2=48 +lat_0=36 +lon_0=104.5 +datum=WGS84"
"""Projection of the polygons, as their origin states it. Checked: every OpenStreetMap place that bears a
county's name falls inside that county's polygon (127 of 127)."""

PROVINCES = {"50": "重庆市", "51": "四川省"}
AGED_16_AND_OVER = {"50": 0.830, "51": 0.828}
"""Share of the population aged 16 and over, of which the census states employment: 1 less the published
share of ages 0-14 (15.91 % Chongqing, 16.10 % Sichuan) less about 1.1 % aged 15. Of the province, not of the
county: where a county is younger (Liangshan, Garze) its employment comes out up to a fifth too high."""

PREFECTURES = {
    "5101": "成都市",
    "5103": "自贡市",
    "5104": "攀枝花市",
    "5105": "泸州市",
    "5106": "德阳市",
    "5107": "绵阳市",
    "5108": "广元市",
    "5109": "遂宁市",
    "5110": "内江市",
    "5111": "乐山市",
    "5113": "南充市",
    "5114": "眉山市",
    "5115": "宜宾市",
    "5116": "广安市",
    "5117": "达州市",
    "5118": "雅安市",
    "5119": "巴中市",
    "5120": "资阳市",
    "5132": "阿坝藏族羌族自治州",
    "5133": "甘孜藏族自治州",
    "5134": "凉山彝族自治州",
}
"""GB/T 2260 prefectures of Sichuan; the counties of Chongqing (50) answer to the municipality."""

PEOPLES = ("土家族", "苗族", "羌族", "彝族", "藏族")
READINGS = {
    "丰都": "Fengdu",
    "丹棱": "Danling",
    "什邡": "Shifang",
    "新都": "Xindu",
    "筠连": "Junlian",
    "荥经": "Yingjing",
    "郫都": "Pidu",
    "长宁": "Changning",
}
"""Readings that a dictionary of common words misses."""

ZONE_COLUMNS = (
    "zone_id",
    "kind",
    "name_zh",
    "name_en",
    "prefecture_zh",
    "province_zh",
    "population",
    "employment_transport",
    "employment_manufacturing",
    "lon",
    "lat",
    "road_ref",
    "toward_zh",
    "position_quality",
    "source",
    "confidence",
)
CENSUS = "census 2020 by county (NBS) via thebamboogrove/tudigong"


class Place(NamedTuple):
    """One populated place of the tiles."""

    name: str
    lon: float
    lat: float


class Seat(NamedTuple):
    """Where a county's trips start, and where that position is from."""

    lon: float
    lat: float
    quality: str
    source: str


def read_places(sources: Path) -> list[Place]:
    """Return cities and towns of the zoom-7 tiles once each, positions WGS 84, in order of name."""
    places = set()
    for path in sorted((sources / "osm_tiles_z7" / "7").glob("*/*.pbf")):
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        layer = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True}).get("place")
        for feature in layer["features"] if layer else ():
            if feature["properties"].get("class") not in {"city", "town", "village"}:
                continue
            # Tiles thin out their places each on its own: one in the buffer may be missing from the neighbor.
            px, py = feature["geometry"]["coordinates"]
            x = (int(path.parent.name) + px / layer["extent"]) / 2**7
            y = (int(path.stem) + py / layer["extent"]) / 2**7
            lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))
            places.add(Place(feature["properties"]["name"], round(x * 360 - 180, 4), round(lat, 4)))
    return sorted(places)


def _polygon(geometry: dict[str, object], arcs: Sequence[NDArray[np.float64]]) -> shapely.Geometry:
    """Return a topojson geometry as one valid (multi)polygon."""

    def ring(indices: list[int]) -> NDArray[np.float64]:
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
        return np.vstack([parts[0], *(part[1:] for part in parts[1:])])

    nested = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    polygons = []
    for polygon in nested:  # type: ignore[attr-defined] # JSON
        rings = [found for found in map(ring, polygon) if len(found) > 3]
        if rings:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.make_valid(shapely.MultiPolygon(polygons))


def read_counties(sources: Path) -> gpd.GeoDataFrame:
    """Return the county polygons of Sichuan and Chongqing, index ``CODE`` (str), in WGS 84."""
    path = sources / "census2020" / "tudigong-counties-geo.topojson.gz"
    topology = json.loads(gzip.decompress(path.read_bytes()))
    scale, offset = (np.asarray(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.asarray(arc), axis=0) * scale + offset for arc in topology["arcs"]]
    rows = [
        (str(geometry["properties"]["CODE"]), geometry["properties"]["NAME"], _polygon(geometry, arcs))
        for geometry in topology["objects"]["county"]["geometries"]
        if str(geometry["properties"]["CODE"])[:2] in PROVINCES
    ]
    table = gpd.GeoDataFrame(rows, columns=["CODE", "name_zh", "geometry"], geometry="geometry", crs=ALBERS)
    return table.set_index("CODE").sort_index().to_crs("EPSG:4326")


def read_census(sources: Path) -> pd.DataFrame:
    """Return population (exact) and employment (derived) per county, index ``CODE``, persons.

    Employment in an industry = population x share aged 16 and over x EMPL_OCCU (employed share of those
    aged 16 and over) x EMPL_INDU_* (the industry's share of the employed), after the census' long form.
    """
    folder = sources / "census2020"
    population, employment = (
        pd.read_csv(folder / f"tudigong-{name}.csv", dtype={"CODE": str}, encoding="utf-8-sig").set_index(
            "CODE"
        )
        for name in ("population", "employment")
    )
    ours = [code for code in population.index if code[:2] in PROVINCES]
    population, employment = population.loc[ours], employment.loc[ours]
    adults = population["POPU"] * population.index.str[:2].map(AGED_16_AND_OVER).to_numpy()
    # A few special zones elsewhere in China hold text; in these two provinces everything is a number.
    share = employment[["EMPL_OCCU", "EMPL_INDU_TRMA", "EMPL_INDU_MANU"]].apply(pd.to_numeric)
    employed = adults * share["EMPL_OCCU"]
    persons = {
        "employment_transport": employed * share["EMPL_INDU_TRMA"],
        "employment_manufacturing": employed * share["EMPL_INDU_MANU"],
    }
    table = pd.DataFrame({"name_zh": population["NAME"], "population": population["POPU"], **persons})
    counts = ["population", *persons]
    table[counts] = table[counts].round().astype("int64")
    return table.sort_index()


def short_name(name_zh: str) -> str:
    """Return the name without the names of peoples: 石柱土家族自治县 -> 石柱县."""
    for people in PEOPLES:
        name_zh = name_zh.replace(people, "")
    return name_zh.replace("自治", "")


def english_name(name_zh: str) -> str:
    """Return the place name in pinyin without tone marks: 犍为县 -> Qianwei, 荣县 -> Rongxian.

    The generic (区, 县, 市) is dropped unless the name would be one syllable; a development zone keeps its
    kind.
    """
    if name_zh.endswith("经济开发区"):
        return f"{english_name(name_zh.removesuffix('经济开发区') + '区')} Economic Development Zone"
    name = short_name(name_zh)
    stem = name[:-1] if len(name) > 2 else name
    if stem in READINGS:
        return READINGS[stem]
    syllables = lazy_pinyin(stem)
    # An apostrophe parts a syllable that begins with a vowel: Ya'an.
    parted = [part if i == 0 or part[0] not in "aoe" else f"'{part}" for i, part in enumerate(syllables)]
    return "".join(parted).replace("ü", "u").capitalize()


def off_polygon_km(point: shapely.Point, polygon: shapely.Geometry) -> float:
    """Return how far a WGS 84 point lies outside a WGS 84 polygon, 0 inside."""
    points, polygons = (gpd.GeoSeries([shape], crs="EPSG:4326").to_crs(ALBERS) for shape in (point, polygon))
    return float(points.distance(polygons).iloc[0]) / 1000


def seats(counties: gpd.GeoDataFrame, places: Sequence[Place]) -> dict[str, Seat]:
    """Return where the trips of each county start, by county code."""
    hand = pd.read_csv(FACTS / "seats.csv", dtype={"zone_id": str})
    by_hand = {row["zone_id"]: row for row in hand.to_dict("records")}
    centroids = counties.geometry.to_crs(ALBERS).centroid.to_crs("EPSG:4326")
    found = {}
    for code, name, polygon in zip(counties.index, counties["name_zh"], counties.geometry, strict=True):
        own = {name, short_name(name)}
        city = PREFECTURES.get(code[:4], PROVINCES[code[:2]])
        inside = [place for place in places if polygon.contains(shapely.Point(place.lon, place.lat))]
        matches = [p for p in inside if p.name in own] or [p for p in inside if p.name == city]
        if matches:
            found[code] = Seat(matches[0].lon, matches[0].lat, "osm", "seat: OpenStreetMap place")
        elif code in by_hand:
            row = by_hand[code]
            # The polygons are generalized: half a kilometer outside may still be inside.
            if off_polygon_km(shapely.Point(row["lon"], row["lat"]), polygon) > 0.5:
                raise ValueError(f"facts/seats.csv: {code} {name} lies outside its county")
            found[code] = Seat(row["lon"], row["lat"], "approx", f"seat: {row['source']}")
        else:
            centroid = centroids.loc[code]  # of a crescent it lies outside
            point = centroid if polygon.contains(centroid) else polygon.representative_point()
            found[code] = Seat(round(point.x, 4), round(point.y, 4), "centroid", "centroid of its polygon")
    return found


def county_rows(sources: Path) -> Iterator[dict[str, object]]:
    """Yield one row of the zones table per county, in order of code."""
    census, counties = read_census(sources), read_counties(sources)
    if not census.index.equals(counties.index):
        raise ValueError("census and polygons name different counties")
    where = seats(counties, read_places(sources))
    for county in census.reset_index(names="zone_id").to_dict("records"):
        code = county["zone_id"]
        seat = where[code]
        lon = min(max(seat.lon, REGION[0]), REGION[2])
        lat = min(max(seat.lat, REGION[1]), REGION[3])
        beyond = (lon, lat) != (seat.lon, seat.lat)
        note = f"; {seat.source}"
        if beyond:
            note += f" at {seat.lon:.3f} E {seat.lat:.3f} N, beyond the tables' extent, moved to its edge"
        yield {
            "zone_id": code,
            "kind": "county",
            "name_zh": county["name_zh"],
            "name_en": english_name(county["name_zh"]),
            "prefecture_zh": PREFECTURES.get(code[:4], PROVINCES[code[:2]]),
            "province_zh": PROVINCES[code[:2]],
            "population": county["population"],
            "employment_transport": county["employment_transport"],
            "employment_manufacturing": county["employment_manufacturing"],
            "lon": lon,
            "lat": lat,
            "position_quality": "approx" if beyond else seat.quality,
            "source": CENSUS + note,
            "confidence": "L" if beyond else "M",
        }


def waypoint(path: Path, label: str) -> tuple[float, float]:
    """Return longitude and latitude of the labeled point of a TravelMapping route file."""
    for line in path.read_text(encoding="ascii").splitlines():
        if line.split(" ", 1)[0] == label:
            lat, lon = (float(part.partition("=")[2]) for part in line.partition("?")[2].split("&")[:2])
            return lon, lat
    raise ValueError(f"{path.name}: no waypoint {label}")


def gateway_rows(sources: Path) -> Iterator[dict[str, object]]:
    """Yield one row per expressway that leaves the two provinces: at the border or first junction beyond."""
    for row in pd.read_csv(FACTS / "gateways.csv", keep_default_na=False).to_dict("records"):
        if row["wpt_file"]:
            lon, lat = waypoint(sources / "travelmapping" / "hwy_data" / row["wpt_file"], row["wpt_label"])
            source = (
                f"TravelMapping/HighwayData {Path(row['wpt_file']).name} {row['wpt_label']} (OpenStreetMap)"
            )
        else:
            lon, lat = float(row["lon"]), float(row["lat"])
            source = "OpenStreetMap motorway of the tiles: its first junction beyond the border"
        yield {
            "zone_id": row["zone_id"],
            "kind": "gateway",
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "lon": round(lon, 4),
            "lat": round(lat, 4),
            "road_ref": row["road_ref"],
            "toward_zh": row["toward_zh"],
            "position_quality": "osm",
            "source": source,
            "confidence": "M",
        }


def main(sources: Path, out: Path) -> None:
    """Write ``zones.csv``."""
    rows = [*county_rows(sources), *gateway_rows(sources)]
    table = pd.DataFrame(rows, columns=ZONE_COLUMNS)
    persons = ["population", "employment_transport", "employment_manufacturing"]
    table[persons] = table[persons].astype("Int64")
    table.to_csv(out / "zones.csv", index=False, lineterminator="\n")
    print(f"zones: {len(table)} rows, {table['position_quality'].value_counts().to_dict()}")
