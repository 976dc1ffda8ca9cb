"""Cost of bringing hydrogen from a base to a station, bottom-up, by tube trailer, liquid or pipeline.

Formulation
-----------
Given per pair of base and station
    d       road distance one way, km
    h       driving time one way, h
    q       hydrogen delivered, kg/d
    p       value of hydrogen at the base, CNY/kg
    e       electricity price at the base, CNY/kWh
A mode on the road has
    W       payload a trailer gives up, kg
    k, P    energy, kWh/kg, and annuity of the plant, CNY/kg, of compression or liquefaction
    a, b    share lost in handling, and share of the tank that boils off, 1/d
    s       hours of the tractor at both ends; f, u hours of the trailer filling and unloading
    c       hours of the day closed to hydrogen trailers
    r       rest, h, after every R hours of driving one way
    A_t, A_r  cost of an hour of a tractor and of a trailer in use: annuity and fixed share over its hours
    g, w    diesel, toll and maintenance, CNY/km; wages of the crew, CNY/h
One round trip takes
    T = 2 (h + r (ceil(h / R) - 1)) + s                  h of tractor and crew
    U = 2 (h + r (ceil(h / R) - 1)) 24 / (24 - c) + f + u  h of the trailer: it stands while roads are closed
and delivers the share y = (1 - a) exp(-b (h + u) / 24) of its payload. Per kg delivered
    conversion energy   k e / y
    conversion plant    P / y
    vehicles            (A_t T + A_r U) / (W y)
    drivers             w T / (W y)
    fuel and tolls      2 g d / (W y)
    losses              p (1 - y) / y
whose sum is the cost of delivery. Trips are q / (W y) a day; tractors q T / (W y) over the hours a tractor
works in a day, trailers q U / (W y) over those of a trailer: fractions, because vehicles go to several
stations in turn. :func:`whole` rounds them up for a report.

A pipeline of its own is sized to its flow: C(q) = C_0 max((q / q_0)^x, m) CNY/km and year, so
    vehicles            C(q) d / (365 q)                 the pipe in place of vehicles
    fuel and tolls      v d e                            energy of conveying, v kWh/(kg km)
with the compressor as above and no drivers; losses are not counted.

Compression from p_1 to p_2 takes k = c_p T_1 ((p_2 / p_1)^((z - 1) / z) - 1) / eta, of an ideal gas [1]_.

References
----------
.. [1] GeoH2, ClimateCompatibleGrowth, Scripts/functions.py: the same formulas for compression and for the
   number of trucks and trailers; c_p there is ten times too large and is not taken over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: Parts of the cost of delivery, CNY/kg; their sum is the whole.
PARTS = (
    "conversion_energy_cny_per_kg",
    "conversion_plant_cny_per_kg",
    "vehicles_cny_per_kg",
    "drivers_cny_per_kg",
    "fuel_toll_cny_per_kg",
    "losses_cny_per_kg",
)

#: Days of a year, hours of a day.
DAYS, HOURS = 365.0, 24.0

#: Hydrogen: specific heat, kWh/(kg K), adiabatic exponent; temperature at the inlet, K (GeoH2, corrected).
_HEAT, _EXPONENT, _INLET_K = 0.003944, 1.402, 298.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadMode:
    """A mode on the road; symbols as in the formulation.

    Parameters
    ----------
    payload_kg
        W.
    kwh_per_kg, plant_cny_per_kg
        k and P.
    handling_loss, boil_off_per_day
        a and b, 0-1.
    stop_h, fill_h, unload_h
        s, f and u.
    closed_h_per_day, drive_before_rest_h, rest_h
        c, R and r.
    tractor_cny_per_h, trailer_cny_per_h, tractor_h_per_day, trailer_h_per_day
        A_t and A_r, and the hours a day each is in use.
    crew, wage_cny_per_h
        People on board and the wage of one; w is their product.
    road_cny_per_km
        g.
    """

    payload_kg: float
    kwh_per_kg: float
    plant_cny_per_kg: float
    handling_loss: float
    boil_off_per_day: float
    stop_h: float
    fill_h: float
    unload_h: float
    closed_h_per_day: float
    drive_before_rest_h: float
    rest_h: float
    tractor_cny_per_h: float
    trailer_cny_per_h: float
    tractor_h_per_day: float
    trailer_h_per_day: float
    crew: float
    wage_cny_per_h: float
    road_cny_per_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline from one base to one station; symbols as in the formulation.

    Parameters
    ----------
    kwh_per_kg, plant_cny_per_kg
        k and P.
    kwh_per_kg_km
        v.
    cny_per_km_year, reference_kg_per_day
        C_0 and q_0.
    flow_exponent, least_share
        x and m.
    """

    kwh_per_kg: float
    plant_cny_per_kg: float
    kwh_per_kg_km: float
    cny_per_km_year: float
    reference_kg_per_day: float
    flow_exponent: float
    least_share: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Delivery:
    """Cost of delivery of many pairs by one mode; all arrays of one shape, that of the pairs.

    Parameters
    ----------
    distance_km
        Along the road; infinite where no road leads, and there the parts are infinite or unknown.
    conversion_energy_cny_per_kg, conversion_plant_cny_per_kg, vehicles_cny_per_kg, drivers_cny_per_kg, \
fuel_toll_cny_per_kg, losses_cny_per_kg
        Parts of the cost per kg delivered.
    lost_kg
        Hydrogen lost on the way per kg delivered, (1 - y) / y.
    trips, trailers, tractors, driver_h
        Round trips and hours of drivers a day, and vehicles, that each kg/d delivered takes.
    """

    distance_km: Floats
    conversion_energy_cny_per_kg: Floats
    conversion_plant_cny_per_kg: Floats
    vehicles_cny_per_kg: Floats
    drivers_cny_per_kg: Floats
    fuel_toll_cny_per_kg: Floats
    losses_cny_per_kg: Floats
    lost_kg: Floats
    trips: Floats
    trailers: Floats
    tractors: Floats
    driver_h: Floats

    @property
    def cny_per_kg(self) -> Floats:
        """Cost of delivery, the sum of its parts; infinite where no road leads."""
        total: Floats = np.sum([getattr(self, part) for part in PARTS], axis=0)
        return np.where(np.isfinite(self.distance_km), total, np.inf)

    @property
    def carriage_cny_per_kg(self) -> Floats:
        """Cost of delivery without what is lost on the way; infinite where no road leads."""
        parts = [getattr(self, part) for part in PARTS if part != "losses_cny_per_kg"]
        total: Floats = np.sum(parts, axis=0)
        return np.where(np.isfinite(self.distance_km), total, np.inf)

    def rows(self, keep: NDArray[np.bool_]) -> Delivery:
        """Return the pairs of some rows of two-dimensional arrays."""
        return Delivery(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})

    def columns(self, keep: NDArray[np.bool_]) -> Delivery:
        """Return the pairs of some columns of two-dimensional arrays."""
        return Delivery(**{field.name: getattr(self, field.name)[:, keep] for field in fields(self)})


