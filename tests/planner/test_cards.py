"""Cards of stations and sites: what they say, and what their buttons do to the scenario."""

import re
from math import asin, cos, radians, sin, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from corridor.errors import Fault, InputError
from planner.card_facts import NEAR_KM, county_of, site_facts, sites_near, station_facts
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import session
from planner.views.cards import load_chart
from planner.views.session import Session

EXISTING = "ST-LONGQUANYI"


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=4)


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


def new_station(plan, *, rank=0):
    """Return the new station with the largest load, or the next ones."""
    new = plan.stations[plan.stations["status"] == "new"]
    return new.sort_values("load_kg_per_day", ascending=False)["site_id"].iloc[rank]


def candidate(plan, *, rank=0):
    return plan.gains.loc[plan.gains["status"] == "candidate", "site_id"].iloc[rank]


def haversine_km(a, b):
    lat_a, lat_b = radians(a["lat"]), radians(b["lat"])
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin(radians(b["lon"] - a["lon"]) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(half))


def test_trips_of_a_station_are_counted_flow_by_flow(plan):
    for site in plan.stations["site_id"]:
        trips = 0.0
        for flow in plan.flows[plan.flows["served_kg_per_day"] > 0].itertuples():
            if site in flow.stations.split():
                trips += flow.trips_per_day * flow.served_kg_per_day / flow.kg_per_day
        assert station_facts(plan, site).trips_per_day == pytest.approx(trips)
    assert station_facts(plan, new_station(plan)).trips_per_day > 1.0


def test_costs_add_up_and_links_bring_the_load(plan):
    for row in plan.stations.itertuples():
        facts = station_facts(plan, row.site_id)
        assert sum(link["kg_per_day"] for link in facts.links) == pytest.approx(row.load_kg_per_day, rel=1e-6)
        kg = [link["kg_per_day"] for link in facts.links]
        assert kg == sorted(kg, reverse=True)
        if facts.nozzle_cost_cny_per_kg is None:
            assert row.load_kg_per_day == 0.0
            continue
        assert sum(facts.cost_parts.values()) == pytest.approx(facts.nozzle_cost_cny_per_kg)
        assert facts.hours["kg_per_hour"].sum() == pytest.approx(row.load_kg_per_day)


def test_the_weakest_station_is_that_whose_loss_is_largest(plan):
    losses = plan.gains.set_index("site_id")["loss_kg_per_day"].dropna()
    found = {site: station_facts(plan, site) for site in plan.stations["site_id"]}
    assert [site for site, facts in found.items() if facts.is_weakest] == [losses.idxmax()]
    for site, facts in found.items():
        assert facts.loss.rank == 1 + (losses > losses[site]).sum()
        assert facts.loss.count == len(losses)
        assert facts.loss.share == pytest.approx(losses[site] / plan.certificate.incumbent)


def test_sites_near_are_free_and_come_nearest_first(plan, inputs):
    site = new_station(plan)
    locked, forbidden = candidate(plan), candidate(plan, rank=1)
    draft = Scenario(locked=(locked,), forbidden=(forbidden,))
    here = inputs.sites.loc[site]
    apart = {
        other: haversine_km(here, row)
        for other, row in inputs.sites.iterrows()
        if row["status"] != "existing" and other not in {*plan.stations["site_id"], locked, forbidden}
    }
    expected = sorted((km, other) for other, km in apart.items() if km <= NEAR_KM)
    near = sites_near(plan, inputs, draft, site)
    assert len(near) > 1
    assert near.index.tolist() == [other for _, other in expected]
    assert np.allclose(near["apart_km"], [km for km, _ in expected])


def test_a_site_says_its_gain_and_the_stations_beside_it(plan, inputs):
    best = candidate(plan)
    facts = site_facts(plan, inputs, best)
    assert facts.gain.rank == 1
    assert facts.gain.amount == plan.gains["gain_kg_per_day"].max()
    km = [haversine_km(facts.site, row) for _, row in plan.stations.iterrows()]
    assert [row["apart_km"] for row in facts.beside] == pytest.approx(sorted(km)[:3])
    assert facts.no_room_kg_per_day >= 0.0
    with pytest.raises(KeyError):
        site_facts(plan, inputs, "NOWHERE")
    with pytest.raises(KeyError):
        station_facts(plan, best)


