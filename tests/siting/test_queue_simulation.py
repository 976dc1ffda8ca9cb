"""The simulated dispensers against exact queues and against what cannot be otherwise."""

import numpy as np
import pytest

from corridor.errors import InputError
from siting.queue_simulation import Traffic, simulate_queue


def even(per_hour, service_min, weight=(1.0,)):
    return Traffic(
        per_hour=np.full(24, float(per_hour)),
        service_min=np.asarray(service_min, float),
        weight=np.asarray(weight, float),
    )


def exponential(per_hour, mean):
    """Return traffic with exponential times: the middles of 2,000 slices of equal probability."""
    times = -mean * np.log(1.0 - (np.arange(2000) + 0.5) / 2000)
    return even(per_hour, times, np.ones(2000))


def exact_mm_c(offered, servers, service):
    """Return mean and 95th percentile of the wait in M/M/c, by Erlang's sum."""
    terms = [1.0]
    for k in range(1, servers):
        terms.append(terms[-1] * offered / k)
    last = terms[-1] * offered / servers / (1 - offered / servers)
    waits = last / (sum(terms) + last)
    delay = service / (servers - offered)
    return waits * delay, max(0.0, delay * np.log(waits / 0.05))


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.5), (2, 0.6), (4, 0.65)])
def test_a_day_without_hours_is_erlangs_queue(servers, rho):
    service = 8.0
    traffic = [exponential(rho * servers / service * 60, service)]
    run = simulate_queue(traffic, servers=servers, days=600 // servers, hour=12, seed=(1, 2))
    mean, p95 = exact_mm_c(rho * servers, servers, service)
    # One run's mean is off by 3 % or so: waits of a day hang together.
    assert run.day_mean_min == pytest.approx(mean, rel=0.08)
    assert run.day_p95_min == pytest.approx(p95, rel=0.08)


def test_the_interval_holds_the_true_percentile_in_most_runs():
    traffic, (_, p95) = [exponential(3.75, 8.0)], exact_mm_c(0.5, 1, 8.0)
    runs = [simulate_queue(traffic, servers=1, days=60, hour=12, seed=(4, k)) for k in range(20)]
    held = [run.hour_p95_low_min <= p95 <= run.hour_p95_high_min for run in runs]
    assert 16 <= sum(held) <= 20
    assert all(run.hour_p95_low_min <= run.hour_p95_min <= run.hour_p95_high_min for run in runs)


def test_fixed_times_wait_half_as_long():
    """Pollaczek-Khinchine for M/D/1: rho E[S] / (2 (1 - rho))."""
    run = simulate_queue([even(0.6 / 10 * 60, [10.0])], servers=1, days=500, hour=0, seed=(3,))
    assert run.day_mean_min == pytest.approx(0.6 * 10 / (2 * 0.4), rel=0.08)


def test_whoever_comes_is_served_fueling_or_in_line():
    traffic = [even(9.0, [10.0, 30.0], [3.0, 1.0]), even(3.0, [5.0])]
    for servers in (1, 2, 6):
        run = simulate_queue(traffic, servers=servers, days=3, hour=8, seed=(7,))
        assert run.arrived == run.served + run.fueling + run.waiting
        assert run.fueling <= servers
        assert run.arrived == pytest.approx(12 * 72, abs=5 * np.sqrt(12 * 72))
        if run.waiting:
            assert run.fueling == servers
    assert simulate_queue(traffic, servers=1, days=3, hour=8, seed=(7,)).waiting > 100


def test_the_same_vehicles_never_wait_longer_at_more_dispensers():
    traffic = [exponential(10.0, 12.0)]
    runs = [simulate_queue(traffic, servers=n, days=30, hour=10, seed=(5,)) for n in (3, 4, 5, 8)]
    assert len({run.arrived for run in runs}) == 1
    for measure in ("hour_mean_min", "hour_p95_min", "day_mean_min", "day_p95_min"):
        waits = [getattr(run, measure) for run in runs]
        assert waits == sorted(waits, reverse=True)
    assert runs[0].day_mean_min > runs[-1].day_mean_min


def test_vehicles_come_at_their_hours_and_the_hour_asked_for_counts_alone():
    per_hour = np.zeros(24)
    per_hour[[6, 18]] = 4.0, 12.0
    traffic = [Traffic(per_hour=per_hour, service_min=np.array([6.0]), weight=np.array([1.0]))]
    at = {hour: simulate_queue(traffic, servers=1, days=200, hour=hour, seed=(9,)) for hour in (5, 6, 18)}
    assert at[5].hour_vehicles == 0
    assert at[5].hour_p95_min == at[5].hour_p95_high_min == 0.0
    assert at[6].hour_vehicles == pytest.approx(800, abs=5 * np.sqrt(800))
    assert at[18].hour_vehicles == pytest.approx(2400, abs=5 * np.sqrt(2400))
    assert at[6].hour_vehicles + at[18].hour_vehicles == at[6].arrived
    assert at[18].hour_mean_min > at[6].hour_mean_min


def test_a_seed_repeats_and_another_differs():
    traffic = [exponential(10.0, 12.0)]
    one, again, other = (
        simulate_queue(traffic, servers=3, days=5, hour=10, seed=seed) for seed in ((1, 4), (1, 4), (1, 5))
    )
    assert one == again
    assert one != other


def test_more_days_narrow_the_interval():
    traffic = [exponential(5.0, 8.0)]
    few, many = (simulate_queue(traffic, servers=1, days=n, hour=10, seed=(2,)) for n in (10, 200))
    width = [run.hour_p95_high_min - run.hour_p95_low_min for run in (few, many)]
    assert width[1] < 0.5 * width[0]


def test_a_station_without_load_is_empty():
    run = simulate_queue([even(0.0, [], [])], servers=2, days=2, hour=0, seed=(1,))
    assert (run.arrived, run.served, run.waiting) == (0, 0, 0)
    assert run.day_p95_min == run.hour_p95_min == run.day_mean_min == 0.0


def test_bad_input_is_explained():
    with pytest.raises(InputError, match="dispenser"):
        simulate_queue([], servers=0, days=1, hour=0, seed=(1,))
    with pytest.raises(InputError, match="24"):
        Traffic(per_hour=np.ones(3), service_min=np.ones(1), weight=np.ones(1))
    with pytest.raises(InputError) as caught:
        Traffic(per_hour=-np.ones(24), service_min=np.ones(1), weight=np.zeros(1))
    assert len(caught.value.faults) == 2
