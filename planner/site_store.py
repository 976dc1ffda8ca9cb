"""Where candidate sites come from: the shipped list, or the file beside a road network brought in."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from corridor import sources
from corridor.errors import Fault, InputError
from corridor.sources import SITE_COLUMNS, read_table
from corridor.tables import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Name of the file beside a network's tables.
FILE = "sites.csv"

#: A network brought in may lie anywhere.
COLUMNS: Mapping[str, Column] = {
    **SITE_COLUMNS,
    "lon": Column(kind="number", low=-180.0, high=180.0),
    "lat": Column(kind="number", low=-90.0, high=90.0),
}

#: Columns of the file, in order: those of the shipped list.
ORDER = (
    "site_id",
    *(name for name in SITE_COLUMNS if name not in {"site_id", "position_quality", "source", "confidence"}),
    "opened",
    "operator",
    "position_quality",
    "source",
    "confidence",
    "note",
)


def candidate_sites(network: Path | str | None = None) -> pd.DataFrame:
    """Return the sites of a plan, index ``site_id``, columns of ``sites.csv``.

    Parameters
    ----------
    network
        Folder of a road network brought in. The sites written there by ``chengyu sites import`` take the
        place of the shipped candidates; existing stations of the shipped list always stay. Without such a
        file, or without a folder: the shipped list.

    Raises
    ------
    corridor.errors.InputError
        For a faulty file.
    """
    shipped = sources.read_sites(sources.data_directory())
    if network is None or not (Path(network) / FILE).is_file():
        return shipped
    standing = shipped[shipped["status"] == "existing"]
    brought = read_table(Path(network) / FILE, COLUMNS).set_index("site_id")
    others = brought[~brought.index.isin(standing.index)]
    return joined(standing, others)


def joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return both tables in one; a column empty in one of them does not decide its type."""
    if second.empty:
        return first
    if first.empty:
        return second
    filled = [part.dropna(axis="columns", how="all") for part in (first, second)]
    table = pd.concat(filled)
    return table.reindex(columns=list(dict.fromkeys([*first.columns, *second.columns])))


def write(table: pd.DataFrame, network: Path) -> Path:
    """Write sites beside a network's tables; an earlier file is replaced at the end.

    Parameters
    ----------
    table
        Index ``site_id``, columns of ``sites.csv``; others are left out.
    network
        Folder of a road network.

    Raises
    ------
    corridor.errors.InputError
        If the folder holds no network or cannot be written to.
    """
    check_folder(network)
    plain = table.reset_index().reindex(columns=list(ORDER))
    target = network / FILE
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{FILE}-", dir=network)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            plain.to_csv(file, index=False, lineterminator="\n")
        Path(draft).chmod(0o644)
        return Path(draft).replace(target)
    except OSError as error:
        raise InputError(Fault(f"cannot be written ({error})", str(target), "Check the folder")) from error


def check_folder(network: Path) -> None:
    """Refuse a folder that holds no road network."""
    if not (network / "roads_nodes.parquet").is_file():
        mend = "Bring the roads in first: chengyu roads import FILE --out DIR"
        raise InputError(Fault("holds no road network", str(network), mend))
