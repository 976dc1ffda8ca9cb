"""Baseline and current plan side by side: what an edit is worth, station by station."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from planner.changes import changes
from planner.comparison import compare, is_same, stations_csv
from planner.drawing.figures import number, share
from planner.text import Language, text
from planner.views import certificate, comparison_map, kpis
from planner.views.comparison_tables import difference_table, scenario_list, stations_table, supply_table
from planner.views.kpi_names import change_said, figure_name, figure_said
from planner.views.style import escaped

if TYPE_CHECKING:
    from planner.comparison import Comparison, Difference
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.session import Session

#: Figures told above the maps; all are in the table below.
_FIRST = ("served_kg_per_day", "stations_new", "capex_wan_cny", "hydrogen_cny_per_kg", "green_share")

#: Marks of the stations as on the maps.
_LEGEND = {
    "added": "⊕",
    "removed": "⊗",
    "grown": "▲",
    "shrunk": "▼",
    "kept": "●",
    "existing": "○",
    "ghost": "◌",
}


def draw(session: Session, plan: Plan | None, inputs: Inputs, language: Language) -> None:
    """Draw the view: which plans, what differs, both maps, the stations that changed.

    Parameters
    ----------
    session
        Its baseline is what the plan is compared with.
    plan
        The current plan; None while there is none.
    inputs
        Of the current plan.
    language
        Of the texts.
    """
    baseline = session.baseline
    if plan is None or baseline is None:
        st.info(text("compare.no_plan", language), icon=":material/hourglass_empty:")
        return
    if is_same(baseline, plan):
        _head(session, baseline, plan, language)
        st.info(text("compare.same", language), icon=":material/compare:")
        return
    found = compare(baseline, plan)
    _head(session, baseline, plan, language)
    kpis.row([*(_card(row, language) for row in _told_first(found)), _proof_card(found, language)])
    comparison_map.draw(found, inputs, language)
    st.html(legend(language))
    _tables(found, inputs, language)


def _head(session: Session, baseline: Plan, plan: Plan, language: Language) -> None:
    """Draw which plans these are, and the button that makes the current one the baseline."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="compare-head"
    ):
        said = " ".join(
            f'<span class="which {key}"><b>{escaped(text(f"compare.{key}", language))}</b> '
            f"{escaped(_plan_said(one, language))}</span>"
            for key, one in (("baseline", baseline), ("current", plan))
        )
        st.html(f'<p class="proof-line compared">{said}</p>', width="content")
        st.button(
            text("compare.set_baseline", language),
            key="compare-set-baseline",
            help=text("compare.set_baseline_help", language),
            icon=":material/flag:",
            disabled=is_same(baseline, plan),
            on_click=_set_baseline,
            args=(session, plan),
        )


def _set_baseline(session: Session, plan: Plan) -> None:
    """Compare with this plan from now on."""
    session.baseline = plan


def _plan_said(plan: Plan, language: Language) -> str:
    """Return which plan this is, in a few words."""
    return text(
        "compare.plan_said",
        language,
        name=plan.scenario.name,
        year=plan.scenario.year,
        new=number(plan.kpis["stations_new"]),
        served=number(plan.kpis["served_kg_per_day"]),
    )


def _told_first(found: Comparison) -> list[Difference]:
    """Return the figures above the maps that there are."""
    rows = {row.key: row for row in found.figures}
    return [rows[key] for key in _FIRST if key in rows]


def _card(row: Difference, language: Language) -> str:
    """Return one figure of the current plan with its change."""
    value, unit = figure_said(row.current, row.unit, language)
    before, _ = figure_said(row.baseline, row.unit, language)
    return (
        f'<div class="kpi" data-kpi="{row.key}" data-delta="{row.delta or 0.0:.6g}">'
        f'<div class="label">{escaped(figure_name(row.key, language))}</div>'
        f'<div class="value">{escaped(value)}<small>{escaped(unit)}</small></div>'
        f'<div class="note">{change_mark(row, language)}<br/>'
        f"{escaped(text('compare.was', language, value=before))}{_standing_note(row, language)}</div></div>"
    )


