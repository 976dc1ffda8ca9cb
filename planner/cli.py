"""The command line: ``chengyu plan``, ``frontier``, ``explain``, ``locate``, ``roads``, ``sites``, ...

Results go to stdout, progress and messages to stderr. Exit codes are those of :mod:`planner.terminal`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from corridor.errors import Fault, InputError
from planner.terminal import Json, leave_infeasible, print_json, reported, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from typer._click.core import Command, Context

    from planner.scenario import Scenario

#: Commands and groups of them, and the module whose ``app`` each is.
GROUPS = {
    "roads": "planner.roads_cli",
    "sites": "planner.sites_cli",
    "demand": "planner.demand_cli",
    "explain": "planner.explain_cli",
    "supply": "planner.supply_cli",
    "frontier": "planner.frontier_cli",
}


class _Groups(TyperGroup):
    """Commands whose groups are imported when one is asked for: solver and road libraries take seconds."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command or group; None if there is no such name."""
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        command = get_command(import_module(GROUPS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Groups,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="成渝氢走廊规划 · Plan hydrogen refueling stations along the Chengdu-Chongqing corridor.",
)

for _name in GROUPS:  # empty until asked for
    app.add_typer(typer.Typer(), name=_name)


@app.callback()
def _commands() -> None:
    """Keep subcommands even while there are few."""


@app.command()
def plan(
    scenario_file: Annotated[
        Path | None, typer.Argument(metavar="[SCENARIO.toml]", help="Scenario; the default one without it.")
    ] = None,
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Begin with a shipped scenario: green-only, ... (docs/scenarios.md)."
        ),
    ] = None,
    stations: Annotated[int | None, typer.Option(help="Largest number of new stations.")] = None,
    year: Annotated[int | None, typer.Option(help="2027, 2030 or 2035.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for CSV, XLSX, GeoJSON and JSON.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any scenario field or assumption.")
    ] = None,
    sites: Annotated[
        Path | None, typer.Option(help="Your own sites, CSV or GeoJSON; they become part of the scenario.")
    ] = None,
    sites_crs: Annotated[
        str | None,
        typer.Option(metavar="CRS", help="Their reference system, for rows that name none: GCJ-02, ..."),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option(help="Your own point demands, CSV, XLSX or Parquet (docs/points.md): buses, ships, ..."),
    ] = None,
    points_crs: Annotated[
        str | None,
        typer.Option(metavar="CRS", help="Their reference system, for rows that name none: WGS84, ..."),
    ] = None,
    network: Annotated[
        Path | None, typer.Option(help="Folder of a road network brought in; the shipped roads without it.")
    ] = None,
    od: Annotated[
        Path | None, typer.Option(help="Your own trips between zones, CSV, XLSX or Parquet (docs/od.md).")
    ] = None,
    counts: Annotated[
        Path | None, typer.Option(help="Your own link counts, to fit the truck trips to (docs/od.md).")
    ] = None,
    close: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Close roads: 'G5', 'G5 雅安..西昌', 'G5 km 1990..2010'."),
    ] = None,
    hazmat_close: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Close roads to hydrogen trailers only, written like --close."),
    ] = None,
    resilience: Annotated[
        float | None,
        typer.Option(help="Least share, 0-1, still served whichever one station is out (docs/explain.md)."),
    ] = None,
    detour: Annotated[
        float | None,
        typer.Option(help="Share of the shortest route driven on top to reach stations, 0-1."),
    ] = None,
    detour_decay: Annotated[
        float | None,
        typer.Option(help="Share of the drivers that still comes at that detour, 0-1 (docs/detours.md)."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="What siting is for: kg | trips | vehicle_km | co2 | net_benefit | least_cost "
            "(docs/objectives.md)."
        ),
    ] = None,
    simulate_days: Annotated[
        int | None,
        typer.Option(help="Days simulated at each station's dispensers, at least (docs/queues.md)."),
    ] = None,
    reuse: Annotated[
        bool, typer.Option(help="Take the stored plan of the same scenario if there is one.")
    ] = False,
    quiet: Annotated[bool, typer.Option(help="Print no tables.")] = False,
    as_json: Json = False,
) -> None:
    """Solve a scenario: stations, their sizes and their supply, proven and replayed."""
    from rich.console import Console

    from planner import exports, store, tables
    from planner.assembly import with_refused
    from planner.inputs import fingerprint
    from planner.pipeline import make_plan
    from planner.plan import summary
    from planner.point_input import with_points

    with reported(as_json=as_json):
        files = {"network": network, "od_table": od, "link_counts": counts}
        fields = {
            "stations": stations,
            "year": year,
            "objective": objective,
            "resilience": resilience,
            "detour": detour,
            "detour_decay": detour_decay,
            **{name: None if path is None else str(path) for name, path in files.items()},
        }
        settings = [*(settings or [])]
        if simulate_days is not None:
            settings.append(f"station.simulated_days={simulate_days}")
        closed = {"closures": close or [], "hazmat_closed": hazmat_close or []}
        begun = _begun(scenario_file, preset)
        scenario = _scenario(scenario_file, begun, settings=settings, fields=fields, closed=closed)
        if out is not None:
            exports.check_folder(out)
        scenario, refused = _with_sites(scenario, sites, crs=sites_crs)
        scenario = with_points(scenario, points, crs=points_crs)
        result = store.find(scenario, fingerprint(scenario)) if reuse else None
        if result is None:
            result = make_plan(scenario, on_progress=say)
            store.save(result)
        result = with_refused(result, refused)
        paths = exports.write_all(result, out) if out is not None else []
        if as_json:
            print_json(summary(result) | {"files": [str(path) for path in paths]})
        elif not quiet:
            tables.print_plan(result, Console())
        for path in paths:
            typer.echo(f"wrote {path}", err=True)


