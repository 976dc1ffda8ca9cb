"""The first screen of the default plan: few enough features for a browser to draw at once."""

import pytest

from planner.inputs import load_inputs
from planner.text import LANGUAGES
from planner.views import corridor_map
from planner.views.session import Session

_MOST = 2_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_has_at_most_two_thousand_features(solved, language):
    plan, inputs = solved(), load_inputs()
    layers = corridor_map.layers(Session(), plan, inputs, language, set(corridor_map.FIRST))
    rows = {layer.id: len(layer.data) for layer in layers if isinstance(layer.data, list)}
    assert rows["station@0"] == len(plan.stations)
    assert rows["candidate@0"] == len(inputs.sites) - len(plan.stations)
    assert sum(rows.values()) <= _MOST, rows