def compression_kwh_per_kg(inlet_mpa: float, outlet_mpa: float, *, efficiency: float) -> float:
    """Return the electricity of compressing hydrogen, kWh/kg; none if the inlet is high enough.

    Parameters
    ----------
    inlet_mpa, outlet_mpa
        Pressures, MPa.
    efficiency
        Of the compressor, above 0 to 1.
    """
    rise = math.pow(max(outlet_mpa / inlet_mpa, 1.0), (_EXPONENT - 1.0) / _EXPONENT) - 1.0
    return _HEAT * _INLET_K * rise / efficiency


def delivery(
    mode: RoadMode | Pipeline,
    *,
    km: ArrayLike,
    hours: ArrayLike,
    kg_per_day: ArrayLike,
    hydrogen_cny_per_kg: ArrayLike,
    electricity_cny_per_kwh: ArrayLike,
) -> Delivery:
    """Return what delivery by one mode costs and takes, for all pairs at once.

    Parameters
    ----------
    mode
        From :func:`siting.delivery_modes.mode_of`.
    km, hours
        One way; infinite where no road leads. All arguments broadcast to the shape of the pairs.
    kg_per_day
        Delivered. Only the cost of a pipeline depends on it; one without flow costs infinitely much.
    hydrogen_cny_per_kg, electricity_cny_per_kwh
        At the base.
    """
    given = (km, hours, kg_per_day, hydrogen_cny_per_kg, electricity_cny_per_kwh)
    arrays = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in given))
    if isinstance(mode, Pipeline):
        return _by_pipe(mode, *arrays)
    return _by_road(mode, *arrays)


