"""The card of a station: what it does, what it costs, why it is there, and the edits it takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from planner import edits
from planner.card_facts import sites_near, station_facts
from planner.drawing.figures import number, share, with_unit
from planner.scenario import MODULES_KG_PER_DAY
from planner.text import Language, text
from planner.views.cards import load_chart, parts, site_sheet
from planner.views.cards.actions import button, refusal
from planner.views.cards.site_sheet import worth_said
from planner.views.names import name
from planner.views.tables import MARKS, numbered
from siting.supply_network import ON_SITE_BASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from planner.card_facts import StationFacts
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.scenario import Scenario
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, site_id: str, language: Language) -> None:
    """Draw the card of a station of the plan.

    Parameters
    ----------
    session
        Edited by the buttons.
    plan, inputs
        What is shown.
    site_id
        Where the station stands.
    language
        Of the page.
    """
    facts = station_facts(plan, site_id)
    numbers = numbered(plan).set_index("site_id")["number"]
    title = f"{MARKS[facts.station['status']]} {numbers[site_id]} {name(facts.station, language)}"
    where = site_sheet.where(facts.station, inputs, language)
    st.html(parts.head(title, where, badges(facts, session.draft, language)))
    _edits(session, plan, inputs, facts, language)
    refusal(session, language)
    st.html(parts.figures(figures(facts, language)))
    _hours(facts, language)
    st.html(
        parts.heading(text("place_card.why", language))
        + "".join(parts.note(said, kind=kind) for said, kind in why(facts, plan, language))
    )
    st.html(_supply(facts, inputs, language) + _costs(facts, language))
    st.html(site_sheet.sheet(inputs, site_id, language))


def badges(facts: StationFacts, draft: Scenario, language: Language) -> list[tuple[str, str]]:
    """Return what the station is, and what the scenario in force asks of it."""
    status, site_id = str(facts.station["status"]), facts.station["site_id"]
    said = [(text(f"status.{status}", language), status)]
    asked = {
        "locked": site_id in draft.locked,
        "forbidden": site_id in draft.forbidden,
        "closed": site_id in draft.closed_stations,
    }
    kinds = {"locked": "good", "forbidden": "bad", "closed": "bad"}
    said += [(text(f"place_card.{what}", language), kinds[what]) for what, is_so in asked.items() if is_so]
    if site_id in draft.sizes:
        size = with_unit(draft.sizes[site_id], "kg_per_day", language)
        said.append((text("place_card.sized", language, size=size), "good"))
    if facts.is_weakest:
        said.append((text("place_card.weak", language), "warn"))
    return said


def figures(facts: StationFacts, language: Language) -> list[tuple[str, str, str]]:
    """Return the key figures: label, figure, note."""
    station, queue = facts.station, facts.queue
    form = station["form"]

    def label(key: str) -> str:
        return text(f"place_card.{key}", language)

    waits = text("place_card.wait_p95", language, wait=number(queue["wait_p95_min"], 1))
    needed = text("place_card.dispensers_needed", language, count=number(queue["dispensers_needed"]))
    size = with_unit(station["capacity_kg_per_day"], "kg_per_day", language)
    return [
        (
            label("load"),
            with_unit(station["load_kg_per_day"], "kg_per_day", language),
            text("place_card.of_size", language, size=size),
        ),
        (label("utilization"), share(station["utilization"]), ""),
        (label("trips"), number(facts.trips_per_day, 1), text("unit.trips_per_day", language)),
        (label("dispensers"), number(queue["dispensers"]), needed),
        (label("wait"), f"{number(queue['wait_mean_min'], 1)} min", waits),
        (
            label("nozzle"),
            number(facts.nozzle_cost_cny_per_kg, 1),
            text("unit.cny_per_kg", language),
        ),
        (
            label("form"),
            text(f"form.{form}", language) if form else text("form.unknown", language),
            "",
        ),
        (label("footprint"), with_unit(station["footprint_m2"], "m2", language), ""),
    ]


def why(facts: StationFacts, plan: Plan, language: Language) -> list[tuple[str, str]]:
    """Return why the station is there: sentences and their kinds."""
    loss, site_id = facts.loss, facts.station["site_id"]
    said: list[tuple[str, str]] = []
    if facts.station["status"] == "existing":
        said.append((text("place_card.why_existing", language), ""))
    elif site_id in plan.scenario.locked:
        said.append((text("place_card.why_locked", language), ""))
    if loss.amount is None:
        said.append((text("place_card.why_unknown", language), ""))
    elif loss.amount > 0.0:
        said.append((text("place_card.why_lost", language, **worth_said(loss, language)), ""))
    else:
        said.append((text("place_card.why_spare", language), ""))
    if facts.is_weakest:
        said.append((text("place_card.weakest", language), "warn"))
    if loss.amount is not None:
        said.append((text("place_card.before_room", language), "soft"))
    return said


def _edits(session: Session, plan: Plan, inputs: Inputs, facts: StationFacts, language: Language) -> None:
    """Draw the buttons; what the scenario in force asks already can be taken back."""
    draft, site_id, status = session.draft, facts.station["site_id"], facts.station["status"]
    with st.container(key="card-edits", horizontal=True, gap="small"):
        if status == "existing":
            if site_id in draft.closed_stations:
                button(session, "reopen", partial(edits.reopen, site_id=site_id), language)
                return
            closed = partial(edits.remove, site_id=site_id, status="existing")
            button(session, "shut", closed, language)
        else:
            if site_id in draft.locked:
                button(session, "unlock", partial(edits.unlock, site_id=site_id), language)
            else:
                button(session, "lock", partial(edits.lock, site_id=site_id), language)
            if site_id in draft.forbidden:
                button(session, "allow", partial(edits.allow, site_id=site_id), language)
                return
            button(session, "forbid", partial(edits.forbid, site_id=site_id), language)
            button(session, "remove", partial(edits.remove, site_id=site_id), language)
            _resize(session, site_id, facts, language)
        _move(session, plan, inputs, facts, language)


def _move(session: Session, plan: Plan, inputs: Inputs, facts: StationFacts, language: Language) -> None:
    """Draw the choice of another site."""
    site_id, status = facts.station["site_id"], facts.station["status"]
    near = sites_near(plan, inputs, session.draft, site_id)
    with st.popover(text("place_card.move_to", language), icon=":material/open_with:"):
        if near.empty:
            st.caption(text("place_card.none_near", language))
            return
        said = {
            str(other): f"{name(row, language)} · {number(row['apart_km'], 1)} km"
            for other, row in near.iterrows()
        }
        target = st.selectbox(
            text("place_card.move_choose", language),
            list(said),
            format_func=lambda other: said[other],
            key=f"card-move-target-{site_id}",
        )
        move = partial(edits.move, from_id=site_id, to_id=target, status=status)
        button(session, "move", move, language, primary=True)


def _resize(session: Session, site_id: str, facts: StationFacts, language: Language) -> None:
    """Draw the choice of a size."""
    asked = session.draft.sizes.get(site_id)
    with st.popover(text("place_card.resize_to", language), icon=":material/aspect_ratio:"):
        size = st.segmented_control(
            text("place_card.resize_choose", language),
            MODULES_KG_PER_DAY,
            default=int(asked or facts.station["capacity_kg_per_day"]),
            required=True,
            format_func=lambda kg: f"{kg:,}",
            key=f"card-size-{site_id}",
        )
        resize = partial(edits.resize, site_id=site_id, kg_per_day=float(size))
        button(session, "resize", resize, language, primary=True, disabled=asked == size)
        if asked is not None:
            button(session, "unsize", partial(edits.unsize, site_id=site_id), language)


def _hours(facts: StationFacts, language: Language) -> None:
    """Draw the load by hour; nothing where nothing is sold."""
    if not facts.station["load_kg_per_day"] or facts.hours.empty:
        return
    st.html(parts.heading(text("place_card.hours", language)))
    st.altair_chart(
        load_chart.draw(facts.hours, language, theme=st.context.theme.type),
        width="stretch",
        theme=None,
        key="card-hours",
        alt=load_chart.alternative(facts.hours, language),
    )
    st.html(parts.note(text("place_card.hours_note", language), kind="soft"))


def _supply(facts: StationFacts, inputs: Inputs, language: Language) -> str:
    """Return where the hydrogen comes from."""
    title = parts.heading(text("place_card.supply", language))
    if not facts.links:
        return title + parts.note(text("place_card.no_supply", language))
    return title + parts.facts(dict(_link(link, inputs, language) for link in facts.links), kind="figures")


def _link(link: Mapping[str, Any], inputs: Inputs, language: Language) -> tuple[str, str]:
    """Return base, and how much comes how and from how far."""
    mode = text(f"mode.{link['mode']}", language)
    amount = with_unit(link["kg_per_day"], "kg_per_day", language)
    price = with_unit(link["delivered_cny_per_kg"], "cny_per_kg", language, digits=1)
    if link["base_id"] == ON_SITE_BASE:
        return mode, f"{amount} · {price}"
    base = name(inputs.bases.loc[link["base_id"]], language)
    far = with_unit(link["distance_km"], "km", language)
    return f"{base} · {mode}", f"{amount} · {far} · {price}"


def _costs(facts: StationFacts, language: Language) -> str:
    """Return what a kilogram is made of; nothing without hydrogen."""
    if facts.nozzle_cost_cny_per_kg is None:
        return ""
    rows = [
        (text(f"place_card.{part.removesuffix('_cny_per_kg')}", language), value, number(value, 2))
        for part, value in facts.cost_parts.items()
    ]
    total = with_unit(facts.nozzle_cost_cny_per_kg, "cny_per_kg", language, digits=2)
    return parts.heading(text("place_card.costs", language, total=total)) + parts.shares(rows)
