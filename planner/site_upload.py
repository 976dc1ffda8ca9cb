"""Sites from a file that comes without a path, and as a scenario keeps them."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd

from planner.plan import records
from planner.scenario import AddedSite
from planner.site_input import load_sites

if TYPE_CHECKING:
    from collections.abc import Collection

    from corridor.roads import RoadNetwork
    from planner.site_input import SiteInput


def read_upload(
    file_name: str,
    content: bytes,
    network: RoadNetwork,
    *,
    crs: str,
    existing: Collection[str] = (),
) -> SiteInput:
    """Return the sites of a file's content, taken and refused.

    Parameters
    ----------
    file_name
        As the person named it: its ending tells the format, errors name it.
    content
        The file.
    network, crs, existing
        As for :func:`planner.site_input.load_sites`.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell, row and column named.
    """
    name = PurePosixPath(file_name.replace("\\", "/")).name or "sites.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return load_sites(path, network, crs=crs, existing=existing)


def added_sites(taken: pd.DataFrame) -> tuple[AddedSite, ...]:
    """Return sites as a scenario keeps them; columns it does not know are left out.

    Parameters
    ----------
    taken
        Index ``site_id``, columns of ``sites.csv``, as in :class:`planner.site_input.SiteInput`.
    """
    known = set(AddedSite.model_fields)
    rows = records(taken.reset_index())
    return tuple(
        AddedSite.model_validate(
            {key: value for key, value in row.items() if key in known and not pd.isna(value)}
        )
        for row in rows
    )
