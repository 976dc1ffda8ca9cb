"""Files for reviewers: CSV, XLSX, GeoJSON and JSON of one plan."""

from __future__ import annotations

import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from corridor.errors import Fault, InputError
from corridor.sites import FLAGS, RULES
from planner.plan import REFUSED_COLUMNS, plain, records, to_json
from planner.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.worksheet.worksheet import Worksheet

    from planner.plan import Plan

#: Decimals of the siting table as CSV; coordinates as siting tables are filed, 0.1 m.
_DECIMALS = {
    "lon": 6,
    "lat": 6,
    "load_kg_per_day": 1,
    "utilization": 4,
    "visits_per_day": 1,
    "wait_p95_min": 1,
    "simulated_wait_p95_min": 1,
    "hydrogen_cny_per_kg": 2,
    "nozzle_cost_cny_per_kg": 2,
    "footprint_m2": 0,
    "capex_wan_cny": 1,
}

#: Widest column of a sheet, characters.
_WIDEST = 44


def stations_csv(plan: Plan) -> bytes:
    """Return the siting table as UTF-8 CSV with the byte-order mark spreadsheets need for Chinese."""
    content: str = plan.stations.round(_DECIMALS).to_csv(index=False)
    return content.encode("utf-8-sig")


def screening_table() -> pd.DataFrame:
    """Return what each screening flag of the siting table asks, by which clause, and how sure that is."""
    rows = [
        {
            "flag": f"screen_{rule.rule_id}",
            "clause": rule.clause,
            "what_zh": rule.what_zh,
            "what_en": rule.what,
            "needs_zh": rule.needs_zh,
            "needs_en": rule.needs,
            "source": rule.source,
            "confidence": rule.confidence,
        }
        for rule in RULES
    ]
    return pd.DataFrame(rows)


def _refused_table(plan: Plan) -> pd.DataFrame:
    """Return the sites left out, with the reasons."""
    return pd.DataFrame(list(plan.refused_sites), columns=list(REFUSED_COLUMNS))


def refused_csv(plan: Plan) -> bytes:
    """Return the sites left out as UTF-8 CSV with the byte-order mark; only headings where none was."""
    content: str = _refused_table(plan).round({"snap_km": 1}).to_csv(index=False)
    return content.encode("utf-8-sig")


def points_csv(plan: Plan) -> bytes:
    """Return the point demands as UTF-8 CSV with the byte-order mark; only headings where there is none."""
    decimals = {"lon": 6, "lat": 6, "served_kg_per_day": 1, "distance_km": 2, "snap_km": 2}
    content: str = plan.points.round(decimals).to_csv(index=False)
    return content.encode("utf-8-sig")


def weak_spots_csv(plan: Plan) -> bytes:
    """Return the outages as UTF-8 CSV with the byte-order mark; only headings without stations."""
    amounts = [str(name) for name in plan.weak_spots.columns if str(name).endswith("_per_day")]
    content: str = plan.weak_spots.round(dict.fromkeys(amounts, 1) | {"left_share": 4}).to_csv(index=False)
    return content.encode("utf-8-sig")


def stretches_csv(plan: Plan) -> bytes:
    """Return the stretches as UTF-8 CSV with the byte-order mark."""
    content: str = plan.stretches.round(3).to_csv(index=False)
    return content.encode("utf-8-sig")


def economics_csv(plan: Plan) -> bytes:
    """Return the accounts as UTF-8 CSV with the byte-order mark: each station, then the sums."""
    numbers = plan.economics.select_dtypes("number").columns
    content: str = plan.economics.round(dict.fromkeys(numbers, 2) | {"irr": 4}).to_csv(index=False)
    return content.encode("utf-8-sig")


def nozzle_costs_csv(plan: Plan) -> bytes:
    """Return what a kilogram costs at each station, by part, as UTF-8 CSV with the byte-order mark."""
    content: str = plan.nozzle_costs.round(4).to_csv(index=False)
    return content.encode("utf-8-sig")


def queues_csv(plan: Plan) -> bytes:
    """Return the waits at the dispensers as UTF-8 CSV with the byte-order mark."""
    content: str = plan.queues.round(3).to_csv(index=False)
    return content.encode("utf-8-sig")


