"""``chengyu frontier``: what each budget serves at most, with what is proven of it."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from corridor.errors import Fault, InputError
from planner.demand_cli import ScenarioFile, Settings  # noqa: TC001  Typer reads annotations
from planner.exports import check_folder
from planner.frontier import ANY_NUMBER, DEFAULT_POINTS, solve_frontier
from planner.frontier_report import content, printed, write
from planner.scenario import read_toml, validated, with_settings
from planner.terminal import EXIT_STOPPED, Json, print_json, reported, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from planner.scenario import Scenario

app = typer.Typer()

#: Width of a page that is no terminal, characters.
_PAGE = 132


@app.command()
def frontier(
    scenario_file: ScenarioFile = None,
    *,
    budgets: Annotated[
        str | None,
        typer.Option(metavar="B,B,...", help="Budgets, 10,000 CNY, the smallest first: 5000,10000,20000."),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="In place of --budgets: so many, evenly spaced from the cheapest station to what serves "
            f"all; {DEFAULT_POINTS} if not given.",
        ),
    ] = None,
    stations: Annotated[
        int | None, typer.Option(help="Largest number of new stations; any number without it.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="2027, 2030 or 2035.")] = None,
    objective: Annotated[
        str | None, typer.Option(help="What counts: kg | trips | vehicle_km | co2 (docs/objectives.md).")
    ] = None,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for CSV, JSON and the chart as SVG.")
    ] = None,
    as_json: Json = False,
) -> None:
    """成本–覆盖前沿 · What each budget serves at most, with proofs (docs/frontier.md).

    Each budget is searched for as long as solve.time_limit_s and solve.rounds allow. Ctrl-C keeps the budgets
    done so far, and the plan at hand.
    """
    with reported(as_json=as_json):
        fields = {"stations": stations, "year": year, "objective": objective}
        scenario = _scenario(scenario_file, settings or [], fields)
        if budgets is not None and points is not None:
            mend = "Give the budgets, or how many there should be"
            raise InputError(Fault("both say which budgets", "--budgets, --points", mend))
        if out is not None:
            check_folder(out)
        with _interruptible() as should_stop:
            found = solve_frontier(
                scenario,
                budgets_wan_cny=None if budgets is None else _numbers(budgets),
                n_points=DEFAULT_POINTS if points is None else points,
                on_progress=say,
                should_stop=should_stop,
            )
        paths = write(found, out) if out is not None else []
        if as_json:
            print_json(content(found) | {"files": [str(path) for path in paths]})
        else:
            console = Console()
            (console if console.is_terminal else Console(width=_PAGE)).print(printed(found))
        for path in paths:
            typer.echo(f"wrote {path}", err=True)
        if not found.is_whole:
            typer.echo(f"chengyu: stopped; {len(found.points)} points were kept", err=True)
            raise typer.Exit(EXIT_STOPPED)


def _scenario(path: Path | None, settings: list[str], fields: Mapping[str, object]) -> Scenario:
    """Return the scenario; the number of stations is only limited where a person says so."""
    asked = with_settings(read_toml(path) if path is not None else {}, settings)
    asked |= {name: value for name, value in fields.items() if value is not None}
    return validated({"stations": ANY_NUMBER} | asked, where=path.name if path is not None else "scenario")


def _numbers(written: str) -> list[float]:
    """Return numbers separated by commas."""
    numbers = []
    for each in (part.strip() for part in written.split(",")):
        try:
            numbers.append(float(each))
        except ValueError as error:
            mend = "Write e.g. --budgets 5000,10000"
            raise InputError(Fault(f"{each!r} is no number", "--budgets", mend)) from error
    return numbers


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C ask to stop, so that what is done is kept; a second one leaves at once."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)
        typer.echo("chengyu: stopping; what is done is kept (Ctrl-C again leaves at once)", err=True)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
