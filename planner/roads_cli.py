"""``chengyu roads``: look at a road network, bring one in, ask for routes, give one out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import shapely
import typer
from shapely.geometry import box, shape

from corridor import roads, sources
from corridor.download import OVERPASS_URL, Area, Servers
from corridor.errors import Fault, InputError
from corridor.imports import MAIN_ROADS, Pipeline
from planner import road_store, route_query
from planner.terminal import Json, print_json, reported

if TYPE_CHECKING:
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
Out = Annotated[Path, typer.Option(help="Folder to write; a network there is replaced.")]

#: A box is west, south, east, north.
_BOX_SIDES = 4


def _say(line: str) -> None:
    """Print a line of progress on stderr."""
    typer.echo(line, err=True)


def _load(network: Path | None) -> RoadNetwork:
    """Return the network asked about."""
    return roads.load(network, say=_say)


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
    """Nodes, edges, km by class, road numbers, extent, connection, source and license."""
    with reported(as_json=as_json):
        chosen = network or source
        content = summary(_load(chosen)) | _origin(chosen)
        if as_json:
            print_json(content)
            return
        for key, value in content.items():
            typer.echo(f"{key:<16} {_line(value)}")


def summary(network: RoadNetwork) -> dict[str, Any]:
    """Return the figures of a network; km count each direction of travel."""
    edges = network.edges
    km = (edges["length"] / 1000.0).groupby(edges["highway"].map(_text)).sum().sort_values(ascending=False)
    refs = {part for ref in edges["ref"].dropna().map(_text) for part in ref.split(";")}
    west, south, east, north = network.nodes.total_bounds
    return {
        "nodes": len(network.nodes),
        "edges": len(edges),
        "km": round(float(edges["length"].sum()) / 1000.0, 1),
        "km_by_class": {str(name): round(float(value), 1) for name, value in km.items()},
        "refs": sorted(refs),
        "bbox": [round(float(side), 5) for side in (west, south, east, north)],
        "strong_components": _components(network),
    }


def _components(network: RoadNetwork) -> int:
    """Count the strongly connected components."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  used by one command only

    return int(connected_components(network.matrix(), directed=True, connection="strong")[0])


def _origin(source: Path | None) -> dict[str, Any]:
    """Where a network came from."""
    if source is None:
        return {"source": "OpenStreetMap, derived (data/README.md)", "license": road_store.OSM_LICENSE}
    known = road_store.description(source) if source.is_dir() else {}
    found = {"source": known.get("source") or str(source), "license": known.get("license") or "unknown"}
    return found | ({"import": known["report"]} if known.get("report") else {})


def _text(value: object) -> str:
    """Return a cell as text, of a list the values joined."""
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def _line(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)


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
    as_json: Json = False,
) -> None:
    """Make a road network of a file, and keep it in a folder."""
    with reported(as_json=as_json):
        road_store.check_target(out)
        steps = _pipeline(highway, consolidate, simplify=simplify)
        network, report = roads.load_with_report(file, pipeline=steps, say=_say)
        of_osm = file.name.lower().endswith((".pbf", ".osm", ".osm.gz", ".osm.bz2"))
        known = road_store.OSM_LICENSE if of_osm else ""
        road_store.save(network, out, source=file.name, source_license=known, report=report)
        _tell(out, report, as_json=as_json)


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
    overpass_url: Annotated[str, typer.Option(help="Another Overpass server.")] = OVERPASS_URL,
    timeout: Annotated[float, typer.Option(help="Seconds a query may take.")] = 180.0,
    as_json: Json = False,
) -> None:
    """Download fresh OpenStreetMap roads, and keep them in a folder."""
    with reported(as_json=as_json):
        road_store.check_target(out)
        area = _area(places or [], bbox, polygon)
        network, report = roads.load_with_report(
            area,
            pipeline=_pipeline(highway, consolidate, simplify=simplify),
            cache=road_store.download_cache(),
            servers=Servers(overpass_url=overpass_url, timeout_s=timeout),
            say=_say,
        )
        source = f"OpenStreetMap, {area}"
        road_store.save(network, out, source=source, source_license=road_store.OSM_LICENSE, report=report)
        _tell(out, report, as_json=as_json)


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


def _tell(out: Path, report: ImportReport | None, *, as_json: bool) -> None:
    """Say what was written and what was left out."""
    content = {"out": str(out)} | ({} if report is None else report.as_dict())
    if as_json:
        print_json(content)
        return
    for key, value in content.items():
        typer.echo(f"{key:<16} {_line(value)}")


@app.command()
def route(
    from_: Annotated[str, typer.Argument(metavar="FROM", help="A place, or lon,lat in WGS 84.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="A place, or lon,lat in WGS 84.")],
    *,
    network: Network = None,
    as_json: Json = False,
) -> None:
    """Ask for the ways from one place to another, best first: km, hours, toll, roads passed."""
    with reported(as_json=as_json):
        folder = sources.data_directory()
        assumptions = sources.read_assumptions(folder)["value"]
        answer = route_query.query(
            _load(network),
            from_,
            to,
            zones=sources.read_zones(folder),
            assumptions={str(key): float(value) for key, value in assumptions.items()},
        )
        if as_json:
            print_json(answer)
            return
        for number, each in enumerate(answer["routes"], start=1):
            figures = f"{each['length_km']:.1f} km  {each['hours']:.2f} h  {each['toll_cny']:.0f} CNY"
            typer.echo(f"{number}. {figures}  {each.get('name', '')}".rstrip())
            typer.echo(f"   {' → '.join(each['refs']) or '-'}")


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
