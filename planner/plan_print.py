"""A plan on paper: one page of HTML with scenario, figures, map, whole tables, proof and sources."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from planner.plan_map_contents import map_contents
from planner.plan_map_svg import to_svg
from planner.print_tables import cost_table, key_figures, siting_table, supply_table
from planner.proof_words import goal, proof_rows, verdict
from planner.scenario_words import scenario_words
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.print_tables import PrintTable

_TAGS = {"zh": "zh-CN", "en": "en"}
_DIGITS, _SHORT_DIGITS = 12, 8


def to_html(plan: Plan, inputs: Inputs, language: Language) -> str:
    """Return the plan as one self-contained HTML file that is well-formed XML, too.

    Parameters
    ----------
    plan
        What is printed.
    inputs
        Tables of its scenario.
    language
        Of the page.
    """
    title = f"{text('print.heading', language)} · {plan.scenario.name} · {plan.scenario.year}"
    return (
        f'<!DOCTYPE html>\n<html lang="{_TAGS[language]}" xmlns="http://www.w3.org/1999/xhtml">'
        f'<head><meta charset="utf-8"/><title>{escape(title)}</title><style>{style_sheet()}</style></head>'
        f"<body>{sheet(plan, inputs, language, drawn_map=map_svg(plan, inputs, language))}</body></html>\n"
    )


def style_sheet() -> str:
    """Return the style of the printed page."""
    return resources.files("planner").joinpath("print.css").read_text(encoding="utf-8")


def map_svg(plan: Plan, inputs: Inputs, language: Language) -> str:
    """Return the map of a plan as SVG."""
    return to_svg(map_contents(plan, inputs, language), language)


def sheet(plan: Plan, inputs: Inputs, language: Language, *, drawn_map: str) -> str:
    """Return the page without head: all text escaped.

    Parameters
    ----------
    plan, inputs, language
        As for :func:`to_html`.
    drawn_map
        Markup of the map: the SVG of :func:`map_svg`, or an image of it.
    """
    scenario = plan.scenario
    sections = [
        _section("scenario", _pairs(scenario_words(scenario, inputs, language)), language),
        _section("figures", _pairs(key_figures(plan, language).items()), language),
        _section("map", f'<div class="map">{drawn_map}</div>', language),
        _tables(plan, inputs, language),
        _proof(plan, language),
        _section("origin", _origin(plan, language), language),
    ]
    title = f"<h1>{escape(text('app.title', language))}</h1>"
    named = f"{text('print.heading', language)} · {scenario.name} · {scenario.year}"
    return (
        f'<article class="sheet"><header>{title}<p>{escape(named)}</p></header>{"".join(sections)}</article>'
    )


def _section(name: str, content: str, language: Language, *, heading: str | None = None) -> str:
    """Return a section under its heading."""
    title = text(f"print.{name}", language) if heading is None else heading
    return f'<section class="{name}"><h2>{escape(title)}</h2>{content}</section>'


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return labels and values as a table of two columns."""
    cells = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td>{escape(value)}</td></tr>' for label, value in rows
    )
    return f'<table class="pairs"><tbody>{cells}</tbody></table>'


def _table(table: PrintTable) -> str:
    """Return a whole table; figures stand to the right."""
    kinds = ["word" if column < table.words else "figure" for column in range(len(table.headings))]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(heading)}</th>'
        for kind, heading in zip(kinds, table.headings, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    return f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _note(key: str, language: Language) -> str:
    """Return a remark under a table."""
    return f'<p class="note">{escape(text(key, language))}</p>'


def _tables(plan: Plan, inputs: Inputs, language: Language) -> str:
    """Return siting table, supply table and costs."""
    if plan.stations.empty:
        return _section(
            "stations", _note("table.empty", language), language, heading=text("table.stations", language)
        )
    stations = _table(siting_table(plan, inputs, language)) + _note("print.stations_note", language)
    supply = _table(supply_table(plan, inputs, language)) + _note("print.supply_note", language)
    return "".join(
        (
            _section("stations", stations, language, heading=text("table.stations", language)),
            _section("supply", supply, language, heading=text("table.supply", language)),
            _section("costs", _table(cost_table(plan, language)), language),
        )
    )


def _proof(plan: Plan, language: Language) -> str:
    """Return what was proven, and what a person should know."""
    proof = plan.certificate
    rows = proof_rows(proof, plan.replay, language, objective=plan.scenario.objective)
    said = f"<p><b>{escape(verdict(proof, language))}</b> {escape(goal(plan, language))}</p>"
    notices = [notice.say(language) for notice in plan.notices] or [text("table.no_notices", language)]
    items = "".join(f"<li>{escape(notice)}</li>" for notice in notices)
    return _section(
        "proven",
        said + _pairs(rows.items()) + f'<ul class="notices">{items}</ul>',
        language,
        heading=text("table.certificate", language),
    )


def _origin(plan: Plan, language: Language) -> str:
    """Return where data and figures come from."""
    made = plan.provenance
    lines = [text("app.attribution", language), text("app.disclaimer", language)]
    if "scenario_identity" in made:
        lines.append(
            text(
                "print.identity",
                language,
                identity=made["scenario_identity"][:_DIGITS],
                fingerprint=made["fingerprint"][:_DIGITS],
                created=made["created_utc"],
            )
        )
        versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        lines.append(text("print.versions", language, versions=versions))
        files = ", ".join(f"{name} {value[:_SHORT_DIGITS]}" for name, value in made["data_sha256"].items())
        lines.append(text("print.data", language, files=files))
    return "".join(f'<p class="note">{escape(line)}</p>' for line in lines)
