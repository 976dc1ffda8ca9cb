"""Cards of routes and bases, and the sliders of year and month, as a person uses them."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from planner.fill_profile import fill_profile
from planner.inputs import load_inputs
from planner.plan import no_rollout
from planner.scenario import Scenario
from planner.seasons import base_figures, production_of, served_by, supply_of_month
from planner.stretches import stations_on
from planner.text import LANGUAGES, text
from planner.timeline import standing_in
from planner.views.cards import base, fill_chart, route
from planner.views.charts import look
from planner.views.selection import Selection
from planner.views.session import Session

_LAPSE_S = 60.0


@pytest.fixture(scope="module")
def plan(solved):
    return solved(stations=5, rollout={"2027": 2}, solve={"gap": 0.02})


@pytest.fixture(scope="module")
def inputs(plan):
    return load_inputs(plan.scenario)


class Kept(Session):
    """A session that plans nothing: what it is asked for is kept."""

    asked: Scenario | None = None

    def apply(self, scenario):
        Kept.asked = scenario


def _card_page():
    import streamlit as st

    from planner.views.cards import base, route

    state = st.session_state
    card = {"route": route, "base": base}[state["kind"]]
    card.draw(state["session"], state["plan"], state["inputs"], state["key"], state["in"])


def _slider_page():
    import streamlit as st

    from planner.views import timeline

    state = st.session_state
    state["year"] = timeline.draw(state["session"], state["plan"], state["in"])
    state["month"] = timeline.season(state["plan"], state["in"])


def _page(page, plan, language, **state):
    app = AppTest.from_function(page, default_timeout=_LAPSE_S)
    for name, value in {"plan": plan, "in": language, "session": Session(plan=plan), **state}.items():
        app.session_state[name] = value
    return app.run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("route_id", ["chengyu", "chenganyu", "chengsuiyu"])
def test_the_card_of_a_route_tells_its_stations_and_the_tank_of_the_vehicle_chosen(
    plan, inputs, route_id, language
):
    app = _page(_card_page, plan, language, inputs=inputs, kind="route", key=route_id)
    assert not app.exception
    stations = stations_on(plan, route_id)
    assert app.dataframe[0].value["km"].tolist() == stations["km"].tolist()
    for vehicle in ("tractor_49t", "coach_12m"):
        app.selectbox(key="route-card-vehicle").select(vehicle).run()
        assert not app.exception
        profile = fill_profile(plan, inputs, route_id, vehicle_class=vehicle)
        said = route.figures(profile, language)
        assert any(said[0][1] in element.proto.body for element in app.get("html"))


def test_the_stretches_of_a_card_are_those_of_the_plan_between_named_ends(plan):
    stretches = plan.stretches[plan.stretches["route_id"] == "chengyu"]
    stations = stations_on(plan, "chengyu").assign(label=lambda table: table["name_en"])
    table = route.stretch_table(stretches.assign(ready=False), stations, "en")
    assert table.count("<tr>") == len(stretches) + 1
    assert "Chengdu – " in table
    assert " – Chongqing" in table
    assert table.count(text("stretch.is_pending", "en")) == len(stretches)
    assert route.badges(stretches.assign(ready=False), "en")[0] == (
        text("route_card.pending", "en", count=len(stretches)),
        "warn",
    )


def test_a_way_that_cannot_be_driven_is_told_with_the_place(plan, inputs):
    bare = fill_profile(plan, inputs, "chengyu", vehicle_class="light_4t5", site_ids=[])
    said, kind = route.verdict(bare, "en")
    assert kind == "warn"
    assert f"km {bare.dry_at[0]:,.0f}" in said
    everywhere = inputs.sites.index.tolist()
    driven = fill_profile(plan, inputs, "chengyu", vehicle_class="tractor_49t", site_ids=everywhere)
    assert route.verdict(driven, "en") == (text("route_card.can_be_driven", "en"), "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_panels_share_their_kilometers_and_every_level_is_drawn(plan, inputs, language):
    profile = fill_profile(plan, inputs, "chengyu", vehicle_class="tractor_49t")
    stations = stations_on(plan, "chengyu").assign(number="1", label="x")
    panels = [
        fill_chart.levels(profile, stations, language, look.LIGHT).to_dict(),
        fill_chart.elevation(profile, language, look.LIGHT).to_dict(),
    ]
    axes = [
        next(layer["encoding"]["x"] for layer in panel["layer"] if "scale" in layer["encoding"].get("x", {}))
        for panel in panels
    ]
    assert axes[0]["scale"]["domain"] == axes[1]["scale"]["domain"] == [0.0, profile.length_km]
    rows = max(panels[0]["datasets"].values(), key=len)
    assert len(rows) == len(profile.levels) + 1
    assert min(row["percent"] for row in rows) == pytest.approx(100 * profile.lowest_share)
    assert fill_chart.alternative(profile, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_of_a_base_tells_whom_it_serves_and_what_it_makes(plan, inputs, language):
    for base_id in inputs.bases.index:
        app = _page(_card_page, plan, language, inputs=inputs, kind="base", key=base_id)
        assert not app.exception
        served = served_by(plan, base_id)
        shown = app.dataframe[0].value if app.dataframe else None
        assert (shown is None) == served.empty
        if shown is not None:
            assert shown["kg_per_day"].tolist() == served["kg_per_day"].tolist()
        body = "".join(element.proto.body for element in app.get("html"))
        assert f"{base_figures(plan, base_id)['kg_per_day']:,.0f}" in body
        assert (text("base_card.unused", language) in body) == served.empty


def test_the_bars_of_a_base_are_its_months(plan):
    busiest = plan.supply.groupby("base_id")["kg_per_day"].sum().idxmax()
    made = production_of(plan, busiest)
    chart = base.production(made, "en", look.LIGHT).to_dict()
    (rows,) = chart["datasets"].values()
    assert [row["produced_t"] for row in rows] == pytest.approx(made["produced_t"].tolist())
    assert [row["label"] for row in rows][::11] == ["Jan", "Dec"]
    assert {row["said_season"] for row in rows} == {"Dry", "Shoulder", "Wet"}
    most = made["produced_t"].idxmax()
    assert rows[most - 1]["label"] in base.alternative(made, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_earlier_year_of_the_rollout_is_shown_without_planning(plan, language):
    app = _page(_slider_page, plan, language)
    assert app.session_state["year"] is None
    app.select_slider[0].set_value(2027).run()
    assert not app.exception
    assert app.session_state["year"] == 2027
    new = plan.rollout[plan.rollout["year"] == 2027]
    size = f"{new['capacity_kg_per_day'].sum():,.0f}"
    assert app.caption[0].value == text("timeline.told", language, year=2027, count=len(new), size=size)
    assert not app.button


def test_a_year_the_plan_does_not_know_is_planned_by_a_button(plan):
    alone = replace(plan, scenario=plan.scenario.model_copy(update={"rollout": {}}), rollout=no_rollout())
    session = Kept(plan=alone, opened=alone.scenario)
    app = _page(_slider_page, alone, "en", session=session)
    app.select_slider[0].set_value(2035).run()
    assert app.session_state["year"] is None
    app.button[0].click().run()
    assert Kept.asked == alone.scenario.model_copy(update={"year": 2035})


def test_the_map_shows_the_year_and_the_month_chosen(plan, inputs):
    def page():
        import streamlit as st

        from planner.views import corridor_map, timeline

        state = st.session_state
        shown = timeline.drawn(state["session"], state["plan"], state["inputs"], state["in"])
        state["shown"] = shown
        corridor_map.draw(state["session"], shown, state["inputs"], state["in"], set(corridor_map.SWITCHES))

    for language in LANGUAGES:
        app = _page(page, plan, language, inputs=inputs)
        assert not app.exception
        assert app.session_state["shown"] is plan
        app.select_slider(key="season-month").set_value(1).run()
        assert not app.exception
        month = supply_of_month(plan, 1)
        assert app.session_state["shown"].supply["kg_per_day"].tolist() == month["kg_per_day"].tolist()
        app.select_slider[0].set_value(2027).run()
        assert not app.exception
        early = app.session_state["shown"]
        assert sorted(early.stations["site_id"]) == sorted(standing_in(plan, 2027)["site_id"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_month_chosen_is_that_of_the_supply_drawn(plan, language):
    app = _page(_slider_page, plan, language)
    assert app.session_state["month"] is None
    app.select_slider(key="season-month").set_value(7).run()
    assert app.session_state["month"] == 7
    assert text("season.wet", language) in app.caption[1].value


def test_a_click_on_a_route_or_a_base_opens_its_card(plan, inputs):
    def page():
        import streamlit as st

        from planner.views.cards import card

        state = st.session_state
        card.draw(state["session"], state["plan"], state["inputs"], state["selection"], state["in"])

    for selection, said in (
        (Selection("route", "chengyu"), "Chengyu Expressway"),
        (Selection("base", "BASE-TONGNAN"), "Tongnan by-product hydrogen base"),
    ):
        app = _page(page, plan, "en", inputs=inputs, selection=selection)
        assert not app.exception
        assert any(said in element.proto.body for element in app.get("html"))
