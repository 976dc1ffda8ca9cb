"""A road graph from files that come without a path: read, looked over with its faults, then kept for plans.

What ``chengyu roads import`` reads is read: files of OpenStreetMap, graphs of OSMnx, GMNS tables, and tables
written by an import; all pass the same steps. Nothing is kept before :func:`keep`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import pandas as pd

from corridor import imports, loading, roads, sites, sources, zones
from corridor.errors import Fault, InputError
from corridor.road_classes import UNKNOWN_CLASS
from planner import road_store, site_store
from planner.inputs import FARTHEST_ZONE_KM
from planner.jobs import Job
from planner.progress import Progress, Stopped
from planner.store import store_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import geopandas as gpd

    from corridor.imports import ImportReport
    from corridor.roads import RoadNetwork
    from planner.progress import OnProgress, ShouldStop

#: Endings of the files taken, as an upload names them.
ENDINGS = ("pbf", "osm", "gz", "bz2", "graphml", "gpkg", "csv", "parquet", "json")

#: Megabytes of all files together; of GraphML, which takes thirty times its size in memory, fewer.
MOST_MB, MOST_GRAPHML_MB = 300, 100

#: Nodes of a network that plans are made on in reasonable time.
MOST_NODES = 200_000

_GRAPHS = (*loading.OSM_SUFFIXES, ".graphml", ".gpkg")
_GMNS = ("node.csv", "link.csv")
_TABLES = ("roads_nodes.parquet", "roads_edges.parquet")
_BESIDE = ("config.csv", road_store.DESCRIPTION)

_FOLDER = "networks"
_HASH_LENGTH = 20
_NAME_BYTES = 150
_MB = 1_000_000
#: A plan needs trips between two zones.
_FEWEST_ZONES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadPreview:
    """A road graph as it would be taken.

    Parameters
    ----------
    name
        Of the file or files.
    digest
        What tells their content from any other.
    network
        The network made of them.
    report
        What the import left out.
    faults
        Index ``kind`` (``other_class``, ``banned``, ``islands``: left out; ``no_class``, ``no_limit``,
        ``no_number``: taken with what the schema has for it), columns ``edges``, ``km``; those found only.
    zones, sites, bases
        Tables of docs/tables.md with ``snap_km`` and ``is_near``: whether the roads reach the place.
    """

    name: str
    digest: str
    network: RoadNetwork
    report: ImportReport
    faults: pd.DataFrame
    zones: pd.DataFrame
    sites: pd.DataFrame
    bases: pd.DataFrame

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = (float(side) for side in self.network.nodes.total_bounds)
        return west, south, east, north

    @property
    def km_by_class(self) -> pd.Series:
        """Km by class of road, each direction counted, the longest first."""
        edges = self.network.edges
        km: pd.Series = (edges["length"] / 1000.0).groupby(edges["highway"].astype(str)).sum()
        return km.sort_values(ascending=False)

    def reached(self, places: Literal["zones", "sites", "bases"]) -> tuple[int, int]:
        """Return how many zones, sites or bases the roads reach, and of how many."""
        table: pd.DataFrame = getattr(self, places)
        return int(table["is_near"].sum()), len(table)

    @property
    def far(self) -> pd.DataFrame:
        """Places not reached, the nearest first: ``kind`` (``zones``, ...), names, ``snap_km``."""
        columns = ["name_zh", "name_en", "snap_km"]
        parts = {"zones": self.zones, "bases": self.bases, "sites": self.sites}
        tables = [table.loc[~table["is_near"], columns].assign(kind=kind) for kind, table in parts.items()]
        return pd.concat(tables).sort_values("snap_km", kind="stable")


def preview_job(files: Sequence[tuple[str, bytes]]) -> Job[RoadPreview]:
    """Return a running job that reads files; see :func:`preview`."""
    return Job(lambda on_progress, should_stop: preview(files, on_progress, should_stop))


def preview(
    files: Sequence[tuple[str, bytes]],
    on_progress: OnProgress = lambda _: None,
    should_stop: ShouldStop = lambda: False,
) -> RoadPreview:
    """Return the network of files and what is wrong with it; nothing is kept.

    Parameters
    ----------
    files
        Name and content of each: one file, or the tables of one network together.
    on_progress, should_stop
        Told of each step, asked before it.

    Raises
    ------
    corridor.errors.InputError
        For files that are no road graph, too large, or of roads elsewhere.
    planner.progress.Stopped
        If asked to stop.
    """
    start = time.perf_counter()

    def say(message: str) -> None:
        if should_stop():
            raise Stopped
        on_progress(Progress(stage="load", seconds=time.perf_counter() - start, message=message))

    name = ", ".join(_plain(given) for given, _ in files)
    _check_size(files, name)
    network, report = _network(files, say)
    if network.n_nodes > MOST_NODES:
        what = f"{network.n_nodes} nodes are more than the {MOST_NODES} plans are made on"
        raise InputError(Fault(what, name, "Bring a smaller extract, or main roads only"))
    say("joining zones and sites")
    folder = sources.data_directory()
    zone_table = _near(zones.attach(sources.read_zones(folder), network), FARTHEST_ZONE_KM)
    if zone_table["is_near"].sum() < _FEWEST_ZONES:
        raise InputError(_elsewhere(network, name))
    return RoadPreview(
        name=name,
        digest=_digest(files),
        network=network,
        report=report,
        faults=_faults(network, report),
        zones=zone_table,
        sites=_near(zones.attach(site_store.candidate_sites(), network), sites.FARTHEST_SNAP_KM),
        bases=_near(zones.attach(sources.read_bases(folder), network), FARTHEST_ZONE_KM),
    )


def keep(found: RoadPreview) -> Path:
    """Write a network into the store and return its folder, as a scenario names it.

    The same files have the same folder; what is there already is not written again.

    Raises
    ------
    corridor.errors.InputError
        If the folder cannot be written to.
    """
    folder = store_directory() / _FOLDER / found.digest
    if not _is_kept(folder, found.report):
        of_osm = found.name.lower().endswith(loading.OSM_SUFFIXES)
        road_store.save(
            found.network,
            folder,
            source=found.name,
            source_license=road_store.OSM_LICENSE if of_osm else "",
            report=found.report,
        )
    return folder


def source_name(network: str) -> str:
    """Return what the roads of a scenario were called when they were brought in."""
    try:
        name = road_store.description(Path(network)).get("source")
    except (InputError, OSError):
        name = None
    return str(name or PurePosixPath(network).name)


def _is_kept(folder: Path, report: ImportReport) -> bool:
    """Whether a folder holds the network of this report."""
    if not all((folder / name).is_file() for name in _TABLES):
        return False
    try:
        kept = road_store.description(folder).get("report")
    except InputError:
        return False
    return bool(kept == json.loads(json.dumps(report.as_dict())))


def _check_size(files: Sequence[tuple[str, bytes]], name: str) -> None:
    """Refuse files that are empty or too large before any work is done."""
    if not files or not all(content for _, content in files):
        raise InputError(Fault("the file is empty", name or "roads", "Give a road graph"))
    of_graphml = any(given.lower().endswith(".graphml") for given, _ in files)
    most = MOST_GRAPHML_MB if of_graphml else MOST_MB
    if sum(len(content) for _, content in files) > most * _MB:
        mend = "Bring a smaller extract, or import it on the command line"
        raise InputError(Fault(f"larger than {most} MB", name, mend))


def _network(
    files: Sequence[tuple[str, bytes]], say: Callable[[str], None]
) -> tuple[RoadNetwork, ImportReport]:
    """Return the network of files and the report of its import."""
    with tempfile.TemporaryDirectory() as draft:
        source = _written(files, Path(draft))
        try:
            nodes, edges, report = _tables(source, say)
            speeds = sources.read_truck_speeds(sources.data_directory())
            return roads.from_tables(nodes, edges, speeds_kmh=speeds), report
        except InputError as error:
            raise InputError([_without(fault, draft) for fault in error.faults]) from error
        except Stopped:
            raise
        except Exception as error:  # what the readers of others meet in a damaged file is theirs
            what = f"not readable as a road graph ({type(error).__name__})"
            raise InputError(Fault(what, source.name, "Write the file again")) from error


def _without(fault: Fault, draft: str) -> Fault:
    """Return a fault that does not name the folder the files were passing through."""
    texts = (text.replace(f"{draft}/", "") for text in (fault.what, fault.where, fault.mend))
    return Fault(*texts)


def _tables(
    source: Path, say: Callable[[str], None]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, ImportReport]:
    """Return nodes, edges and report; tables written by an import pass the steps of an import again."""
    nodes, edges, report = loading.road_tables(source, say=say)
    if report is not None:
        return nodes, edges, report
    say(f"simplifying {len(edges)} edges")
    return imports.prepared(nodes, edges, imports.Pipeline(), source=source.name)


def _written(files: Sequence[tuple[str, bytes]], folder: Path) -> Path:
    """Write files where a reader finds them, and return what to read.

    Raises
    ------
    corridor.errors.InputError
        For files that are no road graph by their names.
    """
    content_of = {_plain(given): content for given, content in files}
    by_lower = {name.lower(): content for name, content in content_of.items()}
    if len(files) == 1 and next(iter(by_lower)).endswith(_GRAPHS):
        ((name, content),) = content_of.items()
        (folder / name).write_bytes(content)
        return folder / name
    needed = next((group for group in (_GMNS, _TABLES) if set(group) <= set(by_lower)), None)
    strange = sorted(set(by_lower) - {*(needed or ()), *_BESIDE})
    if needed is None or strange or len(files) > len(by_lower):
        mend = (
            f"Give one of {', '.join(_GRAPHS)}, or the tables of one network together: "
            f"{' + '.join(_GMNS)}; {' + '.join(_TABLES)}"
        )
        raise InputError(Fault("no road graph by the names of the files", ", ".join(content_of), mend))
    target = folder / "roads"
    target.mkdir()
    for name, content in by_lower.items():
        (target / name).write_bytes(content)
    return target


def _plain(file_name: str) -> str:
    """Return the last part of a file's name, of letters that any folder takes."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.() -]", "-", last)
    return plain.encode()[-_NAME_BYTES:].decode(errors="ignore")


