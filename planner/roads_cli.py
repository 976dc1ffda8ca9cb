"""``chengyu roads``: look at a road network, bring one in, ask for routes, give one out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import shapely
import typer
from shapely.geometry import box, shape

from corridor import roads, sources
from corridor.coordinates import crs_name
from corridor.download import NOMINATIM_URL, OVERPASS_URL, Area, Servers
from corridor.errors import Fault, InputError
from corridor.imports import Pipeline
from corridor.road_classes import MAIN_ROADS
from planner import road_store, route_formats, route_hydrogen, route_query
from planner.closures import closed_arcs
from planner.plan import records
from planner.road_summary import one_line, origin, summary
from planner.terminal import Json, print_json, reported
from planner.terrain import draped, terrain_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry import MultiPolygon, Polygon

    from corridor.imports import ImportReport
    from corridor.roads import RoadNetwork

app = typer.Typer(
    no_args_is_help=True,
    help="公路网络 · Road networks: describe, download, import, route, export.",
)

Network = Annotated[
    Path | None,
    typer.Option(
        "--network", help="Folder of an import, or any file import reads; the shipped roads without it."
    ),
]
Highways = Annotated[
    list[str] | None,
    typer.Option(
        "--highway", metavar="CLASS", help="OSM class to keep, again for each; main roads without it."
    ),
]
Consolidate = Annotated[
    float | None, typer.Option(metavar="M", help="Contract edges up to so many m (15-50); off without it.")
]
Simplify = Annotated[bool, typer.Option("--simplify/--no-simplify", help="Merge chains between junctions.")]
Dem = Annotated[
    Path | None,
    typer.Option(metavar="TIF", help="Elevation model, m above sea level: elevation and grade are kept too."),
]
Out = Annotated[Path, typer.Option(help="Folder to write; a network there is replaced.")]

#: A box is west, south, east, north.
_BOX_SIDES = 4


def _say(line: str) -> None:
    """Print a line of progress on stderr."""
    typer.echo(line, err=True)


def _load(network: Path | None, assumptions: Mapping[str, float] | None = None) -> RoadNetwork:
    """Return the network asked about, its truck speeds those of the assumptions if they are at hand."""
    speeds = None if assumptions is None else sources.truck_speeds(assumptions)
    return roads.load(network, speeds_kmh=speeds, say=_say)


def _pipeline(highways: list[str] | None, consolidate: float | None, *, simplify: bool) -> Pipeline:
    """Return the steps asked for."""
    return Pipeline(
        highways=tuple(highways) if highways else MAIN_ROADS, simplify=simplify, consolidate_m=consolidate
    )


@app.command()
def describe(
    source: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="As --network.")] = None,
    *,
    network: Network = None,
    as_json: Json = False,
) -> None:
    """Nodes, edges, km by class, truck hours, toll, tunnels, elevation, extent, source and license."""
    with reported(as_json=as_json):
        chosen = network or source
        content = summary(_load(chosen), sources.data_directory()) | origin(chosen)
        if as_json:
            print_json(content)
            return
        for key, value in content.items():
            typer.echo(f"{key:<18} {one_line(value)}")


@app.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(help=".osm.pbf, .osm(.gz|.bz2), .graphml, .gpkg, or a GMNS folder.")
    ],
    *,
    out: Out,
    highway: Highways = None,
    simplify: Simplify = True,
    consolidate: Consolidate = None,
    dem: Dem = None,
    as_json: Json = False,
) -> None:
    """Make a road network of a file, and keep it in a folder."""
    with reported(as_json=as_json):
        road_store.check_target(out)
        _check_dem(dem)
        steps = _pipeline(highway, consolidate, simplify=simplify)
        network, report = roads.load_with_report(file, pipeline=steps, say=_say)
        network, notices = _with_dem(network, dem)
        road_store.save(network, out, **_provenance(file), report=_noticed(report, notices))
        _tell(out, report, notices, as_json=as_json)


def _provenance(file: Path) -> dict[str, str]:
    """Return source and license of what is imported, as far as they are known."""
    if file.is_dir() and (known := road_store.description(file)):
        return {"source": str(known.get("source") or ""), "source_license": str(known.get("license") or "")}
    of_osm = file.name.lower().endswith((".pbf", ".osm", ".osm.gz", ".osm.bz2"))
    return {"source": file.name, "source_license": road_store.OSM_LICENSE if of_osm else ""}


def _check_dem(dem: Path | None) -> None:
    """Refuse what is no elevation model before any work is done."""
    if dem is not None:
        from corridor import surface  # noqa: PLC0415  GDAL, only for who brings an elevation model

        surface.check(dem)


def _with_dem(network: RoadNetwork, dem: Path | None) -> tuple[RoadNetwork, list[str]]:
    """Return the network with the elevations of a model in its tables, and what a person should know."""
    if dem is None:
        return network, []
    _say(f"reading elevations of {len(network.nodes)} nodes")
    return draped(network, dem, sources.read_elevations(sources.data_directory()))


def _noticed(report: ImportReport | None, notices: list[str]) -> ImportReport | None:
    """Return the report with notices added."""
    return None if report is None else replace(report, notices=(*report.notices, *notices))


@app.command()
def download(
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PLACE]...", help="As OpenStreetMap names them.")
    ] = None,
    *,
    out: Out,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="Degrees WGS 84.")] = None,
    polygon: Annotated[Path | None, typer.Option(help="GeoJSON file with one outline.")] = None,
    highway: Highways = None,
    simplify: Simplify = True,
    consolidate: Consolidate = None,
    dem: Dem = None,
    overpass_url: Annotated[str, typer.Option(help="Another Overpass server.")] = OVERPASS_URL,
    nominatim_url: Annotated[
        str, typer.Option(help="Another Nominatim server, which finds places.")
    ] = NOMINATIM_URL,
    timeout: Annotated[float, typer.Option(help="Seconds a query may take.")] = 180.0,
    as_json: Json = False,
) -> None:
    """Download fresh OpenStreetMap roads, and keep them in a folder."""
    with reported(as_json=as_json):
        road_store.check_target(out)
        _check_dem(dem)
        area = _area(places or [], bbox, polygon)
        network, report = roads.load_with_report(
            area,
            pipeline=_pipeline(highway, consolidate, simplify=simplify),
            cache=road_store.download_cache(),
            servers=Servers(overpass_url=overpass_url, nominatim_url=nominatim_url, timeout_s=timeout),
            say=_say,
        )
        network, notices = _with_dem(network, dem)
        road_store.save(
            network,
            out,
            source=f"OpenStreetMap, {area}",
            source_license=road_store.OSM_LICENSE,
            report=_noticed(report, notices),
        )
        _tell(out, report, notices, as_json=as_json)


def _area(places: list[str], bbox: str | None, polygon: Path | None) -> Area:
    """Return the area of the options, exactly one of which must be given."""
    if sum((bool(places), bbox is not None, polygon is not None)) != 1:
        mend = "Give place names, --bbox or --polygon"
        raise InputError(Fault("one area is needed", "download", mend))
    if bbox is not None:
        return Area(polygon=_box(bbox))
    if polygon is not None:
        return Area(polygon=_outline(polygon))
    return Area(places=tuple(places))


def _box(text: str) -> Polygon:
    """Read west,south,east,north."""
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) != _BOX_SIDES or not (
        -180 <= sides[0] < sides[2] <= 180 and -90 <= sides[1] < sides[3] <= 90  # noqa: PLR2004  the Earth
    ):
        mend = "Write west,south,east,north in degrees, e.g. 103.9,30.5,104.2,30.8"
        raise InputError(Fault(f"{text!r} is not a box", "--bbox", mend))
    west, south, east, north = sides
    return box(west, south, east, north)


def _outline(path: Path) -> Polygon | MultiPolygon:
    """Read the outline of a GeoJSON file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.get("features", [content])
        outline: Any = shapely.union_all([shape(each.get("geometry", each)) for each in found])
    except (OSError, ValueError, KeyError, AttributeError, TypeError, shapely.errors.ShapelyError) as error:
        mend = "Give GeoJSON with a Polygon in degrees WGS 84"
        raise InputError(Fault(f"not a readable outline ({error})", str(path), mend)) from error
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or outline.is_empty or not outline.is_valid:
        raise InputError(Fault("the outline is no valid polygon", str(path), "Draw a closed polygon"))
    west, south, east, north = outline.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:  # noqa: PLR2004  the Earth
        raise InputError(Fault("the outline lies off the map", str(path), "Write lon, lat in degrees"))
    checked: Polygon | MultiPolygon = outline
    return checked


