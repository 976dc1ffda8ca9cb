"""Both catalogues say the same things."""

import re
import string
from pathlib import Path

import pytest

from planner.text import LANGUAGES, catalogue, text

_TABLES = (
    "- `stations`",
    "- `flows`",
    "- `supply`",
    "- `supply_months`",
    "- `bases`",
    "- `points`",
    "- `weak_spots`",
    "- `economics`",
    "- `nozzle_costs`",
    "- `queues`",
    "- `gains`",
    "- `hours`",
)


def _placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_catalogues_have_the_same_keys():
    zh, en = (set(catalogue(language)) for language in LANGUAGES)
    assert zh == en
    assert zh


@pytest.mark.parametrize("key", sorted(catalogue("zh")))
def test_translations_take_the_same_values(key):
    assert _placeholders(catalogue("zh")[key]) == _placeholders(catalogue("en")[key])


def test_text_fills_placeholders():
    assert text("app.subtitle", "en", year=2030).endswith("2030")


def test_a_missing_key_is_an_error():
    with pytest.raises(KeyError):
        text("no.such.key", "zh")


def test_a_missing_value_is_an_error():
    with pytest.raises(KeyError):
        text("app.subtitle", "zh")


def test_every_column_of_the_plan_tables_has_a_heading():
    tables = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    plan = tables.partition("**`planner.plan.Plan`**")[2].partition("## Keys")[0]
    rows = [
        line.partition("`: ")[2]
        for line in plan.replace("\n  ", " ").splitlines()
        if line.startswith(_TABLES)
    ]
    columns = {name for row in rows for name in re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", row))}
    assert {"site_id", "served_kg_per_day", "delivered_cny_per_kg"} <= columns
    assert not {name for name in columns if f"column.{name}" not in catalogue("zh")}
