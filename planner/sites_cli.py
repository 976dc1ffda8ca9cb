"""``chengyu sites``: candidate sites, the rules they are screened by, an analyst's own, those of OSM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from corridor.errors import Fault, InputError
from corridor.osm_sites import SMALLEST_LAND_HA
from corridor.sites import FLAGS, RULES
from planner import site_query
from planner.exports import screening_table
from planner.plan import records
from planner.plan_notices import refused_records
from planner.terminal import Json, print_json, refuse, reported
from planner.text import text

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    no_args_is_help=True,
    help="候选站址 · Candidate sites: list, check, screen, import.",
)

#: Width of a page that is no terminal, characters.
_PAGE = 120

Network = Annotated[
    Path | None,
    typer.Option(
        "--network", help="Folder of an import, or any file import reads; the shipped roads without it."
    ),
]
Road = Annotated[str | None, typer.Option(metavar="REF", help="Only sites of this road, e.g. G76.")]
Kind = Annotated[str | None, typer.Option(help="Only this kind, e.g. service_area.")]
County = Annotated[str | None, typer.Option(help="Only this county or prefecture: name or code.")]


def _say(line: str) -> None:
    """Print a line of progress on stderr."""
    typer.echo(line, err=True)


@app.command(name="list")
def list_(
    *,
    network: Network = None,
    road: Road = None,
    kind: Kind = None,
    county: County = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    as_json: Json = False,
) -> None:
    """Print candidate sites and stations: name, kind, road, km post, direction, county, distance, flags."""
    with reported(as_json=as_json):
        found = site_query.candidates(network, say=_say)
        chosen = site_query.selected(found, road=road, kind=kind, county=county)
        if as_json:
            content = {
                "sites": site_query.site_records(chosen, found.zones),
                "refused": refused_records(found.refused),
            }
            print_json(content)
        elif as_csv:
            typer.echo(site_query.told(chosen, found.zones).to_csv(index=False), nl=False)
        else:
            _console().print(_table(chosen, found.zones))
            _say(f"{len(chosen)} sites; {len(found.refused)} too far from the road network")
            if found.taken.empty:
                _say("Bring in its own: chengyu sites import FILE.osm.pbf --network DIR")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help=".csv or .geojson, columns as in docs/sites.md.")],
    *,
    crs: Annotated[
        str | None,
        typer.Option(
            metavar="CRS", help="WGS84, CGCS2000, GCJ-02, BD-09, EPSG:4491 to 4554; for rows that name none."
        ),
    ] = None,
    network: Network = None,
    as_json: Json = False,
) -> None:
    """Say which sites of your file are taken, and where, and which are refused, and why. Writes nothing."""
    with reported(as_json=as_json):
        found = site_query.candidates(network, say=_say)
        result = site_query.checked_file(file, found, crs=crs)
        rows = zip(result.refused.index, result.refused["row"], result.refused["reason"], strict=True)
        refused = [{"site_id": str(site), "row": int(row), "reason": str(why)} for site, row, why in rows]
        content = {"taken": site_query.site_records(result.taken, found.zones), "refused": refused}
        if not as_json and len(result.taken):
            _console().print(_table(result.taken, found.zones))
        if refused:
            refuse(_refusals(file.name, refused), content, as_json=as_json)
        if as_json:
            print_json(content)


def _refusals(where: str, refused: list[dict[str, Any]]) -> InputError:
    """Return one fault per refused site."""
    return InputError(
        [
            Fault(
                f"site {each['site_id']} is refused: {each['reason']}",
                f"{where}, row {each['row']}",
                "Correct it, or leave the row out",
            )
            for each in refused
        ]
    )


@app.command()
def screen(
    *,
    network: Network = None,
    road: Road = None,
    kind: Kind = None,
    county: County = None,
    as_json: Json = False,
) -> None:
    """Print the siting rules, their clauses, how many sites each flags, and the sites that need a check."""
    with reported(as_json=as_json):
        found = site_query.candidates(network, say=_say)
        chosen = site_query.selected(found, road=road, kind=kind, county=county)
        counts = flag_counts(chosen)
        columns = [f"screen_{rule.rule_id}" for rule in RULES]
        check_needed = chosen[(chosen[columns] == "check").any(axis="columns")]
        if as_json:
            print_json(
                {
                    "sites": len(chosen),
                    "rules": records(screening_table()),
                    "counts": counts,
                    "check": site_query.site_records(check_needed, found.zones),
                }
            )
            return
        for rule in RULES:
            figures = "  ".join(f"{flag} {counts[f'screen_{rule.rule_id}'][flag]}" for flag in FLAGS)
            typer.echo(f"screen_{rule.rule_id}: {figures}")
            typer.echo(f"  {rule.clause} · {rule.source} · {rule.confidence}")
            typer.echo(f"  {rule.what_zh}\n  {rule.what}")
        for flag in FLAGS:
            typer.echo(f"{flag}: {text(f'flag.{flag}', 'zh')} · {text(f'flag.{flag}', 'en')}")
        if len(check_needed):
            _console().print(_table(check_needed, found.zones))


def flag_counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return how many sites bear each flag of each rule."""
    names = [f"screen_{rule.rule_id}" for rule in RULES]
    return {name: {flag: int((table[name] == flag).sum()) for flag in FLAGS} for name in names}


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help=".osm.pbf, .osm(.gz|.bz2).")],
    *,
    network: Annotated[
        Path, typer.Option(help="Folder of a road network brought in; sites.csv there is replaced.")
    ],
    smallest_ha: Annotated[
        float, typer.Option(min=0.0, help="Smallest industrial or port land, ha.")
    ] = SMALLEST_LAND_HA,
    as_json: Json = False,
) -> None:
    """Take service areas, truck stops, filling stations, industrial and port land of OSM as sites."""
    with reported(as_json=as_json):
        content = site_query.imported(file, network, smallest_ha=smallest_ha, say=_say)
        if as_json:
            print_json(content)
            return
        for key, value in content.items():
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            typer.echo(f"{key:<10} {shown}")


def _console() -> Console:
    """Return the terminal, or a page wide enough for a row where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=_PAGE)


def _table(table: pd.DataFrame, zones: pd.DataFrame) -> Table:
    """Return sites for the terminal."""
    shown = Table(box=box.SIMPLE)
    shown.add_column("站点\nSite", no_wrap=True)
    for heading in ("站名\nName", "类型\nKind", "道路\nRoad", "桩号\nkm post", "区县\nCounty", "筛查\nCheck"):
        shown.add_column(heading, overflow="fold")
    shown.add_column("距道路\nroad km", justify="right", no_wrap=True)
    for row in site_query.site_records(table, zones):
        flagged = [rule.rule_id for rule in RULES if row[f"screen_{rule.rule_id}"] == "check"]
        about = "" if row["road_ref_basis"] == "on" else "~"
        shown.add_row(
            str(row["site_id"]),
            str(row["name_zh"]),
            text(f"kind.{row['kind']}", "zh"),
            f"{about}{row['road_ref']}" if row["road_ref"] else "–",
            _km_post(row),
            row["county_zh"] or "–",
            ", ".join(flagged) or "–",
            f"{row['road_km']:.2f}",
        )
    return shown


def _km_post(row: dict[str, Any]) -> str:
    """Return the km post, with its error where it is derived."""
    if row["km_post"] is None:
        return "–"
    error = row["km_post_error_km"]
    return f"{row['km_post']:g}" + (f" ± {error:g}" if row["km_post_basis"] == "derived" and error else "")