def _tell(out: Path, report: ImportReport | None, notices: list[str], *, as_json: bool) -> None:
    """Say what was written and what was left out."""
    known = _noticed(report, notices)
    content = {"out": str(out)} | ({"notices": notices} if known is None else known.as_dict())
    if as_json:
        print_json(content)
        return
    for key, value in content.items():
        typer.echo(f"{key:<18} {one_line(value)}")


@app.command(context_settings={"ignore_unknown_options": True})  # longitudes west of Greenwich begin with -
def route(
    from_: Annotated[str, typer.Argument(metavar="FROM", help="A place, or lon,lat: its nearest road.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="A place, or lon,lat.")],
    *,
    network: Network = None,
    most: Annotated[int, typer.Option(min=1, help="Largest number of routes.")] = 3,
    detour: Annotated[
        float, typer.Option(min=1.0, help="Largest cost and length, relative to the cheapest route's.")
    ] = 1.25,
    axle_class: Annotated[int, typer.Option(min=1, max=6, help="Of JT/T 489-2019, for the toll.")] = 6,
    close: Annotated[
        list[str] | None,
        typer.Option(metavar="ROAD", help="Closed road, again for each: 'G5', 'G5 雅安..西昌', '118..254'."),
    ] = None,
    crs: Annotated[
        str,
        typer.Option(
            help="Reference system of lon,lat given and given out: WGS84, CGCS2000, GCJ-02, BD-09 or a "
            "Gauss-Kruger zone, EPSG:4491 to EPSG:4554. --close takes WGS84."
        ),
    ] = "WGS84",
    geojson: Annotated[Path | None, typer.Option(help="Write the routes as lines.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Elevation along each route.")] = False,
    hydrogen: Annotated[
        bool, typer.Option("--hydrogen", help="Hydrogen and range of each vehicle class, there and back.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask for the ways from one place to another, best first: km, hours, toll, roads passed."""
    with reported(as_json=as_json):
        crs = crs_name(crs)
        if geojson is not None:
            route_formats.check_file(geojson)
        folder = sources.data_directory()
        table = sources.read_assumptions(folder)["value"]
        assumptions = {str(key): float(value) for key, value in table.items()}
        zones = sources.read_zones(folder)
        roads_asked = _load(network, assumptions)
        answer = route_query.find_ways(
            roads_asked,
            from_,
            to,
            zones=zones,
            assumptions=assumptions,
            most=most,
            detour=detour,
            axle_class=axle_class,
            closed=closed_arcs(roads_asked, close, zones=zones) if close else None,
            crs=crs,
        )
        profiles = None
        if profile or as_json or geojson is not None:
            profiles = route_formats.profiles_of(roads_asked, terrain_of(roads_asked, folder), answer)
        if geojson is not None:
            route_formats.write_json(
                geojson, route_formats.as_geojson(roads_asked, answer, crs=crs, profiles=profiles)
            )
        tables = []
        if hydrogen:
            ground = terrain_of(roads_asked, folder)
            tables = [route_hydrogen.hydrogen(roads_asked, ground, assumptions, way) for way in answer.ways]
        if as_json:
            content = route_formats.as_dict(answer, crs=crs, profiles=profiles, with_arrays=profile)
            for each, used in zip(content["routes"], tables, strict=False):
                each["hydrogen"] = records(used)
            print_json(content)
            return
        for line in route_formats.lines(answer, asked=(from_, to), profiles=profiles if profile else None):
            typer.echo(line)
        for number, used in enumerate(tables, start=1):
            typer.echo(f"{number}. hydrogen, mean of laden and empty")
            for line in route_hydrogen.lines(used):
                typer.echo(line)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".graphml, .gpkg, or a folder.")],
    *,
    network: Network = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="graphml, gpkg, gmns or parquet; by the ending without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a road network for other programs; a folder holds GMNS tables unless --format says otherwise."""
    with reported(as_json=as_json):
        chosen = file_format or _format(target)
        if chosen not in road_store.FORMATS:
            mend = f"Use {', '.join(road_store.FORMATS)}"
            raise InputError(Fault(f"there is no format {chosen}", "--format", mend))
        paths = road_store.export(_load(network), target, chosen)
        if as_json:
            print_json({"format": chosen, "files": [str(path) for path in paths]})
            return
        for path in paths:
            typer.echo(f"wrote {path}")


def _format(target: Path) -> str:
    """Return the format of a target by its ending."""
    endings = {".graphml": "graphml", ".gpkg": "gpkg", "": "gmns"}
    if target.suffix.lower() not in endings:
        mend = "End with .graphml or .gpkg, or name a folder and --format gmns or parquet"
        raise InputError(Fault("the format is not known by its ending", str(target), mend))
    return endings[target.suffix.lower()]
