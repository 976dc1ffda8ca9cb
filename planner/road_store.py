"""Road networks on disk: written whole or not at all, read back in a second.

A folder holds ``roads_nodes.parquet`` and ``roads_edges.parquet`` of docs/tables.md, and ``network.json``:
where the roads came from, their license, and what the import left out.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from corridor import gmns, roads
from corridor.errors import Fault, InputError
from planner.store import store_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corridor.imports import ImportReport
    from corridor.roads import RoadNetwork

OSM_LICENSE = "ODbL 1.0, © OpenStreetMap contributors, https://www.openstreetmap.org/copyright"

#: Metadata beside the tables.
DESCRIPTION = "network.json"

FORMATS = ("graphml", "gpkg", "gmns", "parquet")


def download_cache() -> Path:
    """Return the folder for answers of the download servers, beside the stored plans."""
    return store_directory().parent / "downloads"


def description(folder: Path) -> dict[str, Any]:
    """Return what is known of a stored network: source, license, report; empty for other folders."""
    path = folder / DESCRIPTION
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(Fault("not readable", str(path), "Import the network again")) from error
    return content if isinstance(content, dict) else {}


def check_target(folder: Path) -> None:
    """Refuse a folder that holds something else than a network."""
    if folder.exists() and not folder.is_dir():
        raise InputError(Fault("is a file", str(folder), "Name a folder"))
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "roads_nodes.parquet").is_file():
        mend = "Name a new folder, or one that holds a road network"
        raise InputError(Fault("the folder holds other files", str(folder), mend))


def save(
    network: RoadNetwork,
    folder: Path,
    *,
    source: str,
    source_license: str = "",
    report: ImportReport | None = None,
) -> None:
    """Write a network; a network that was there is replaced at the end, or kept if anything fails.

    Parameters
    ----------
    network
        What to write.
    folder
        New, empty, or holding a network.
    source, source_license
        Where the roads came from and under which license.
    report
        What the import left out.
    """
    check_target(folder)
    with _draft_folder(folder) as draft:
        _write_tables(network, draft)
        content = {
            "source": source,
            "license": source_license,
            "created_utc": datetime.now(tz=UTC).isoformat(timespec="seconds"),
            "report": None if report is None else report.as_dict(),
        }
        (draft / DESCRIPTION).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def export(network: RoadNetwork, target: Path, file_format: str) -> list[Path]:
    """Write a network in a format others read, and return the files; an earlier file is replaced at the end.

    Parameters
    ----------
    network
        What to write.
    target
        File (``graphml``, ``gpkg``) or folder (``gmns``, ``parquet``).
    file_format
        One of ``FORMATS``.
    """
    if file_format == "graphml":
        return [_replace_file(target, lambda draft: _write_graphml(network, draft))]
    if file_format == "gpkg":
        return [_replace_file(target, lambda draft: _write_geopackage(network, draft))]
    if file_format == "gmns":
        names = ("node.csv", "link.csv", "config.csv")
        tables = dict(zip(names, gmns.gmns_tables(network.nodes, network.edges), strict=True))
        if target.exists() and not target.is_dir():
            raise InputError(Fault("is a file", str(target), "Name a folder"))
        target.mkdir(parents=True, exist_ok=True)
        return [
            _replace_file(target / name, lambda draft, table=table: table.to_csv(draft, index=False))  # type: ignore[misc]
            for name, table in tables.items()
        ]
    if file_format == "parquet":
        save(network, target, source="export", source_license=OSM_LICENSE)
        return [target / f"roads_{table}.parquet" for table in ("nodes", "edges")]
    raise InputError(Fault(f"there is no format {file_format}", "--format", f"Use {', '.join(FORMATS)}"))


def _write_tables(network: RoadNetwork, folder: Path) -> None:
    """Write both tables; cells with lists, as OSMnx graphs have them, are joined with ``;``."""
    nodes = pd.DataFrame(network.nodes.drop(columns="geometry"))
    try:
        _plain(nodes).to_parquet(folder / "roads_nodes.parquet")
        edges = _plain(network.edges)
        edges.index = edges.index.set_names(["u", "v", "key"])
        packed = [name for name in edges.columns if name != "geometry"]
        edges.to_parquet(
            folder / "roads_edges.parquet",
            geometry_encoding="geoarrow",
            # Coordinates hardly shrink and repeat little: plain ones are read five times as fast.
            compression=dict.fromkeys([*packed, *edges.index.names], "snappy"),
            use_dictionary=packed,
        )
    except (ValueError, TypeError) as error:  # pyarrow's errors are among these
        mend = "Give every column values of one kind"
        raise InputError(Fault(f"a column mixes kinds of values ({error})", str(folder), mend)) from error


def _plain(table: Any) -> Any:  # noqa: ANN401  a table with or without geometry
    """Return the table without lists."""
    result = table.copy()
    result.attrs = {}
    for name in result.columns:
        if name != "geometry" and result[name].map(lambda cell: isinstance(cell, list)).any():
            result[name] = result[name].map(
                lambda cell: ";".join(map(str, cell)) if isinstance(cell, list) else cell
            )
    return result


def _write_graphml(network: RoadNetwork, path: Path) -> None:
    """Write an OSMnx GraphML."""
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where a graph is converted

    ox.save_graphml(roads.to_osmnx(network), path)


def _write_geopackage(network: RoadNetwork, path: Path) -> None:
    """Write the layers ``nodes`` and ``edges`` as OSMnx does for directed graphs."""
    _plain(network.nodes).to_file(path, layer="nodes", driver="GPKG", index=True)
    _plain(network.edges).to_file(path, layer="edges", driver="GPKG", index=True)


@contextmanager
def _draft_folder(target: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of the target when nothing failed."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise InputError(
            Fault(f"cannot be written ({error})", str(target), "Choose another folder")
        ) from error
    try:
        yield draft
        draft.chmod(0o755)
        old = draft.with_name(f"{draft.name}-old")
        if target.exists():
            target.rename(old)
        draft.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _replace_file(target: Path, write: Callable[[Path], object]) -> Path:
    """Write to another name first, then rename."""
    if target.is_dir():
        raise InputError(Fault("is a folder", str(target), "Name a file"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=target.parent) as folder:
            draft = Path(folder) / target.name
            write(draft)
            os.replace(draft, target)  # noqa: PTH105  Path.replace is the same call
    except OSError as error:
        raise InputError(
            Fault(f"cannot be written ({error})", str(target), "Choose another place")
        ) from error
    return target
