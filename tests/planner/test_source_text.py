"""Sources are said in Chinese where their phrases recur, and stay as they are where they do not."""

import re

import pytest

from corridor import sources
from planner.source_text import source_said

_HAN = re.compile(r"[一-鿿]")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("general knowledge, unverified", "一般知识，未经核实"),
        ("derived: own choice", "推算：自行取定"),
        ("general knowledge, unverified; Xinhua 2024", "一般知识，未经核实；Xinhua 2024"),
        ("Xinhua 2024: 6,400 kg/d", "Xinhua 2024: 6,400 kg/d"),
    ],
)
def test_phrases_are_said_one_by_one(source, said):
    assert source_said(source, "zh") == said
    assert source_said(source, "en") == source


def test_most_sources_of_the_data_begin_in_chinese_and_recurring_ones_are_chinese():
    table = sources.read_assumptions(sources.data_directory())
    told = table["source"].map(lambda source: source_said(source, "zh"))
    assert told.map(lambda words: bool(_HAN.match(words))).mean() > 0.9
    counts = table["source"].value_counts()
    for source in counts[counts >= 5].index:
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", source_said(source, "zh")), source
