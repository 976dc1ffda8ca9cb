"""``chengyu supply``: where a plan's hydrogen comes from, and what bringing hydrogen to a station costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from corridor import sources
from corridor.errors import Fault, InputError
from planner import store
from planner.delivery_table import Terms, beside_published, by_distance, crossover_km, published_crossover_km
from planner.demand_cli import ScenarioFile, Settings, scenario_of
from planner.exports import check_folder
from planner.inputs import assumptions_in_force, fingerprint
from planner.pipeline import make_plan
from planner.plan import records
from planner.scenario import validated, with_settings
from planner.supply_report import (
    bases_table,
    cost_table,
    links_table,
    nozzle_table,
    stored_report,
    summary_lines,
    supply_report,
)
from planner.terminal import Json, print_json, reported
from planner.text import text
from siting.delivery import PARTS
from siting.delivery_modes import MODES

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan
    from planner.progress import Progress
    from planner.scenario import Scenario

app = typer.Typer(
    no_args_is_help=True,
    help="氢气供应 · Supply of hydrogen: of a plan by month; cost of delivery by distance and mode.",
)

#: Width of a page that is no terminal, characters.
_PAGE = 120

_DISTANCES = "25,50,100,200,300,400,500"


@app.command()
def plan(
    scenario_file: ScenarioFile = None,
    *,
    plan: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A plan written by chengyu plan --out, as it is.")
    ] = None,
    stations: Annotated[int | None, typer.Option(help="Largest number of new stations.")] = None,
    year: Annotated[int | None, typer.Option(help="2027, 2030 or 2035.")] = None,
    green_only: Annotated[bool, typer.Option("--green-only", help="No by-product hydrogen.")] = False,
    on_site: Annotated[bool, typer.Option("--on-site", help="Stations may make hydrogen, too.")] = False,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the tables as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Print which base supplies which station, how and when, what it costs, and what is left for export."""
    with reported(as_json=as_json):
        if out is not None:
            check_folder(out)
        asked = {"green_only": green_only or None, "on_site": on_site or None}
        fields = {"stations": stations, "year": year, **asked}
        if plan is not None:
            if any(value is not None for value in (scenario_file, settings, *fields.values())):
                mend = "Give either a plan, or a scenario with its options"
                raise InputError(Fault("a stored plan has its own scenario", "--plan", mend))
            report = stored_report(plan)
        else:
            given = {name: value for name, value in fields.items() if value is not None}
            scenario = scenario_of(scenario_file, settings)
            scenario = validated(scenario.model_dump() | given, where="scenario") if given else scenario
            report = supply_report(_solved(scenario))
        paths = report.write_csv(out) if out is not None else []
        if as_json:
            print_json(report.content() | {"files": [str(path) for path in paths]})
            return
        console = _console()
        for table in (
            links_table(report),
            nozzle_table(report),
            bases_table(report),
            cost_table(report),
        ):
            console.print(table)
        for line in summary_lines(report):
            console.print(line)
        for path in paths:
            typer.echo(f"wrote {path}", err=True)


def _solved(scenario: Scenario) -> Plan:
    """Return the scenario's plan, the stored one if there is one."""
    result = store.find(scenario, fingerprint(scenario))
    if result is None:
        result = make_plan(scenario, on_progress=_say)
        store.save(result)
    return result


def _say(progress: Progress) -> None:
    """Print one line of progress on stderr."""
    typer.echo(f"[{progress.seconds:6.1f} s] {progress.stage:<8} {progress.message}", err=True)