def rollout_csv(plan: Plan) -> bytes:
    """Return the roll-out as UTF-8 CSV with the byte-order mark; only headings for a plan of one year."""
    numbers = plan.rollout.select_dtypes("float").columns
    content: str = plan.rollout.round(dict.fromkeys(numbers, 1) | {"utilization": 4}).to_csv(index=False)
    return content.encode("utf-8-sig")


def gains_csv(plan: Plan) -> bytes:
    """Return what each site would add, or carries alone, as UTF-8 CSV with the byte-order mark."""
    numbers = plan.gains.select_dtypes("float").columns
    content: str = plan.gains.round(dict.fromkeys(numbers, 3)).to_csv(index=False)
    return content.encode("utf-8-sig")


def hours_csv(plan: Plan) -> bytes:
    """Return the sales by hour of the day as UTF-8 CSV with the byte-order mark."""
    content: str = plan.hours.round(4).to_csv(index=False)
    return content.encode("utf-8-sig")


def supply_csv(plan: Plan) -> bytes:
    """Return the supply links as UTF-8 CSV with the byte-order mark: means of the year."""
    content: str = plan.supply.round(4).to_csv(index=False)
    return content.encode("utf-8-sig")


def supply_months_csv(plan: Plan) -> bytes:
    """Return what each link delivers in each month as UTF-8 CSV with the byte-order mark."""
    content: str = plan.supply_months.round(1).to_csv(index=False)
    return content.encode("utf-8-sig")


def bases_csv(plan: Plan) -> bytes:
    """Return the bases by month as UTF-8 CSV with the byte-order mark: made, stored, left over."""
    content: str = plan.bases.round(4).to_csv(index=False)
    return content.encode("utf-8-sig")


def screening_csv(_plan: Plan) -> bytes:
    """Return the rules behind the flags as UTF-8 CSV with the byte-order mark."""
    content: str = screening_table().to_csv(index=False)
    return content.encode("utf-8-sig")


def plan_json(plan: Plan) -> bytes:
    """Return the whole plan as one JSON object, UTF-8."""
    return to_json(plan).encode()


def plan_geojson(plan: Plan) -> bytes:
    """Return stations and point demands, and supply links (base to station), as GeoJSON, WGS 84 (RFC 7946).

    Foreign members: ``screening_rules``, the rules behind the ``screen_`` properties, and ``refused_sites``,
    whose coordinates may be none.
    """
    place = {row["site_id"]: (row["lon"], row["lat"]) for row in records(plan.stations)}
    bases = plan.provenance["bases"]
    features = [_point(row, "station") for row in records(plan.stations)]
    features += [_point(row, "point_demand") for row in records(plan.points)]
    for row in records(plan.supply):
        if row["base_id"] in bases:
            ends = [bases[row["base_id"]], list(place[row["site_id"]])]
            line = {"type": "LineString", "coordinates": ends}
            features.append(_feature(line, {"layer": "supply"} | row))
    rules = records(screening_table())
    collection = {
        "type": "FeatureCollection",
        "features": features,
        "screening_rules": rules,
        "refused_sites": plain(list(plan.refused_sites)),
    }
    return json.dumps(collection, ensure_ascii=False).encode()


def _point(row: Mapping[str, Any], layer: str) -> dict[str, Any]:
    """Return one row of a table as a point feature."""
    return _feature({"type": "Point", "coordinates": [row["lon"], row["lat"]]}, {"layer": layer} | dict(row))


def _feature(geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON feature."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def plan_xlsx(plan: Plan) -> bytes:
    """Return a workbook, headings bilingual.

    Stations, supply, rules, sites left out, proof, scenario, money, cost at the nozzle, queues, supply by
    month, bases by month, gains, sales by hour.

    Point demands, roll-out and weak spots have a sheet where there are any.
    """
    sheets = {
        "sheet.stations": _headed(plan.stations),
        "sheet.supply": _headed(plan.supply),
        "sheet.screening": _headed(_with_key(screening_table())),
        "sheet.refused": _headed(_refused_table(plan)),
        "sheet.certificate": _pairs({**plan.proof(), **plan.kpis}),
        "sheet.scenario": _pairs(_scenario_rows(plan)),
        "sheet.economics": _headed(plan.economics),
        "sheet.nozzle_costs": _headed(plan.nozzle_costs),
        "sheet.queues": _headed(plan.queues),
        "sheet.supply_months": _headed(plan.supply_months),
        "sheet.bases": _headed(plan.bases),
        "sheet.gains": _headed(plan.gains),
        "sheet.hours": _headed(plan.hours),
    }
    if len(plan.stretches):
        sheets["sheet.stretches"] = _headed(plan.stretches)
    if len(plan.rollout):
        sheets["sheet.rollout"] = _headed(plan.rollout)
    if len(plan.weak_spots):
        sheets["sheet.weak_spots"] = _headed(plan.weak_spots)
    if len(plan.points):
        sheets["sheet.points"] = _headed(plan.points)
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for key, table in sheets.items():
            name = f"{text(key, 'zh')} {text(key, 'en')}"
            table.to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))
            _fit(writer.sheets[name])
    return buffer.getvalue()