def _digest(files: Sequence[tuple[str, bytes]]) -> str:
    """Return the hash of names and contents, in whatever order they come."""
    digest = hashlib.sha256()
    for name, content in sorted(files):
        digest.update(f"{_plain(name)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_LENGTH]


def _near(places: pd.DataFrame, farthest_km: float) -> pd.DataFrame:
    """Return places with ``is_near``: whether the roads reach them."""
    return places.assign(is_near=places["snap_km"] <= farthest_km)


def _elsewhere(network: RoadNetwork, name: str) -> Fault:
    """Return what to say of roads that reach no two zones."""
    west, south, east, north = network.nodes.total_bounds
    what = (
        f"no two zones lie within {FARTHEST_ZONE_KM:g} km of the roads, which span longitude {west:.2f} to "
        f"{east:.2f} and latitude {south:.2f} to {north:.2f}"
    )
    return Fault(what, name, "Import roads of Sichuan and Chongqing")


def _faults(network: RoadNetwork, report: ImportReport) -> pd.DataFrame:
    """Return what was left out and what had to be assumed, in edges and km; see :class:`RoadPreview`."""
    edges = network.edges
    highway = edges["highway"].astype(str)
    numbered = highway.str.startswith(("motorway", "trunk")) & ~highway.str.endswith("_link")
    unknown = highway == UNKNOWN_CLASS
    assumed = {
        "no_class": unknown,
        "no_limit": ~(edges["maxspeed_kmh"] > 0),
        "no_number": numbered & edges["ref"].isna(),
    }
    rows = {
        "other_class": (report.filtered_edges, report.filtered_km),
        "banned": (report.banned_edges, report.banned_km),
        "islands": (report.dropped_edges, report.dropped_km),
        **{
            kind: (int(rows.sum()), float(edges.loc[rows, "length"].sum()) / 1000.0)
            for kind, rows in assumed.items()
        },
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["edges", "km"]).rename_axis("kind")
    return table[table["edges"] > 0]