def test_counties_are_named_as_far_as_they_are_known(inputs):
    assert county_of(inputs, EXISTING)["name_zh"] == "龙泉驿区"
    unknown = SimpleNamespace(
        sites=inputs.sites.assign(county_code=None), zones=inputs.zones, far_zones=inputs.far_zones
    )
    assert county_of(unknown, EXISTING) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_holds_every_hour_and_can_be_read_aloud(plan, language):
    hours = station_facts(plan, new_station(plan)).hours
    drawn = load_chart.draw(hours, language, theme="dark").to_dict()
    (rows,) = drawn["datasets"].values()
    assert [row["kg_per_hour"] for row in rows] == pytest.approx(hours["kg_per_hour"].tolist())
    assert [row["until"] for row in rows] == [*range(1, 25)]
    said = load_chart.alternative(hours, language)
    assert f"{hours['kg_per_hour'].max():.1f}" in said
    assert f"{hours['design_day_kg_per_hour'].max():.1f}" in said


def page():
    import streamlit as st

    from planner.views.cards import place

    state = st.session_state
    place.draw(state["it"], state["plan"], state["inputs"], state["site"], state["language"])


def error_page():
    import streamlit as st

    from planner.views.cards.actions import button, refusal

    state = st.session_state
    button(state["it"], "lock", state["change"], state["language"])
    refusal(state["it"], state["language"])


@pytest.fixture
def shown(plan, inputs, monkeypatch):
    """Draw the card of a place; edits of the session find a plan at once."""
    monkeypatch.setattr(session.store, "find", lambda *_: plan)

    def card(site, *, language="en", draft=None, function=page, **more):
        app = AppTest.from_function(function, default_timeout=30)
        it = Session(plan=plan)
        it.take_over(draft or plan.scenario)
        it.select("station", site)
        known = {"it": it, "plan": plan, "inputs": inputs, "site": site, "language": language}
        for key, value in (known | more).items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        return app

    return card


def html(app):
    return " ".join(element.proto.body for element in app.get("html"))


def keys(app):
    return {button.key for button in app.button}


def draft(app):
    return app.session_state["it"].draft


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_station_and_site_has_a_card(plan, shown, language):
    for site in (new_station(plan), EXISTING, candidate(plan), plan.gains["site_id"].iloc[-1]):
        said = html(shown(site, language=language))
        assert said.count("<h2>") == 1
        assert "place_card" not in said
        assert not re.search(r"\b(nan|None)\b", said)
    assert html(shown(EXISTING, language=language)).find(text("status.existing", language)) > 0


def test_a_new_station_is_locked_and_unlocked(plan, shown):
    site = new_station(plan)
    app = shown(site)
    assert keys(app) == {"card-lock", "card-forbid", "card-remove", "card-move", "card-resize"}
    app.button(key="card-lock").click().run()
    assert draft(app).locked == (site,)
    assert text("place_card.locked", "en") in html(app)
    app.button(key="card-unlock").click().run()
    assert draft(app).locked == ()
    assert "card-lock" in keys(app)


def test_a_new_station_is_forbidden_removed_and_allowed_again(plan, shown):
    site = new_station(plan)
    app = shown(site)
    app.button(key="card-forbid").click().run()
    assert (draft(app).forbidden, draft(app).stations) == ((site,), plan.scenario.stations)
    assert keys(app) == {"card-lock", "card-allow"}
    app.button(key="card-allow").click().run()
    assert draft(app).forbidden == ()
    app.button(key="card-remove").click().run()
    assert (draft(app).forbidden, draft(app).stations) == ((site,), plan.scenario.stations - 1)


def test_a_station_moves_to_the_site_chosen(plan, inputs, shown):
    site = new_station(plan)
    near = sites_near(plan, inputs, plan.scenario, site)
    app = shown(site)
    choice = app.selectbox(key=f"card-move-target-{site}")
    assert choice.value == near.index[0]
    choice.select(near.index[1]).run()
    app.button(key="card-move").click().run()
    assert draft(app).forbidden == (site,)
    assert draft(app).locked == (near.index[1],)


