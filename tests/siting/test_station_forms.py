"""Forms of stations against every combination tried by hand, and what must never come out."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from siting.station_forms import FORMS, Form, StandAlone, station_options

STAND_ALONE = StandAlone(
    kg_per_day=np.array([500.0, 1000.0, 2000.0]),
    capex_wan_cny=np.array([900.0, 1550.0, 2450.0]),
    footprint_m2=np.array([2000.0, 3500.0, 4500.0]),
    capital_share=0.08,
    fixed_opex_share=0.045,
    staff_wan_cny_per_year=80.0,
    land_wan_cny_per_m2_year=0.0045,
)
FORMS_HERE = (
    Form(name="standalone"),
    Form(
        name="combined",
        capex_factor=0.86,
        staff_factor=0.7,
        footprint_factor=0.36,
        kinds=frozenset({"service_area"}),
    ),
    Form(name="skid", capex_factor=0.8, staff_factor=0.8, footprint_factor=0.5, most_kg_per_day=500.0),
)


def test_a_site_by_hand():
    options = station_options(["service_area", "interchange"], STAND_ALONE, FORMS_HERE)
    assert options.form.tolist() == [
        ["combined", "combined", "combined"],
        ["skid", "standalone", "standalone"],
    ]
    assert options.capex_wan_cny[0].tolist() == pytest.approx([774.0, 1333.0, 2107.0])
    assert options.footprint_m2[1].tolist() == pytest.approx([1000.0, 3500.0, 4500.0])
    opex = 0.045 * 720 + 0.8 * 80 + 1000 * 0.0045
    assert options.opex_wan_cny_per_year[1, 0] == pytest.approx(opex)
    assert options.annual_wan_cny[1, 0] == pytest.approx(opex + 0.08 * 720)


def test_equal_costs_go_by_the_order_of_the_forms():
    alike = tuple(Form(name=name) for name in FORMS)
    assert set(station_options(["port"], STAND_ALONE, alike).form.ravel()) == {"standalone"}
    assert set(station_options(["port"], STAND_ALONE, alike[::-1]).form.ravel()) == {"skid"}


@st.composite
def _forms(draw):
    share = st.floats(0.1, 1.5)
    kinds = st.one_of(st.none(), st.frozensets(st.sampled_from(["a", "b", "c"])))
    return tuple(
        Form(
            name=name,
            capex_factor=draw(share),
            staff_factor=draw(share),
            footprint_factor=draw(share),
            most_kg_per_day=np.inf if name == "standalone" else draw(st.sampled_from([0.0, 500.0, 2000.0])),
            kinds=None if name == "standalone" else draw(kinds),
        )
        for name in FORMS
    )


@given(_forms(), st.floats(0.0, 0.2))
@settings(max_examples=60, deadline=None)
def test_no_possible_form_is_cheaper(forms, land):
    stand_alone = replace(STAND_ALONE, land_wan_cny_per_m2_year=land)
    kinds = ["a", "b", "c", "d"]
    options = station_options(kinds, stand_alone, forms)
    for (site, kind), size in product(enumerate(kinds), range(3)):
        costs = {}
        for form in forms:
            if stand_alone.kg_per_day[size] <= form.most_kg_per_day and (
                form.kinds is None or kind in form.kinds
            ):
                capex = form.capex_factor * stand_alone.capex_wan_cny[size]
                area = form.footprint_factor * stand_alone.footprint_m2[size]
                costs[form.name] = (0.08 + 0.045) * capex + form.staff_factor * 80 + area * land
        assert options.annual_wan_cny[site, size] == pytest.approx(min(costs.values()))
        assert costs[str(options.form[site, size])] == pytest.approx(min(costs.values()))
    spent = options.opex_wan_cny_per_year + 0.08 * options.capex_wan_cny
    assert options.annual_wan_cny == pytest.approx(spent)


def test_where_nothing_can_be_built_the_kind_and_the_size_are_told():
    only_skid = FORMS_HERE[1:]
    with pytest.raises(InputError) as error:
        station_options(["service_area", "port", "port"], STAND_ALONE, only_skid)
    said = [fault.what for fault in error.value.faults]
    assert said == [
        f"no form of station of {size} kg/d is possible at sites of kind port" for size in (1000, 2000)
    ]


def test_sizes_that_cost_less_than_smaller_ones_are_told():
    rising = station_options(["service_area", "port"], STAND_ALONE, FORMS_HERE)
    rising.check_rising()
    falling = replace(STAND_ALONE, capex_wan_cny=np.array([900.0, 2500.0, 2450.0]))
    with pytest.raises(InputError) as error:
        station_options(["service_area", "port"], falling, FORMS_HERE).check_rising()
    assert [fault.where for fault in error.value.faults] == ["station.2000", "station.2000"]
    assert "2000 kg/d costs less than one of 1000 kg/d (capex_wan_cny)" in error.value.faults[0].what