def _with_key(rules: pd.DataFrame) -> pd.DataFrame:
    """Return the rules with what the values of their flags mean below."""
    meanings = [
        {"flag": flag, "what_zh": text(f"flag.{flag}", "zh"), "what_en": text(f"flag.{flag}", "en")}
        for flag in FLAGS
    ]
    return pd.concat([rules, pd.DataFrame(meanings)], ignore_index=True)


def _headed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table under bilingual headings."""
    return table.rename(
        columns=lambda name: f"{text(f'column.{name}', 'zh')}\n{text(f'column.{name}', 'en')}"
    )


def _pairs(values: Mapping[str, Any]) -> pd.DataFrame:
    """Return name-value rows."""
    return pd.DataFrame({"项目 item": list(values), "值 value": [_cell(value) for value in values.values()]})


def _cell(value: Any) -> Any:  # noqa: ANN401  any JSON-like value
    """Return a value a spreadsheet cell can hold."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, tuple)) else value


def _scenario_rows(plan: Plan) -> dict[str, Any]:
    """Return the scenario, the data it ran on, and the notices, flat."""
    versions = {f"version.{name}": value for name, value in plan.provenance["versions"].items()}
    hashes = {f"sha256.{name}": value for name, value in plan.provenance["data_sha256"].items()}
    notices = {
        f"notice.{number}": f"{notice.say('zh')} {notice.say('en')}"
        for number, notice in enumerate(plan.notices, start=1)
    }
    return {**plan.scenario.model_dump(mode="json"), **notices, **versions, **hashes}


def _fit(sheet: Worksheet) -> None:
    """Give columns the width of their longest cell; a Chinese character counts twice."""
    for column in sheet.iter_cols():
        lines = (line for cell in column for line in str(cell.value or "").splitlines())
        widest = max((sum(2 if ord(c) > 0x2E80 else 1 for c in line) for line in lines), default=8)  # noqa: PLR2004
        sheet.column_dimensions[column[0].column_letter].width = min(widest + 2, _WIDEST)


#: Writers by file name, in the order they are written.
WRITERS = {
    "stations.csv": stations_csv,
    "screening.csv": screening_csv,
    "refused_sites.csv": refused_csv,
    "points.csv": points_csv,
    "weak_spots.csv": weak_spots_csv,
    "supply.csv": supply_csv,
    "supply_months.csv": supply_months_csv,
    "bases.csv": bases_csv,
    "economics.csv": economics_csv,
    "nozzle_costs.csv": nozzle_costs_csv,
    "queues.csv": queues_csv,
    "rollout.csv": rollout_csv,
    "gains.csv": gains_csv,
    "hours.csv": hours_csv,
    "stretches.csv": stretches_csv,
    "plan.xlsx": plan_xlsx,
    "plan.geojson": plan_geojson,
    "plan.json": plan_json,
}


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before any work is done.

    Raises
    ------
    corridor.errors.InputError
        If the path is a file or may not be written.
    """
    where = "--out"
    if folder.exists() and not folder.is_dir():
        raise InputError(Fault(f"{folder} is a file", where, "Name a folder"))
    parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(Fault(f"{parent} may not be written", where, "Name another folder"))


def write_all(plan: Plan, folder: Path) -> list[Path]:
    """Write every file of the plan and return the paths.

    All files are made first and then moved into place one by one, each move being atomic: a fault while
    making them leaves the earlier files as they were.
    """
    check_folder(folder)
    contents = {name: writer(plan) for name, writer in WRITERS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in contents.items():
        handle, draft = tempfile.mkstemp(prefix=f".{name}-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        paths.append(Path(draft).replace(folder / name))
    return paths
