"""The page's roll-out: years and order as the plan says, and settings that make the scenario asked for."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from planner.inputs import load_inputs
from planner.plan import Plan, no_rollout
from planner.scenario import Scenario, validated
from planner.text import LANGUAGES, text
from planner.views import earlier_years, rollout, supply_choices, workspace
from planner.views.session import Session
from siting.certificate import Certificate

_SITES = {
    "SA-1": ("内江服务区", "Neijiang"),
    "IC-2": ("永川互通", "Yongchuan"),
    "IC-3": ("资阳互通", "Ziyang"),
}
#: Year, site, action, size, added, capex, load, only here.
_STEPS = [
    (2027, "IC-2", "built", 1000.0, 1000.0, 1500.0, 700.0, 400.0),
    (2030, "SA-1", "built", 2000.0, 2000.0, 2400.0, 1500.0, 900.0),
    (2030, "IC-2", "enlarged", 2000.0, 1000.0, 900.0, 1400.0, 800.0),
    (2035, "IC-3", "built", 500.0, 500.0, 950.0, 100.0, 50.0),
    (2035, "SA-1", "stands", 2000.0, 0.0, 0.0, 1600.0, 40.0),
    (2035, "IC-2", "stands", 2000.0, 0.0, 0.0, 1600.0, 30.0),
]


@pytest.fixture
def plan():
    """Three stations over three years, one of them enlarged; nothing is asked of 2035's small one."""
    columns = ("year", "site_id", "action", "capacity_kg_per_day", "added_kg_per_day", "capex_wan_cny")
    steps = pd.DataFrame(_STEPS, columns=[*columns, "load_kg_per_day", "only_here_kg_per_day"])
    for place, language in enumerate(LANGUAGES):
        steps[f"name_{language}"] = [_SITES[site][place] for site in steps["site_id"]]
    steps["utilization"] = steps["load_kg_per_day"] / steps["capacity_kg_per_day"]
    stations = pd.DataFrame({"site_id": [*_SITES], "status": "new"})
    kpis = {}
    for year, served, demand in ((2027, 700.0, 1400.0), (2030, 2900.0, 4000.0), (2035, 3300.0, 0.0)):
        of_year = steps[steps["year"] == year]
        kpis |= {
            f"demand_kg_per_day_{year}": demand,
            f"served_kg_per_day_{year}": served,
            f"stations_new_{year}": float(len(of_year)),
            f"capex_wan_cny_{year}": float(of_year["capex_wan_cny"].sum()),
        }
    return Plan(
        scenario=Scenario(year=2035, rollout={"2027": 1, "2030": 2}, stations=3),
        stations=stations,
        flows=pd.DataFrame(),
        supply=pd.DataFrame(),
        certificate=Certificate(
            status="optimal", incumbent=1.0, bound=1.0, seconds=1.0, solver="test", version="1"
        ),
        replay={},
        kpis=kpis,
        provenance={},
        rollout=steps[list(no_rollout())],
    )


def test_each_year_says_what_it_adds_and_serves(plan):
    years = rollout.years(plan)
    assert years.index.tolist() == [2027, 2030, 2035]
    assert years["stations"].tolist() == [1, 2, 3]
    assert years["built"].tolist() == [1, 1, 1]
    assert years["enlarged"].tolist() == [0, 1, 0]
    assert years["capex_wan_cny"].tolist() == [1500.0, 3300.0, 950.0]
    assert years["served_share"].tolist()[:2] == [0.5, 0.725]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_per_year_with_figures_and_units(plan, language):
    said = rollout.lines(plan, language)
    assert [said.count(f'data-year="{year}"') for year in (2027, 2030, 2035)] == [1, 1, 1]
    for shown in ("700 / 1,400", "50.0%", "2,900 / 4,000", "72.5%", "↑1", "3,300 / 0"):
        assert shown in said
    assert {"zh": "1,500 万元", "en": "15 M CNY"}[language] in said
    assert "nan" not in said, "a year without demand has no share"
    assert "↑0" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_keeps_the_order_of_the_plan_and_leaves_out_what_only_stands(plan, language):
    table = rollout.rows(plan, language)
    assert table["year"].tolist() == ["2027", "2030", "2030", "2035"]
    assert table["number"].tolist() == ["● 2", "● 1", "↑ 2", "● 3"], "numbers as in the siting table"
    assert table["only_here_kg_per_day"].tolist() == [400.0, 900.0, 800.0, 50.0]
    built, enlarged = (text(f"rollout.{action}", language) for action in ("built", "enlarged"))
    assert table["action"].tolist() == [built, built, enlarged, built]
    assert table["name"].tolist()[0] == _SITES["IC-2"][LANGUAGES.index(language)]


