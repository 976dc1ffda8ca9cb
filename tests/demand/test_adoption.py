from __future__ import annotations

import pytest

from corridor.errors import InputError
from demand.adoption import fuel_cell_shares, gateway_weight

GIVEN = {
    "adoption.share.tractor_49t.2027": 0.02,
    "adoption.share.tractor_49t.2030": 0.08,
    "adoption.share.tractor_49t.2035": 0.28,
    "adoption.share.rigid_18t.2027": 0.01,
    "adoption.share.rigid_18t.2035": 0.09,
    "adoption.share.coach_12m.2027": 0.0,
    "adoption.share.coach_12m.2035": 1.0,
    **{
        f"adoption.share.{name}.{year}": 0.01
        for name in ("rigid_31t", "light_9t", "light_4t5")
        for year in (2027, 2035)
    },
}


@pytest.mark.parametrize(
    ("year", "tractor", "rigid"),
    [(2027, 0.02, 0.01), (2028, 0.04, 0.02), (2030, 0.08, 0.04), (2033, 0.20, 0.07), (2035, 0.28, 0.09)],
)
def test_straight_lines_between_given_years(year, tractor, rigid):
    shares = fuel_cell_shares(GIVEN, year=year)
    assert shares["tractor_49t"] == pytest.approx(tractor)
    assert shares["rigid_18t"] == pytest.approx(rigid)


@pytest.mark.parametrize("year", [2026, 2036])
def test_nothing_outside_the_given_years(year):
    with pytest.raises(InputError, match="is outside 2027-2035") as error:
        fuel_cell_shares(GIVEN, year=year)
    assert len(error.value.faults) == 6


def test_a_class_without_shares_and_an_impossible_share_are_named_together():
    wrong = {key: value for key, value in GIVEN.items() if "coach" not in key}
    wrong["adoption.share.rigid_18t.2035"] = 1.2
    with pytest.raises(InputError) as error:
        fuel_cell_shares(wrong, year=2030)
    assert [fault.where for fault in error.value.faults] == [
        "adoption.share.rigid_18t.2035",
        "adoption.share.coach_12m.<year>",
    ]


def test_each_gateway_end_scales_the_share(zones, routes):
    weight = gateway_weight(zones, routes, assumptions={"adoption.gateway_factor": 0.3})
    assert weight.tolist() == [0.3 if end == 4 else 1.0 for end in routes.destination]
    both = zones.assign(kind=["county", "county", "county", "gateway", "gateway"])
    assert gateway_weight(both, routes, assumptions={"adoption.gateway_factor": 0.3})[-1] == pytest.approx(
        0.09
    )
