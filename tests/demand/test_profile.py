"""When vehicles refuel: shares add up, days average to one, faults are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors import InputError
from demand.inputs import VEHICLE_CLASSES
from demand.profile import DAY_TYPES, HOUR_GROUPS, MONTHS, daily_factor, days, habit, hourly, required_limits


@pytest.mark.parametrize("vehicle_class", VEHICLE_CLASSES)
def test_hours_add_up_and_peak_where_assumed(assumptions, vehicle_class):
    shares = hourly(assumptions, vehicle_class)
    assert shares.shape == (24,)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares > 0).all()
    group = HOUR_GROUPS[vehicle_class]
    for peak in ("first", "second"):
        hour = assumptions[f"profile.{group}.{peak}_peak_h"]
        assert shares[int(hour) % 24] > shares[int(hour + 12) % 24] or abs(shares.max() - shares.min()) < 1e-9


@given(
    flat=st.floats(0, 1),
    first=st.floats(0, 24),
    second=st.floats(0, 24),
    weight=st.floats(0, 1),
    width=st.floats(1e-3, 50),
)
def test_hours_add_up_whatever_the_peaks(small_region, flat, first, second, weight, width):
    items = (flat, first, second, weight, width)
    names = ("flat_share", "first_peak_h", "second_peak_h", "second_peak_share", "peak_width_h")
    chosen = {f"profile.heavy.{name}": item for name, item in zip(names, items, strict=True)}
    shares = hourly(small_region | chosen, "tractor_49t")
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()


def test_a_peak_at_midnight_reaches_round_the_clock(assumptions):
    around = {"flat_share": 0.0, "first_peak_h": 0.0, "second_peak_h": 24.0, "peak_width_h": 1.0}
    shares = hourly(assumptions | {f"profile.heavy.{name}": x for name, x in around.items()}, "rigid_31t")
    np.testing.assert_allclose(shares, shares[::-1])
    # A standard normal falls by exp(-1) from half a standard deviation to one and a half.
    assert shares[1] / shares[0] == pytest.approx(np.exp(-1.0))


@pytest.mark.parametrize("vehicle_class", VEHICLE_CLASSES)
def test_the_days_of_the_year_average_to_one(assumptions, vehicle_class):
    every = [
        daily_factor(assumptions, vehicle_class, month=month, day_type=kind) * days(month, kind)
        for month in MONTHS
        for kind in DAY_TYPES
    ]
    assert sum(every) == pytest.approx(365.0)
    assert sum(days(month, kind) for month in MONTHS for kind in DAY_TYPES) == pytest.approx(365.0)


def test_days_differ_as_assumed(assumptions):
    def day(kind):
        return daily_factor(assumptions, "tractor_49t", month=10, day_type=kind)

    assert day("weekend") / day("workday") == pytest.approx(assumptions["profile.truck.weekend"])
    assert day("holiday") / day("workday") == pytest.approx(assumptions["profile.truck.holiday"])


def test_even_days_and_months_give_one_everywhere(assumptions):
    even = {
        key: 1.0 for key in required_limits() if key.startswith(("profile.truck.", "profile.coach.month"))
    }
    for month in MONTHS:
        for kind in DAY_TYPES:
            assert daily_factor(assumptions | even, "light_9t", month=month, day_type=kind) == pytest.approx(
                1
            )


def test_habits_and_their_faults(assumptions):
    usual = habit(assumptions)
    assert 0 < usual.below < usual.to <= 1
    with pytest.raises(InputError, match="begin at or above"):
        habit(assumptions | {"profile.refuel_below": 0.97, "profile.refuel_to": 0.9})
    wrong = assumptions | {"profile.coach.holiday": -1.0, "profile.heavy.first_peak_h": 25.0}
    del wrong["profile.truck.month_03"]
    with pytest.raises(InputError) as error:
        hourly(wrong, "coach_12m")
    places = {fault.where for fault in error.value.faults}
    assert places == {"profile.coach.holiday", "profile.heavy.first_peak_h", "profile.truck.month_03"}