def _console() -> Console:
    """Return a console that is as wide as a page where there is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=_PAGE)


@app.command()
def delivery(
    *,
    mode: Annotated[
        list[str] | None, typer.Option(metavar="MODE,...", help=f"{' | '.join(MODES)}; all without it.")
    ] = None,
    km: Annotated[str, typer.Option(metavar="KM,...", help="Distances one way, by motorway.")] = _DISTANCES,
    kg_per_day: Annotated[
        float, typer.Option(help="Delivered to one station: sizes a pipeline, counts vehicles.")
    ] = 1000.0,
    hydrogen_cny_per_kg: Annotated[
        float | None,
        typer.Option(help="Value of hydrogen at the base, for what is lost; mean of the bases without it."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any assumption.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the cost of delivery by mode and distance, its parts, and published figures beside it."""
    with reported(as_json=as_json):
        folder = sources.data_directory()
        assumptions = sources.read_assumptions(folder)
        scenario = validated(with_settings({}, settings or []), where="--set")
        values, unusual = assumptions_in_force(assumptions, scenario.assumptions)
        if hydrogen_cny_per_kg is None:
            hydrogen_cny_per_kg = float(sources.read_bases(folder)["production_cny_per_kg"].mean())
        elif not 0.0 <= hydrogen_cny_per_kg < float("inf"):
            raise InputError(Fault("no price", "--hydrogen-cny-per-kg", "Give CNY/kg from 0 up"))
        terms = Terms(assumptions=values, hydrogen_cny_per_kg=hydrogen_cny_per_kg)
        modes = [name.strip() for each in mode or MODES for name in each.split(",") if name.strip()]
        table = by_distance(terms, modes=modes, km=_numbers(km), kg_per_day=kg_per_day)
        published = beside_published(terms, assumptions)
        crossing, told = crossover_km(terms), published_crossover_km(assumptions)
        for notice in unusual:
            typer.echo(f"! {notice.say('zh')}\n  {notice.say('en')}", err=True)
        if as_json:
            crossover = {"model_km": crossing, "published_km": told}
            content = {"delivery": records(table), "published": records(published), "crossover": crossover}
            print_json(content)
            return
        console = _console()
        console.print(_costs(table))
        console.print(_published(published))
        model = "–" if crossing is None else f"{crossing:,.0f} km"
        console.print(
            f"液氢更经济的运距 Liquid is cheaper than 20 MPa tubes from {model}; published {told:,.0f} km"
        )


def _numbers(written: str) -> list[float]:
    """Return numbers separated by commas."""
    numbers = []
    for each in filter(None, (part.strip() for part in written.split(","))):
        try:
            numbers.append(float(each))
        except ValueError as error:
            raise InputError(Fault(f"{each} is no number", "--km", "Write e.g. --km 50,100")) from error
    if not numbers:
        raise InputError(Fault("no distance", "--km", "Write e.g. --km 50,100"))
    return numbers


def _costs(table: pd.DataFrame) -> Table:
    """Return cost and parts by mode and distance."""
    kg = table["kg_per_day"].iloc[0]
    shown = Table(title=f"运氢成本 Cost of delivery, CNY/kg, {kg:,.0f} kg/d", box=box.SIMPLE)
    shown.add_column("方式\nmode", no_wrap=True)
    headings = (
        "电\npower",
        "装置\nplant",
        "车辆\nfleet",
        "人工\ncrew",
        "油路费\nfuel",
        "损耗\nloss",
    )
    for heading in ("km", "合计\ntotal", *headings, "趟/日\ntrips", "挂车\ntrailer", "牵引车\ntractor"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in table.to_dict("records"):
        shown.add_row(
            text(f"mode.{row['mode']}", "en").removeprefix("tube trailer "),
            f"{row['km']:,.0f}",
            f"{row['cny_per_kg']:.2f}",
            *(f"{row[part]:.2f}" for part in PARTS),
            f"{row['trips_per_day']:.1f}",
            f"{row['trailers']}",
            f"{row['tractors']}",
        )
    return shown


def _published(published: pd.DataFrame) -> Table:
    """Return published figures and the model beside them."""
    shown = Table(title="与公布数据对照 Beside published figures, CNY/kg", box=box.SIMPLE)
    for heading in ("来源 study", "方式 mode"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("km", "公布 published", "模型 model", "偏差 misfit"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("标定 calibrated to")
    for row in published.to_dict("records"):
        shown.add_row(
            row["study"],
            row["mode"],
            f"{row['km']:,.0f}",
            f"{row['published_cny_per_kg']:.2f}",
            f"{row['model_cny_per_kg']:.2f}",
            f"{row['misfit']:+.0%}",
            "√" if row["calibrated"] else "",
        )
    return shown