def test_a_station_gets_a_size_and_loses_it_again(plan, shown):
    site = new_station(plan)
    has = plan.stations.set_index("site_id").loc[site, "capacity_kg_per_day"]
    app = shown(site)
    assert app.get("button_group")[0].value == has
    app.get("button_group")[0].set_value(4000).run()
    app.button(key="card-resize").click().run()
    assert draft(app).sizes == {site: 4000.0}
    assert "4,000 kg/d" in html(app)
    app.button(key="card-unsize").click().run()
    assert draft(app).sizes == {}


def test_an_existing_station_is_shut_and_reopened_but_not_locked(shown):
    app = shown(EXISTING)
    assert keys(app) == {"card-shut", "card-move"}
    app.button(key="card-shut").click().run()
    assert draft(app).closed_stations == (EXISTING,)
    assert keys(app) == {"card-reopen"}
    app.button(key="card-reopen").click().run()
    assert draft(app).closed_stations == ()


def test_a_candidate_is_added_and_forbidden(plan, shown):
    site = candidate(plan)
    app = shown(site)
    assert keys(app) == {"card-add", "card-forbid"}
    app.button(key="card-add").click().run()
    assert (draft(app).locked, draft(app).stations) == ((site,), plan.scenario.stations + 1)
    app.button(key="card-forbid").click().run()
    assert (draft(app).locked, draft(app).forbidden) == ((), (site,))
    assert text("place_card.forbidden", "en") in html(app)
    app.button(key="card-allow").click().run()
    assert draft(app).forbidden == ()


def test_edits_start_from_what_the_sidebar_says(plan, shown):
    site = candidate(plan)
    app = shown(site, draft=Scenario(stations=9, green_only=True))
    app.button(key="card-add").click().run()
    assert (draft(app).stations, draft(app).green_only) == (10, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_edit_says_why_in_its_card_until_one_is_made(plan, shown, language):
    fault = Fault("a station cannot move to where it stands", "edit", "Choose another site")

    def refused(_):
        raise InputError(fault)

    app = shown(new_station(plan), language=language, function=error_page, change=refused)
    assert not app.error
    app.button(key="card-lock").click().run()
    (said,) = app.error
    assert said.value.startswith(text("place_card.refused", language))
    assert draft(app) == plan.scenario
    app.session_state["it"].select("station", EXISTING)
    assert not app.run().error
    app.session_state["it"].select("station", new_station(plan))
    app.session_state["change"] = lambda scenario: scenario
    assert app.run().error
    app.button(key="card-lock").click().run()
    assert not app.error


def test_a_closed_station_says_what_it_would_add_and_is_reopened(plan, inputs, monkeypatch):
    """Without the station whose outage costs most of the existing ones, that much is to be gained there."""
    existing = plan.gains[plan.gains["status"] == "existing"].set_index("site_id")["loss_kg_per_day"]
    site = existing.idxmax()
    new = plan.stations.loc[plan.stations["status"] == "new", "site_id"]
    # The same new stations as before: what is lost is then what the plan says.
    scenario = plan.scenario.model_copy(
        update={"closed_stations": (site,), "locked": tuple(new), "stations": len(new)}
    )
    closed = make_plan(scenario)
    row = closed.gains.set_index("site_id").loc[site]
    assert row["status"] == "closed"
    assert existing[site] > 1.0
    assert row["gain_kg_per_day"] == pytest.approx(existing[site])
    monkeypatch.setattr(session.store, "find", lambda *_: closed)
    app = AppTest.from_function(page, default_timeout=30)
    it = Session(plan=closed)
    it.take_over(scenario)
    known = {"it": it, "plan": closed, "inputs": inputs, "site": site, "language": "en"}
    for key, value in known.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    assert text("place_card.closed", "en") in html(app)
    assert keys(app) == {"card-reopen"}
    app.button(key="card-reopen").click().run()
    assert draft(app).closed_stations == ()


def test_a_place_that_is_gone_says_so(shown):
    app = shown("NOWHERE")
    assert app.info[0].value == text("place_card.gone", "en")
