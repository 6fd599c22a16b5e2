"""RFC 8785, with its own vectors as far as they have no fractions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.canonical_json import LARGEST_INTEGER, canonical_json


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        # RFC 8785 section 3.2.2 without its numbers
        (
            {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f", "literals": [None, True, False]},
            r'{"literals":[null,true,false],"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}',
        ),
        # RFC 8785 section 3.2.3: names are sorted by UTF-16 code units, so the smiley comes before the Hebrew letter
        (
            {
                "\u20ac": "Euro Sign",
                "\r": "Carriage Return",
                "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One",
                "\U0001f600": "Emoji: Grinning Face",
                "\u0080": "Control",
                "\u00f6": "Latin Small Letter O With Diaeresis",
            },
            (
                '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",'
                '"\u20ac":"Euro Sign","\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
            ),
        ),
        # cyberphone/json-canonicalization, testdata: arrays, french, structures, values and weird, without fractions
        ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
        (
            {"1": {"f": {"f": "hi", "F": 5}, "\n": 56}, "10": {}, "": "empty", "a": {}, "111": [], "A": {}},
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[],"A":{},"a":{}}',
        ),
        (
            {"peach": 1, "péché": 2, "pêche": 3, "sin": 4},
            '{"peach":1,"péché":2,"pêche":3,"sin":4}',
        ),
        ("\b\t\n\f\r\x00\x1f\x7f\u2028</script>", '"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028</script>"'),
        (-LARGEST_INTEGER, "-9007199254740991"),
        ((), "[]"),
    ],
)
def test_each_value_has_the_rfcs_spelling(value: Any, spelt: str) -> None:
    assert canonical_json(value) == spelt.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1: 2}, {None: 1}, {"a": {1, 2}}, [object()]])
def test_what_has_no_spelling_here_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -(2**60), "\ud800", {"\udfff": 1}])
def test_what_would_share_its_spelling_or_have_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"spelling|surrogates"):
        canonical_json(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_what_is_written_is_read_as_it_was_and_written_the_same_again(value: Any) -> None:
    spelt = canonical_json(value)
    assert json.loads(spelt) == value
    assert canonical_json(json.loads(spelt)) == spelt