def _tabs(plan, monkeypatch):
    """Return the names of the tabs drawn for a plan."""
    drawn = []
    named = {
        f"table.{name}": name
        for name in ("stations", "candidates", "stretches", "rollout", "supply", "points")
    }
    monkeypatch.setattr(workspace, "text", lambda key, _language: named.get(key, key))

    def tabs(names):
        drawn.extend(names)
        return [SimpleNamespace(__enter__=None)] * len(names)

    monkeypatch.setattr(workspace.st, "tabs", tabs)
    with pytest.raises(TypeError):  # what stands in for a tab cannot be drawn in
        workspace._tables(Session(), plan, SimpleNamespace(bases=None), "zh")
    return drawn


def test_only_a_plan_with_a_rollout_has_the_tab(plan, monkeypatch):
    assert _tabs(plan, monkeypatch)[:5] == ["stations", "candidates", "stretches", "rollout", "supply"]
    assert "rollout" not in _tabs(replace(plan, rollout=no_rollout()), monkeypatch)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tab_is_drawn(plan, language):
    def page():
        import streamlit as st

        from planner.views import rollout

        rollout.draw(st.session_state["plan"], st.session_state["in"])

    app = AppTest.from_function(page)
    app.session_state["plan"], app.session_state["in"] = plan, language
    app.run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert len(shown) == 4
    assert app.caption[0].value == text("rollout.told", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_years_that_cannot_be_are_refused_as_the_scenario_refuses_them(language):
    def refused(rollout, **given):
        steps = earlier_years.Steps(rollout=rollout)
        return earlier_years.fault(steps, language, **{"year": 2035, "stations": 6, "detour": 0.0, **given})

    assert refused({}) is None
    assert refused({"2027": 3, "2030": 6}) is None
    assert refused({}, detour=0.1) is None
    falls = refused({"2027": 5, "2030": 4})
    assert all(part in falls for part in ("2027", "2030", "5", "4"))
    assert all(part in refused({"2030": 7}) for part in ("2030", "2035", "7", "6"))
    assert refused({"2027": 3}, detour=0.1) == text("rollout.no_detour", language)
    for steps in ({"2027": 5, "2030": 4}, {"2030": 7}):
        with pytest.raises(Exception, match="falls"):
            validated({"year": 2035, "stations": 6, "rollout": steps}, where="t")


@pytest.mark.parametrize("language", LANGUAGES)
def test_budgets_that_cannot_be_are_refused_as_the_scenario_refuses_them(language):
    def refused(budgets, budget=None, **given):
        steps = earlier_years.Steps(budgets=budgets)
        asked = {"year": 2035, "stations": 6, "detour": 0.0, "budget": budget, **given}
        return earlier_years.fault(steps, language, **asked)

    assert refused({}, 5e3) is None
    assert refused({"2027": 3e3, "2030": 3e3}, 3e3) is None
    assert refused({"2027": 3e3}) is None
    for steps, budget in (({"2027": 5e3, "2030": 4e3}, None), ({"2030": 7e3}, 6e3)):
        assert ("5,000" if budget is None else "7,000") in refused(steps, budget)
        content = {"year": 2035, "stations": 6, "rollout_budget_wan_cny": steps, "budget_wan_cny": budget}
        with pytest.raises(Exception, match="falls"):
            validated(content, where="t")
    zero = text("rollout.budget_zero", language)
    assert refused({}, 0.0) == refused({"2027": 0.0}) == zero
    assert refused({}, 5e3, detour=0.1) == refused({"2027": 3e3}, detour=0.1)
    assert refused({}, 5e3, detour=0.1) == text("rollout.no_detour", language)


def _sidebar():
    """Draw the settings; what is asked is kept aside."""
    import streamlit as st

    from planner.views import sidebar
    from planner.views.session import Session

    class Asked(Session):
        def ask(self, scenario):
            self.wanted = scenario

    session = st.session_state.setdefault("kept-session", Asked())
    sidebar.scenario(session, None, st.session_state["in"])


def _opened(language="zh"):
    app = AppTest.from_function(_sidebar)
    app.session_state["in"] = language
    app.run()
    assert not app.exception
    return app


def _solved(app):
    """Press *Solve* and return the scenario asked for."""
    app.button("solve").click().run()
    assert not app.exception
    return app.session_state["kept-session"].wanted


def _errors(app):
    return [error.value for error in app.error]


def test_untouched_settings_ask_for_the_default_scenario():
    assert _solved(_opened()).identity == Scenario().identity


def test_earlier_years_reach_the_scenario_and_stay():
    app = _opened()
    app.number_input("rollout-2027").set_value(3).run()
    assert _solved(app).rollout == {"2027": 3}
    app.button_group("year").set_value(2035).run()
    assert app.number_input("rollout-2027").value == 3
    app.number_input("rollout-2030").set_value(8).run()
    assert _solved(app).rollout == {"2027": 3, "2030": 8}
    app.session_state["in"] = "en"
    app.run()
    assert _solved(app).rollout == {"2027": 3, "2030": 8}, "the language changes nothing"
    app.button_group("year").set_value(2027).run()
    assert _solved(app).rollout == {}
    app.button_group("year").set_value(2035).run()
    app.number_input("rollout-2027").set_value(0).run()
    assert _solved(app).rollout == {"2030": 8}, "2030 is remembered, 0 is left out"


def test_budgets_reach_the_scenario_and_stay():
    app = _opened()
    assert app.number_input("budget").value is None
    app.number_input("budget").set_value(12_000.0).run()
    assert _solved(app).budget_wan_cny == 12_000.0
    app.number_input("rollout-budget-2027").set_value(4_000.0).run()
    asked = _solved(app)
    assert asked.rollout_budget_wan_cny == {"2027": 4_000.0}
    assert asked.earlier_years == (2027,)
    app.session_state["in"] = "en"
    app.run()
    assert _solved(app) == asked, "the language changes nothing"
    app.number_input("rollout-budget-2027").set_value(13_000.0).run()
    assert len(_errors(app)) == 1
    assert "13,000" in _errors(app)[0]
    app.number_input("rollout-budget-2027").set_value(None).run()
    app.number_input("budget").set_value(0.0).run()
    assert _errors(app) == [text("rollout.budget_zero", "en")]
    app.number_input("budget").set_value(None).run()
    assert _solved(app).identity == Scenario().identity


def test_more_stations_earlier_than_later_cannot_be_solved():
    app = _opened()
    app.number_input("rollout-2027").set_value(13).run()
    assert len(_errors(app)) == 1
    assert "13" in _errors(app)[0]
    assert not [button for button in app.button if button.key == "solve"]
    app.slider("stations").set_value(13).run()
    assert _errors(app) == []
    assert _solved(app).rollout == {"2027": 13}


def test_choices_of_supply_reach_the_scenario():
    app = _opened()
    app.button_group("modes-zh").set_value(["liquid", "pipeline", "tube_30mpa"]).run()
    app.number_input("trailers-tube_30mpa").set_value(4).run()
    app.toggle("on_site").set_value(True).run()
    app.toggle("green_only").set_value(True).run()
    asked = _solved(app)
    assert asked.delivery_modes == ("tube_30mpa", "liquid", "pipeline"), "in one order, whichever way chosen"
    assert asked.trailers == {"tube_30mpa": 4}
    assert (asked.on_site, asked.green_only) == (True, True)
    app.session_state["in"] = "en"
    app.run()
    assert _solved(app) == asked
    app.button_group("modes-en").set_value(["tube_20mpa", "liquid"]).run()
    assert _solved(app).trailers == {}, "no limit of a mode that is not weighed"


def test_nothing_that_could_bring_hydrogen_is_told_at_once():
    app = _opened()
    app.button_group("modes-zh").set_value([]).run()
    assert _errors(app) == [text("supply.no_mode", "zh")]
    app.button_group("modes-zh").set_value(["liquid"]).run()
    app.number_input("trailers-liquid").set_value(0).run()
    assert _errors(app) == [text("supply.no_trailer", "zh")]
    app.toggle("on_site").set_value(True).run()
    assert _errors(app) == []
    assert _solved(app).trailers == {"liquid": 0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_roads_closed_to_trailers_must_be_roads(language):
    inputs = load_inputs()
    session = SimpleNamespace(plan=None)

    def faults(*closed):
        settings = Scenario().model_dump(mode="json") | {"hazmat_closed": list(closed)}
        return supply_choices._faults(settings, session, inputs, language)

    assert faults(*supply_choices.PRESETS) == []
    (told,) = faults(*supply_choices.PRESETS, "G9999")
    assert told.startswith(text("error.hazmat", language))
    assert "G9999" in told
    assert {"zh": "禁行道路", "en": "hazmat_closed"}[language] in told


def test_the_share_to_be_served_stands_where_least_cost_is_chosen_and_stays():
    app = _opened()
    assert not any(each.key == "least-share-zh" for each in app.number_input)
    app.selectbox(key="objective-zh").set_value("least_cost").run()
    app.number_input(key="least-share-zh").set_value(45.0).run()
    asked = _solved(app)
    assert (asked.objective, asked.least_share) == ("least_cost", 0.45)
