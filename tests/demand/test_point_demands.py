"""Point demands of a year and what they amount to."""

from typing import get_args

import pandas as pd
import pytest

from corridor.errors import InputError
from demand.point_demands import POINT_USES, PointUse, by_use, in_use


def _points(**columns):
    table = {
        "use": ["bus", "ship", "bus"],
        "kg_per_day": [100.0, 50.0, 25.0],
        "from_year": [None, 2030, 2031],
    }
    return pd.DataFrame(table | columns, index=pd.Index(["A", "B", "C"], name="point_id"))


@pytest.mark.parametrize(("year", "ids"), [(2027, ["A"]), (2030, ["A", "B"]), (2035, ["A", "B", "C"])])
def test_a_point_counts_from_its_first_year_on(year, ids):
    assert in_use(_points(), year=year).index.tolist() == ids


def test_amounts_and_shares_add_up():
    table = by_use(in_use(_points(), year=2035), trips_kg_per_day=325.0)
    assert table.index.tolist() == list(POINT_USES) == list(get_args(PointUse))
    assert table.loc["bus", ["points", "kg_per_day", "share"]].tolist() == [2, 125.0, 0.25]
    assert table["kg_per_day"].sum() == 175.0
    assert table["share"].sum() + 325.0 / 500.0 == pytest.approx(1.0)


def test_no_points_are_nothing():
    table = by_use(in_use(_points().iloc[:0], year=2030), trips_kg_per_day=0.0)
    assert table["kg_per_day"].tolist() == [0.0] * len(POINT_USES)
    assert table["share"].tolist() == [0.0] * len(POINT_USES)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"kg_per_day": [100.0, -1.0, 25.0]}, "point_demands, B: kg_per_day is not above 0"),
        ({"kg_per_day": [100.0, float("nan"), 0.0]}, "point_demands, C: kg_per_day is not above 0"),
        ({"use": ["bus", "boat", "bus"]}, "point_demands, B: the use is none of bus, ship"),
    ],
)
def test_what_cannot_be_is_refused(columns, message):
    with pytest.raises(InputError, match=message):
        in_use(_points(**columns), year=2030)


def test_an_id_twice_is_refused():
    twice = _points().set_axis(["A", "B", "A"])
    with pytest.raises(InputError, match="point_demands, A: the id is listed twice"):
        in_use(twice, year=2030)