def change_mark(row: Difference, language: Language) -> str:
    """Return the change of a figure as HTML: amount, share, and in words whether that is better."""
    if not row.delta:
        return f'<span class="change none">{escaped(text("compare.unchanged", language))}</span>'
    said = change_said(row.delta, row.unit, language)
    if row.relative is not None and row.unit != "share":
        said += f" ({'+' if row.relative > 0 else '−'}{share(abs(row.relative), 1)})"
    verdict = {True: "better", False: "worse", None: "other"}[row.is_better]
    words = "" if row.is_better is None else f" {text(f'compare.{verdict}', language)}"
    return f'<span class="change {verdict}">{escaped(said)}{escaped(words)}</span>'


def _standing_note(row: Difference, language: Language) -> str:
    """Return the remark on a change that is within the gap of the certificates, as HTML."""
    if row.standing != "within_gap" or not row.delta:
        return ""
    return f'<br/><em class="gap">{escaped(text("compare.within_gap", language))}</em>'


def _proof_card(found: Comparison, language: Language) -> str:
    """Return what is proven of the order of the two plans."""
    standing = found.objective.standing
    badge = {"proven": "optimal", "within_gap": "feasible"}.get(str(standing), "unknown")
    return (
        f'<div class="kpi" data-kpi="standing" data-standing="{standing}">'
        f'<div class="label">{escaped(text("compare.standing", language))}</div>'
        f'<div class="value"><span class="badge {badge}">'
        f"{escaped(text(f'compare.{standing}_short', language))}</span></div>"
        f'<div class="note">{escaped(text(f"compare.{standing}_said", language))}</div></div>'
    )


def legend(language: Language) -> str:
    """Return what the marks on the maps mean, as HTML."""
    words = {key: text(f"compare.legend_{key}", language) for key in _LEGEND}
    entries = "".join(
        f'<span class="entry"><b class="{key}">{sign}</b>{escaped(words[key])}</span>'
        for key, sign in _LEGEND.items()
    )
    return f'<div class="legend compared">{entries}</div>'


def _tables(found: Comparison, inputs: Inputs, language: Language) -> None:
    """Draw the tables: all figures, stations that changed, supply, scenario, certificates."""
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        st.html(difference_table(found, language))
    with right:
        names = ("stations", "supply", "scenario", "certificate")
        tabs = dict(
            zip(names, st.tabs([text(f"compare.tab_{name}", language) for name in names]), strict=True)
        )
        with tabs["stations"]:
            _stations(found, inputs, language)
        with tabs["supply"]:
            st.html(supply_table(found, inputs.bases, language))
        with tabs["scenario"]:
            before, after = found.baseline.scenario, found.current.scenario
            told = changes(before, after, language, inputs.sites, assumptions=inputs.assumptions)
            st.html(scenario_list(told, language))
        with tabs["certificate"]:
            _certificates(found, language)


def _stations(found: Comparison, inputs: Inputs, language: Language) -> None:
    """Draw how many stations changed, which, and the download."""
    counts = {name: number(found.count(name)) for name in ("added", "removed", "resized", "load", "same")}
    st.caption(text("compare.counts", language, **counts))
    changed = found.changed()
    if changed.empty:
        st.info(text("compare.no_station_changed", language))
        return
    table, configured = stations_table(changed, inputs.bases, language)
    options: dict[str, Any] = {"hide_index": True, "placeholder": "–", "key": "compare-stations"}
    st.dataframe(
        table,
        column_order=tuple(configured),
        column_config=configured,
        alt=text("compare.tab_stations", language),
        **options,
    )
    st.download_button(
        text("compare.csv", language),
        data=partial(stations_csv, found),
        file_name=f"{found.current.scenario.name}-{found.current.scenario.year}-changes.csv",
        mime="text/csv",
        key="compare-csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _certificates(found: Comparison, language: Language) -> None:
    """Draw both certificates and what they say together."""
    together = text(f"compare.{found.objective.standing}_said", language)
    st.html(f'<p class="proof-line"><b>{escaped(together)}</b></p>')
    for key, plan in (("baseline", found.baseline), ("current", found.current)):
        said = f"{text(f'compare.{key}', language)} · {certificate.verdict(plan.certificate, language)}"
        proof = certificate.table(plan.certificate, plan.replay, language, objective=plan.scenario.objective)
        st.html(f'<p class="proof-line">{escaped(said)}</p>{proof}')
