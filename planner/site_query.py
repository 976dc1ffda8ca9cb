"""Questions about sites: which are there, which of an analyst's are taken, which places a map file holds."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from corridor import roads, sites, sources
from corridor.errors import Fault, InputError
from corridor.km_posts import with_km_posts
from corridor.named_routes import numbers
from corridor.sites import RULES
from planner import site_store
from planner.plan import records
from planner.scenario import suggestion
from planner.site_input import KINDS, SiteInput, load_sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from corridor.roads import RoadNetwork

#: What is told of a site, in order.
COLUMNS = (
    "site_id",
    "status",
    "kind",
    "name_zh",
    "name_en",
    "road_ref",
    "road_ref_basis",
    "km_post",
    "km_post_basis",
    "km_post_error_km",
    "direction",
    "direction_basis",
    "county_code",
    "county_zh",
    "county_basis",
    "lon",
    "lat",
    "position_quality",
    "road_km",
    "snap_km",
    "node_id",
    *(f"screen_{rule.rule_id}" for rule in RULES),
    "source",
    "confidence",
    "note",
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidates:
    """The sites on a network.

    Parameters
    ----------
    network
        Road network.
    zones
        Seats of counties, index ``zone_id``.
    taken
        Index ``site_id``, screened.
    refused
        Sites too far from the network, with ``reason``.
    """

    network: RoadNetwork
    zones: pd.DataFrame
    taken: pd.DataFrame
    refused: pd.DataFrame


def candidates(network: Path | None = None, *, say: Callable[[str], None] = lambda _: None) -> Candidates:
    """Return the sites of the shipped list, or of a network brought in, screened.

    Parameters
    ----------
    network
        Folder of an import, or any file import reads; None: the shipped roads.
    say
        Called with a line of progress.

    Raises
    ------
    corridor.errors.InputError
        For a network or a file of sites that cannot be read.
    """
    seats = sources.read_zones(sources.data_directory())
    graph = roads.load(network, say=say)
    near, far = sites.attach(site_store.candidate_sites(network), graph)
    reasons = [f"{km:.1f} km from the road network" for km in far["snap_km"]]
    return Candidates(
        network=graph,
        zones=seats,
        taken=sites.screened(near, graph, zones=seats),
        refused=far.assign(reason=reasons),
    )


def selected(
    found: Candidates,
    *,
    road: str | None = None,
    kind: str | None = None,
    county: str | None = None,
) -> pd.DataFrame:
    """Return the sites of a road, a kind, a county; each filter may be left out.

    Parameters
    ----------
    found
        Sites on a network.
    road
        Number of a road, e.g. ``G76``.
    kind
        As in ``sites.csv``.
    county
        Name of a county in Chinese or English, of a prefecture in Chinese, or a code.

    Raises
    ------
    corridor.errors.InputError
        For a road, kind or county that is not there: all of them at once.
    """
    table, faults = found.taken, []
    kept = pd.Series(True, index=table.index)  # noqa: FBT003  a value, not a flag
    if kind is not None:
        kept &= table["kind"] == kind
        if kind not in KINDS:
            faults.append(Fault(f"there is no kind {kind!r}", "--kind", suggestion(kind, KINDS)))
    if road is not None:
        wanted = road.strip().upper()
        of_site = table["road_ref"].map(numbers)
        kept &= of_site.map(lambda refs: wanted in refs)
        known = sorted({ref for refs in of_site for ref in refs})
        if wanted not in known:
            mend = f"Known: {', '.join(known)}" if known else "The sites name no road"
            faults.append(Fault(f"no site lies on a road {road!r}", "--road", mend))
    if county is not None:
        codes = _counties(found.zones, county)
        kept &= table["county_code"].isin(codes)
        if not codes:
            names = [*found.zones["name_zh"], *found.zones["name_en"]]
            close = difflib.get_close_matches(county, names, n=3, cutoff=0.4)
            mend = f"Did you mean {', '.join(close)}?" if close else "Counties stand in data/zones.csv"
            faults.append(Fault(f"there is no county {county!r}", "--county", mend))
    if faults:
        raise InputError(faults)
    chosen: pd.DataFrame = table[kept]
    return chosen


def _counties(zones: pd.DataFrame, text: str) -> list[str]:
    """Return the codes of the counties a text names."""
    plain = text.strip().lower()
    stem = zones["name_zh"].str.replace(r"[市区县]$", "", regex=True)
    same = (
        (zones.index == plain)
        | (zones["name_zh"] == plain)
        | (stem == plain)
        | (zones["name_en"].str.lower() == plain)
        | (zones["prefecture_zh"].fillna("").isin([plain, f"{plain}市"]))
    )
    return [str(code) for code in zones.index[same & (zones["kind"] == "county")]]


def told(table: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that are told, with the name of the county."""
    county = zones["name_zh"].reindex(table["county_code"]).to_numpy() if "county_code" in table else None
    flat = table.rename_axis(index="site_id").reset_index().assign(county_zh=county)
    return flat.reindex(columns=list(COLUMNS))


def site_records(table: pd.DataFrame, zones: pd.DataFrame) -> list[dict[str, Any]]:
    """Return sites as plain values ready for JSON."""
    return records(told(table, zones))


def checked_file(path: Path, found: Candidates, *, crs: str | None) -> SiteInput:
    """Return an analyst's sites taken, screened, and refused; see :func:`planner.site_input.load_sites`."""
    result = load_sites(path, found.network, crs=crs, existing=[*found.taken.index, *found.refused.index])
    placed = with_km_posts(result.taken, found.network)
    return SiteInput(taken=sites.screened(placed, found.network, zones=found.zones), refused=result.refused)


def imported(
    file: Path, network: Path, *, smallest_ha: float, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Read the places of an OpenStreetMap file, put them on a network, and write them beside it.

    Parameters
    ----------
    file
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    network
        Folder of a road network; its ``sites.csv`` is replaced.
    smallest_ha
        Land with less area is left out.
    say
        Called with a line of progress.

    Returns
    -------
    dict
        ``out``, ``sites``, ``by_kind``, ``hydrogen`` (stations that sell it), ``too_far``.

    Raises
    ------
    corridor.errors.InputError
        For a file or folder that is none, and for a file without places near the network.
    """
    from corridor.osm_features import read_features  # noqa: PLC0415  used by one command only
    from corridor.osm_sites import from_features  # noqa: PLC0415  used by one command only

    site_store.check_folder(network)
    graph = roads.load(network, say=say)
    features = from_features(read_features(file, say=say), smallest_ha=smallest_ha)
    near, far = sites.attach(features, graph) if len(features) else (features, features)
    if near.empty:
        mend = "Take the file the roads came from"
        raise InputError(Fault("holds no place for a station near the network", file.name, mend))
    table = sites.screened(near, graph, zones=sources.read_zones(sources.data_directory()))
    target = site_store.write(table, network)
    return {
        "out": str(target),
        "sites": len(table),
        "by_kind": {str(kind): int(count) for kind, count in table["kind"].value_counts().items()},
        "hydrogen": int((table["status"] == "existing").sum()),
        "too_far": len(far),
    }
