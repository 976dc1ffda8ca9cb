"""Which reader a source of roads needs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from corridor import sources
from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from corridor import download, imports

#: Endings of OpenStreetMap files.
OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")


def road_tables(
    source: Path | download.Area | None,
    *,
    pipeline: imports.Pipeline | None = None,
    cache: Path | None = None,
    servers: download.Servers | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, imports.ImportReport | None]:
    """Return nodes and edges of a source in the schema of docs/tables.md, and the report of the import.

    Parameters
    ----------
    source, pipeline, cache, servers, say
        As in :func:`corridor.roads.load`. Without a cache a download is not kept.

    Returns
    -------
    nodes, edges
        OSMnx tables.
    report
        None for the shipped tables and for tables written by an import.
    """
    if source is None:
        return *sources.read_roads(sources.data_directory()), None
    if isinstance(source, Path) and (source / "roads_nodes.parquet").is_file():
        return *sources.read_roads(source), None
    from corridor import download, gmns, imports  # noqa: PLC0415  only where there is something to prepare

    steps = pipeline or imports.Pipeline()
    notices: tuple[str, ...] = ()
    if isinstance(source, download.Area):
        name = f"OpenStreetMap, {source}"
        with tempfile.TemporaryDirectory() as passing:
            folder = cache or Path(passing)
            nodes, edges = download.download(source, steps.highways, cache=folder, servers=servers, say=say)
    elif source.is_dir():
        if not (source / "link.csv").is_file():
            mend = "A folder holds node.csv and link.csv (GMNS), or a network written by chengyu roads import"
            raise InputError(Fault("there is no network", str(source), mend))
        name = source.name
        say(f"reading {name}")
        nodes, edges, notices = gmns.read_gmns(source)
    else:
        name = source.name
        nodes, edges = _file(source, steps, say)
    say(f"simplifying {len(edges)} edges")
    return imports.prepared(nodes, edges, steps, source=name, notices=notices)


def _file(
    path: Path, steps: imports.Pipeline, say: Callable[[str], None]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read a file by its ending."""
    from corridor import graphs, osm  # noqa: PLC0415  only where a file is read

    name = path.name.lower()
    if not path.exists():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    if name.endswith(OSM_SUFFIXES):
        return osm.read_osm(path, steps.highways, say=say)
    say(f"reading {path.name}")
    if name.endswith(".graphml"):
        return graphs.read_graphml(path)
    if name.endswith(".gpkg"):
        return graphs.read_geopackage(path)
    mend = f"Give one of {', '.join((*OSM_SUFFIXES, '.graphml', '.gpkg'))}, or a folder with GMNS tables"
    raise InputError(Fault("the format is not known by its ending", path.name, mend))
