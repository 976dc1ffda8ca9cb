"""Cities named on the map, for orientation."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A city label: ``rank`` 1 is the largest; the position is the city's rough middle, degrees WGS 84."""

    name_zh: str
    name_en: str
    lon: float
    lat: float
    rank: int


#: General knowledge, to 0.05 degrees: good enough for a label, used for nothing else.
PLACES = (
    Place("成都", "Chengdu", 104.07, 30.66, 1),
    Place("重庆", "Chongqing", 106.55, 29.56, 1),
    Place("绵阳", "Mianyang", 104.68, 31.47, 2),
    Place("德阳", "Deyang", 104.40, 31.13, 2),
    Place("南充", "Nanchong", 106.11, 30.84, 2),
    Place("遂宁", "Suining", 105.59, 30.53, 2),
    Place("资阳", "Ziyang", 104.63, 30.13, 2),
    Place("内江", "Neijiang", 105.06, 29.58, 2),
    Place("自贡", "Zigong", 104.78, 29.34, 2),
    Place("宜宾", "Yibin", 104.64, 28.75, 2),
    Place("泸州", "Luzhou", 105.44, 28.87, 2),
    Place("乐山", "Leshan", 103.77, 29.55, 2),
    Place("眉山", "Meishan", 103.85, 30.08, 2),
    Place("雅安", "Ya'an", 103.00, 29.98, 2),
    Place("广安", "Guang'an", 106.63, 30.46, 2),
    Place("达州", "Dazhou", 107.47, 31.21, 2),
    Place("巴中", "Bazhong", 106.75, 31.87, 2),
    Place("广元", "Guangyuan", 105.84, 32.44, 2),
    Place("西昌", "Xichang", 102.26, 27.90, 2),
    Place("攀枝花", "Panzhihua", 101.72, 26.58, 2),
    Place("万州", "Wanzhou", 108.40, 30.81, 2),
    Place("涪陵", "Fuling", 107.39, 29.71, 2),
    Place("永川", "Yongchuan", 105.92, 29.36, 3),
    Place("荣昌", "Rongchang", 105.60, 29.40, 3),
    Place("大足", "Dazu", 105.72, 29.70, 3),
    Place("潼南", "Tongnan", 105.84, 30.19, 3),
    Place("安岳", "Anyue", 105.34, 30.10, 3),
    Place("乐至", "Lezhi", 105.02, 30.28, 3),
    Place("简阳", "Jianyang", 104.55, 30.41, 3),
    Place("铜梁", "Tongliang", 106.05, 29.84, 3),
    Place("合川", "Hechuan", 106.28, 29.97, 3),
    Place("綦江", "Qijiang", 106.65, 29.03, 3),
    Place("长寿", "Changshou", 107.08, 29.84, 3),
)