def _begun(path: Path | None, preset_id: str | None) -> dict[str, Any]:
    """Return the content of a scenario file or of a preset; nothing without either."""
    from planner.presets import preset
    from planner.scenario import read_toml

    if preset_id is None:
        return read_toml(path) if path is not None else {}
    if path is not None:
        raise InputError(Fault("a scenario file and a preset are both given", "--preset", "Choose one"))
    return preset(preset_id).model_dump(mode="json", exclude_unset=True)


def _scenario(
    path: Path | None,
    content: Mapping[str, Any],
    *,
    settings: list[str],
    fields: Mapping[str, object],
    closed: Mapping[str, list[str]],
) -> Scenario:
    """Return a scenario with the command line's options on top; closures add to its own."""
    from planner.scenario import validated, with_settings

    content = with_settings(content, settings)
    content |= {name: value for name, value in fields.items() if value is not None}
    scenario = validated(content, where=path.name if path is not None else "scenario")
    update = {name: (*getattr(scenario, name), *roads) for name, roads in closed.items()}
    return scenario.model_copy(update=update)


def _with_sites(scenario: Scenario, path: Path | None, *, crs: str | None) -> tuple[Scenario, pd.DataFrame]:
    """Return the scenario with the sites of a file, and those refused."""
    import pandas as pd

    from planner.inputs import load_inputs
    from planner.site_input import load_sites, to_added

    if path is None:
        if crs is not None:
            raise InputError(
                Fault("there is no file it could be for", "--sites-crs", "Give --sites FILE too")
            )
        return scenario, pd.DataFrame()
    inputs = load_inputs(scenario)
    in_use = [*inputs.sites.index, *inputs.refused_sites.index]
    result = load_sites(path, inputs.network, crs=crs, existing=in_use)
    added = (*scenario.added_sites, *to_added(result.taken, where=path.name))
    return scenario.model_copy(update={"added_sites": added}), result.refused


_MODELS = "flow-refueling | p-median | p-center | max-cover | set-cover | facility-location"


@app.command()
def locate(
    directory: Annotated[
        Path,
        typer.Argument(
            help="Folder with node.csv, link.csv (and flow.csv); facility.csv, customer.csv and cost.csv for "
            "facility location."
        ),
    ],
    *,
    model: Annotated[str, typer.Option(help=_MODELS)] = "flow-refueling",
    range_: Annotated[
        float | None, typer.Option("--range", help="Usable range, in the unit of link lengths.")
    ] = None,
    radius: Annotated[
        float | None, typer.Option(help="Covering radius, in the unit of link lengths.")
    ] = None,
    stations: Annotated[int | None, typer.Option(help="Most new stations.")] = None,
    locked: Annotated[
        list[str] | None, typer.Option(metavar="ID,ID", help="Sites that must be chosen.")
    ] = None,
    forbidden: Annotated[
        list[str] | None, typer.Option(metavar="ID,ID", help="Sites that must not be chosen.")
    ] = None,
    existing: Annotated[
        list[str] | None,
        typer.Option(metavar="ID,ID", help="Stations that stand already; they cost nothing."),
    ] = None,
    detour: Annotated[
        float, typer.Option(help="Share of the trip's length a driver accepts on top; 0 keeps to the path.")
    ] = 0.0,
    detour_decay: Annotated[
        float | None, typer.Option(help="With --detour: share of the volume that still comes at it, 0-1.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Instead of --stations: most the new ones may cost (node.csv: cost).")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(help="Instead of --stations: fewest or cheapest for this share of the volume, 0-1."),
    ] = None,
    target_of: Annotated[
        str, typer.Option(help="all | servable: share of all volume, or of what can be served at all.")
    ] = "all",
    one_way: Annotated[bool, typer.Option("--one-way", help="Trips end at their destination.")] = False,
    cyclic: Annotated[
        bool, typer.Option("--cyclic", help="Round trips leave home with what they came home with.")
    ] = False,
    start_fill: Annotated[
        float | None, typer.Option(help="Share of the tank at an origin without a station; 0.5 if not given.")
    ] = None,
    arrival_fill: Annotated[
        float | None, typer.Option(help="With --one-way: least share of the tank at the destination.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Wall-clock limit, seconds.")] = 60.0,
    gap: Annotated[float, typer.Option(help="Relative gap at which to stop, 0-1.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Solve a bare location instance in CSV files (docs/locate.md)."""
    from planner.locate import locate as locate_stations

    with reported(as_json=as_json):
        answer = locate_stations(
            directory,
            model=model,
            range_=range_,
            radius=radius,
            stations=stations,
            locked=_ids(locked),
            forbidden=_ids(forbidden),
            existing=_ids(existing),
            detour=detour,
            detour_decay=detour_decay,
            one_way=one_way,
            cyclic=cyclic,
            start_fill=start_fill,
            arrival_fill=arrival_fill,
            budget=budget,
            target=target,
            target_of=target_of,
            time_limit_s=time_limit,
            gap=gap,
        )
        if as_json:
            print_json(answer)
        else:
            for key, value in answer.items():
                shown = f"{len(value)} (listed with --json)" if key == "assignments" else value
                typer.echo(f"{key:<16} {shown}")
        if answer["status"] == "infeasible":
            leave_infeasible(answer["reason"])


def _ids(given: list[str] | None) -> list[str]:
    """Return ids given one by one or separated by commas."""
    return [name.strip() for text in given or [] for name in text.split(",") if name.strip()]


def main() -> None:
    """Run the command line; the console script ``chengyu``."""
    app()