def _by_road(
    mode: RoadMode, km: Floats, hours: Floats, _kg: Floats, price: Floats, power: Floats
) -> Delivery:
    """Return the delivery by a mode on the road, as in the formulation."""
    reached = np.isfinite(km)
    km, hours = np.where(reached, km, 0.0), np.where(reached, hours, 0.0)
    rests = np.maximum(np.ceil(hours / mode.drive_before_rest_h) - 1.0, 0.0)
    under_way = 2.0 * (hours + rests * mode.rest_h)
    tractor = under_way + mode.stop_h
    stands = HOURS / (HOURS - mode.closed_h_per_day)
    trailer = under_way * stands + mode.fill_h + mode.unload_h
    arrives = (1.0 - mode.handling_loss) * np.exp(-mode.boil_off_per_day * (hours + mode.unload_h) / HOURS)
    trips = 1.0 / (mode.payload_kg * arrives)
    vehicles = mode.tractor_cny_per_h * tractor + mode.trailer_cny_per_h * trailer
    return Delivery(
        distance_km=np.where(reached, km, np.inf),
        conversion_energy_cny_per_kg=mode.kwh_per_kg * power / arrives,
        conversion_plant_cny_per_kg=mode.plant_cny_per_kg / arrives,
        vehicles_cny_per_kg=vehicles * trips,
        drivers_cny_per_kg=mode.crew * mode.wage_cny_per_h * tractor * trips,
        fuel_toll_cny_per_kg=2.0 * mode.road_cny_per_km * km * trips,
        losses_cny_per_kg=price * (1.0 - arrives) / arrives,
        lost_kg=(1.0 - arrives) / arrives,
        trips=trips,
        trailers=trailer * trips / mode.trailer_h_per_day,
        tractors=tractor * trips / mode.tractor_h_per_day,
        driver_h=mode.crew * tractor * trips,
    )


def _by_pipe(
    mode: Pipeline, km: Floats, _hours: Floats, kg: Floats, _price: Floats, power: Floats
) -> Delivery:
    """Return the delivery by a pipeline, as in the formulation."""
    none = np.zeros(km.shape)
    flows = kg > 0.0
    reached = np.isfinite(km) & flows
    flow = np.where(flows, kg, 1.0)
    size = np.maximum((flow / mode.reference_kg_per_day) ** mode.flow_exponent, mode.least_share)
    length = np.where(reached, km, 0.0)
    return Delivery(
        distance_km=np.where(reached, km, np.inf),
        conversion_energy_cny_per_kg=mode.kwh_per_kg * power,
        conversion_plant_cny_per_kg=none + mode.plant_cny_per_kg,
        vehicles_cny_per_kg=mode.cny_per_km_year * size * length / (DAYS * flow),
        drivers_cny_per_kg=none,
        fuel_toll_cny_per_kg=mode.kwh_per_kg_km * length * power,
        losses_cny_per_kg=none,
        lost_kg=none,
        trips=none,
        trailers=none,
        tractors=none,
        driver_h=none,
    )


def whole(vehicles: ArrayLike) -> NDArray[np.int64]:
    """Return vehicles rounded up; what exceeds a whole number by the last digits of a sum only is not."""
    return np.ceil(np.asarray(vehicles, dtype=np.float64) - 1e-9).astype(np.int64)
