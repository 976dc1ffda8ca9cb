"""Faults are said in the language of the page, with their values; unknown ones stay as they are."""

import re

import pytest

from corridor.errors import Fault, InputError
from planner.fault_text import said, sentence
from planner.inputs import load_inputs
from planner.route_lines import answer, closed_lines

_LATIN_SENTENCE = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")


@pytest.mark.parametrize(
    "closure", ["G9999", "G5 成都..亚特兰蒂斯城", "1..2", "???", "G5 万州..西昌", "G5013 km 9000..9010"]
)
def test_faults_of_closures_are_chinese_on_the_chinese_page(closure):
    with pytest.raises(InputError) as caught:
        closed_lines(load_inputs(), [closure])
    for fault in caught.value.faults:
        told = said(fault, "zh")
        assert not _LATIN_SENTENCE.search(told), told
        assert closure in told
        assert said(fault, "en") == str(fault)


@pytest.mark.parametrize(
    "ends", [("亚特兰蒂斯城", "重庆市"), ("30.66,104.07", "重庆市"), ("成都市", "104.2,500")]
)
def test_faults_of_places_are_chinese_on_the_chinese_page(ends):
    with pytest.raises(InputError) as caught:
        answer(load_inputs(), *ends)
    for fault in caught.value.faults:
        assert not _LATIN_SENTENCE.search(said(fault, "zh")), said(fault, "zh")


def test_values_are_kept():
    assert sentence("no road has the number G9", "zh") == "路网中没有编号为 G9 的道路"
    assert sentence("7.1 km from the road network, more than 5 km", "zh") == "距路网 7.1 km，超过 5 km"


def test_an_unknown_sentence_stays():
    fault = Fault("the moon is full", "sky", "Wait")
    assert sentence("the moon is full", "zh") == "the moon is full"
    assert said(fault, "zh") == "sky：the moon is full。Wait"
