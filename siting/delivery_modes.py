"""Modes of delivery by name, from the values of the assumptions (formulas: :mod:`siting.delivery`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from siting.cash_flow import annuity
from siting.delivery import DAYS, HOURS, Pipeline, RoadMode, compression_kwh_per_kg

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Modes on the road, and all modes.
ROAD_MODES = ("tube_20mpa", "tube_30mpa", "tube_50mpa", "liquid")
MODES = (*ROAD_MODES, "pipeline")

_WAN, _KG_PER_KT, _PER_100_KM = 1e4, 1e6, 0.01

_OF_TRAILER = ("payload_kg", "trailer_wan_cny", "fill_h", "unload_h", "stop_h", "plant_cny_per_kg_per_day")
_OF_PIPELINE = (
    "wan_cny_per_km",
    "reference_kt_per_year",
    "flow_exponent",
    "least_wan_cny_per_km",
    "life_years",
    "fixed_share",
    "kwh_per_kg_km",
    "plant_cny_per_kg_per_day",
)
_OF_ROAD = (
    *(
        f"delivery.{each}"
        for each in (
            "trailer_life_years",
            "trailer_fixed_share",
            "trailer_use",
            "tractor_use",
            "closed_h_per_day",
            "drive_before_rest_h",
            "rest_h",
            "crew",
            "wage_cny_per_h",
            "diesel_l_per_100km",
            "toll_cny_per_km",
        )
    ),
    *(f"ownership.{each}" for each in ("life_years", "insurance_share", "diesel_cny_per_l")),
    "ownership.maintenance_cny_per_km.tractor_49t",
    "ownership.price_wan_cny.tractor_49t.diesel",
)
#: Ends of keys whose values must be above 0, and those that are shares.
_ABOVE_ZERO = ("life_years", "payload_kg", "_mpa", "drive_before_rest_h", "reference_kt_per_year")
_SHARES_ABOVE_ZERO = ("_use", "efficiency")
_SHARES_BELOW_ONE = ("_loss",)


def mode_of(assumptions: Mapping[str, float], name: str) -> RoadMode | Pipeline:
    """Return a mode from assumption values.

    Parameters
    ----------
    assumptions
        Values by key: ``delivery.*``, the tractor's of ``ownership.*``, ``economics.discount_rate``.
    name
        One of :data:`MODES`.

    Raises
    ------
    corridor.errors.InputError
        For an unknown mode, missing keys, and values no vehicle or plant can have; with all of them.
    """
    if name not in MODES:
        raise InputError(Fault(f"there is no mode of delivery {name}", "mode", f"Known: {', '.join(MODES)}"))
    faults = _faults(assumptions, name)
    if faults:
        raise InputError(faults)
    return _pipeline(assumptions) if name == "pipeline" else _road_mode(assumptions, name)


def needed_keys(name: str) -> tuple[str, ...]:
    """Return the keys of the assumptions that a mode takes."""
    common = ("economics.discount_rate", "delivery.plant_use")
    of_mode = [*_OF_PIPELINE] if name == "pipeline" else [*_OF_TRAILER]
    if name == "liquid":
        of_mode += ["kwh_per_kg", "handling_loss", "boil_off_per_day"]
        plant = [f"delivery.liquefier.{each}" for each in ("life_years", "fixed_share")]
    else:
        of_mode += ["pressure_mpa"]
        compressor = ("inlet_mpa", "efficiency", "life_years", "fixed_share")
        plant = [f"delivery.compressor.{each}" for each in compressor]
        plant += [] if name == "pipeline" else ["delivery.tube_loss"]
    keys = (*common, *plant, *(f"delivery.{name}.{each}" for each in of_mode))
    return keys if name == "pipeline" else (*keys, *_OF_ROAD)


def _faults(values: Mapping[str, float], name: str) -> list[Fault]:
    """Return what is wrong with the assumptions of a mode."""
    faults = []
    for key in needed_keys(name):
        value = values.get(key, np.nan)
        if not np.isfinite(value) or value < 0.0:
            faults.append(Fault("is missing, negative or no number", key, "Use a number from 0 up"))
        elif value == 0.0 and key.endswith((*_ABOVE_ZERO, *_SHARES_ABOVE_ZERO)):
            faults.append(Fault(f"0 leaves {name} without vehicles or plant", key, "Give more than 0"))
        elif value > 1.0 and key.endswith(_SHARES_ABOVE_ZERO):
            faults.append(Fault(f"{value:g} is no share", key, "Use above 0 to 1"))
        elif value >= 1.0 and key.endswith(_SHARES_BELOW_ONE):
            faults.append(Fault("nothing would arrive", key, "Use 0 to below 1"))
        elif value >= HOURS and key == "delivery.closed_h_per_day":
            faults.append(Fault("hydrogen trailers could never drive", key, "Use 0 to below 24"))
    return faults


def _plant(values: Mapping[str, float], name: str, *, kind: str) -> float:
    """Return the annuity of a plant, CNY per kg it puts through."""
    years, share = values[f"delivery.{kind}.life_years"], values[f"delivery.{kind}.fixed_share"]
    yearly = annuity(values["economics.discount_rate"], years) + share
    through = DAYS * values["delivery.plant_use"]
    return values[f"delivery.{name}.plant_cny_per_kg_per_day"] * yearly / through


def _compression(values: Mapping[str, float], name: str) -> float:
    """Return the electricity of compression to the pressure of a mode, kWh/kg."""
    return compression_kwh_per_kg(
        values["delivery.compressor.inlet_mpa"],
        values[f"delivery.{name}.pressure_mpa"],
        efficiency=values["delivery.compressor.efficiency"],
    )


def _road_mode(values: Mapping[str, float], name: str) -> RoadMode:
    """Return a mode on the road."""
    rate = values["economics.discount_rate"]
    is_liquid = name == "liquid"
    closed = values["delivery.closed_h_per_day"]
    tractor_h = (HOURS - closed) * values["delivery.tractor_use"]
    trailer_h = HOURS * values["delivery.trailer_use"]
    tractor = values["ownership.price_wan_cny.tractor_49t.diesel"] * _WAN
    tractor *= annuity(rate, values["ownership.life_years"]) + values["ownership.insurance_share"]
    trailer = values[f"delivery.{name}.trailer_wan_cny"] * _WAN
    trailer *= annuity(rate, values["delivery.trailer_life_years"]) + values["delivery.trailer_fixed_share"]
    diesel = values["delivery.diesel_l_per_100km"] * _PER_100_KM * values["ownership.diesel_cny_per_l"]
    maintenance = values["ownership.maintenance_cny_per_km.tractor_49t"]
    return RoadMode(
        payload_kg=values[f"delivery.{name}.payload_kg"],
        kwh_per_kg=values["delivery.liquid.kwh_per_kg"] if is_liquid else _compression(values, name),
        plant_cny_per_kg=_plant(values, name, kind="liquefier" if is_liquid else "compressor"),
        handling_loss=values["delivery.liquid.handling_loss" if is_liquid else "delivery.tube_loss"],
        boil_off_per_day=values["delivery.liquid.boil_off_per_day"] if is_liquid else 0.0,
        stop_h=values[f"delivery.{name}.stop_h"],
        fill_h=values[f"delivery.{name}.fill_h"],
        unload_h=values[f"delivery.{name}.unload_h"],
        closed_h_per_day=closed,
        drive_before_rest_h=values["delivery.drive_before_rest_h"],
        rest_h=values["delivery.rest_h"],
        tractor_cny_per_h=tractor / (DAYS * tractor_h),
        trailer_cny_per_h=trailer / (DAYS * trailer_h),
        tractor_h_per_day=tractor_h,
        trailer_h_per_day=trailer_h,
        crew=values["delivery.crew"],
        wage_cny_per_h=values["delivery.wage_cny_per_h"],
        road_cny_per_km=diesel + values["delivery.toll_cny_per_km"] + maintenance,
    )


def _pipeline(values: Mapping[str, float]) -> Pipeline:
    """Return the pipeline."""
    own = {each: values[f"delivery.pipeline.{each}"] for each in _OF_PIPELINE}
    yearly = annuity(values["economics.discount_rate"], own["life_years"]) + own["fixed_share"]
    reference = own["wan_cny_per_km"]
    return Pipeline(
        kwh_per_kg=_compression(values, "pipeline"),
        plant_cny_per_kg=_plant(values, "pipeline", kind="compressor"),
        kwh_per_kg_km=own["kwh_per_kg_km"],
        cny_per_km_year=reference * _WAN * yearly,
        reference_kg_per_day=own["reference_kt_per_year"] * _KG_PER_KT / DAYS,
        flow_exponent=own["flow_exponent"],
        least_share=own["least_wan_cny_per_km"] / reference if reference > 0.0 else 0.0,
    )
