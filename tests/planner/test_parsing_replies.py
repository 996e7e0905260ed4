import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.findings import Finding, Flaw
from planner.lenient_json import Cut, LenientError, read_lenient
from planner.parsing import MAX_REPLY_CHARS, find_json
from planner.schema_fit import fit

PLAN = {"nodes": [{"id": 1, "verb": "find"}], "why": "it's so"}
WANTED = frozenset({"nodes"})
WHOLE = json.dumps(PLAN)


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"```\n{WHOLE}\n```",
        f"Here is the plan:\n```json\n{WHOLE}\n```\nTell me if you want changes.",
        f"Sure! {WHOLE} I hope that helps {{really}}.",
        f"<think>Maybe {{'nodes': [1, 2, 3, 4, 5, 6, 7]}}? No.</think>{WHOLE}",
        f'The shape is {{"id": 1}}. So: {WHOLE}',
        f"```json\n{WHOLE}",
        "\ufeff" + WHOLE,
        json.dumps(WHOLE),
        '{"nodes": [{"id": 1, "verb": "find",},], "why": "it\'s so",}',
        '{"nodes": [{"id": 1 /* first */, "verb": "find"}], // all\n "why": "it\'s so" # end\n}',
        "{'nodes': [{'id': 1, 'verb': 'find'}], 'why': 'it's so'}",
        "{\u201cnodes\u201d: [{\u201cid\u201d: 1, \u201cverb\u201d: \u201cfind\u201d}], "
        "\u201cwhy\u201d: \u201cit's so\u201d}",
        '{nodes: [{id: 1, verb: "find"}], why: "it\'s so"}',
        '{"nodes": [{"id": 1 , "verb": "find"}] "why": "it\'s so"}',
        '{"nodes": [{"id": +1, "verb": "find"}], "why": "it\\\'s so"}',
        WHOLE[:-1],
        '{"nodes": [{"id": 1, "verb": "find"}], "why": "it\\u0027s so"}',
    ],
)
def test_what_models_really_send_is_read(said):
    found = find_json(said, WANTED)
    assert not isinstance(found, Finding), found
    assert found.value == PLAN
    assert found.cut is not Cut.LOST


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no JSON object"),
        ("I will not do that.", "no JSON object"),
        ('{"nodes": [1, 2, ...]}', "cannot be read"),
        ('{"why": "he said "no" twice"}', "cannot be read"),
        ('{"id": 2026-11-23}', "cannot be read"),
        ("{'why': 'x 'y z'}", "cannot be read"),
        ('{"a": [1, 2}', "cannot be read"),
        ('{"a": maybe}', "cannot be read"),
    ],
)
def test_what_has_no_one_reading_is_a_finding(said, why):
    found = find_json(said)
    assert isinstance(found, Finding)
    assert found.flaw is Flaw.UNREADABLE
    assert why in found.message


@pytest.mark.parametrize(
    ("said", "value", "cut"),
    [
        ('{"a": [1, 2], "b": {"c": 3', {"a": [1, 2], "b": {}}, Cut.LOST),
        ('{"a": [1, 2], "b": {"c": 3 ', {"a": [1, 2], "b": {"c": 3}}, Cut.CLOSED),
        ('{"a": [{"x": 1}, {"x": 2}', {"a": [{"x": 1}, {"x": 2}]}, Cut.CLOSED),
        ('{"a": [{"x": 1}, {"x": 2 ', {"a": [{"x": 1}]}, Cut.LOST),
        ('{"a": [{"x": 1}, {"x": ', {"a": [{"x": 1}]}, Cut.LOST),
        ('{"a": [{"x": 1}, {"x": "tw', {"a": [{"x": 1}]}, Cut.LOST),
        ('{"a": [{"x": 1},', {"a": [{"x": 1}]}, Cut.LOST),
        ('{"a": 1, "b": "half', {"a": 1}, Cut.LOST),
        ('{"a": 1, "b"', {"a": 1}, Cut.LOST),
        ('{"a": 1, "b', {"a": 1}, Cut.LOST),
        ('{"a": 1, "b":', {"a": 1}, Cut.LOST),
        ('{"a": tru', {}, Cut.LOST),
        ("{", {}, Cut.CLOSED),
    ],
)
def test_a_cut_off_text_is_closed_and_says_whether_something_was_lost(said, value, cut):
    found = find_json(said)
    assert (found.value, found.cut) == (value, cut)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "undefined", "None"])
def test_what_is_no_number_is_null(word):
    assert find_json(f'{{"a": {word}}}').value == {"a": None}


@pytest.mark.parametrize(
    ("word", "value"),
    [("True", True), ("FALSE", False), (".5", 0.5), ("5.", 5.0), ("1_000", 1000), ("1e999", None)],
)
def test_literals_of_other_languages_are_understood(word, value):
    assert find_json(f'{{"a": {word} }}').value == {"a": value}


def test_forgiven_things_are_named_once():
    found = find_json("{'a': [1,], 'b': [2,], }")
    assert found.forgiven == ("other quotes", "a trailing comma")


def test_a_reply_of_ten_megabytes_is_refused_at_once():
    started = time.process_time()
    found = find_json("{" * 10_000_000)
    assert isinstance(found, Finding)
    assert "10000000 characters" in found.message
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("nest", ["[", "{", '{"a":', "[[[{", '["', "'{", "```{", "/*{"])
def test_hostile_nesting_ends_soon(nest):
    started = time.process_time()
    find_json(nest * (MAX_REPLY_CHARS // len(nest)))
    assert time.process_time() - started < 5


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=12,
    ).filter(lambda value: isinstance(value, dict | list)),
    indent=st.none() | st.integers(0, 3),
    ascii_only=st.booleans(),
)
def test_the_lenient_reader_reads_plain_json_as_everybody_does(value, indent, ascii_only):
    read = read_lenient(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    assert (read.value, read.cut) == (value, Cut.WHOLE)


@given(st.text(alphabet="{}[]\",:'\\ a1/*#\n-.u", max_size=60))
def test_no_text_makes_the_lenient_reader_fail_in_another_way(text):
    for start in range(min(3, len(text))):
        try:
            read_lenient(text, start)
        except LenientError:
            continue


@given(cut=st.integers(1, 400))
def test_a_plan_cut_anywhere_never_holds_a_half_record(cut):
    nodes = [{"id": number, "object": f"thing {number}", "after": [1, 2]} for number in range(8)]
    found = find_json(json.dumps({"nodes": nodes})[:cut], WANTED)
    if isinstance(found, Finding):
        return
    kept = found.value.get("nodes", [])
    assert kept == nodes[: len(kept)]


SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "verb": {"type": "string", "enum": ["find", "full_page"]},
        "note": {"type": ["string", "null"]},
        "from_node": {"type": ["integer", "null"]},
        "share": {"type": "number"},
        "sure": {"type": "boolean"},
        "after": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["id", "verb", "note", "from_node", "share", "sure", "after"],
    "additionalProperties": False,
}
GOOD = {
    "id": 1,
    "verb": "find",
    "note": None,
    "from_node": None,
    "share": 0.5,
    "sure": True,
    "after": [1],
}


def test_what_keeps_the_schema_is_not_touched():
    fitted = fit(GOOD, SCHEMA)
    assert (fitted.value, fitted.changes, fitted.findings) == (GOOD, [], [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"id": "1"}, {}),
        ({"id": 1.0}, {}),
        ({"verb": "FIND"}, {}),
        ({"verb": "Full-Page"}, {"verb": "full_page"}),
        ({"from_node": "null"}, {}),
        ({"from_node": "None"}, {}),
        ({"from_node": "3"}, {"from_node": 3}),
        ({"note": "null"}, {}),
        ({"note": 5}, {"note": "5"}),
        ({"note": ["a"]}, {"note": '["a"]'}),
        ({"share": "0.5"}, {}),
        ({"sure": "True"}, {}),
        ({"after": 1}, {}),
        ({"after": ["1"]}, {}),
        ({"after": None}, {"after": []}),
        ({"extra": "thing"}, {}),
    ],
)
def test_what_has_one_meaning_is_put_right_and_told(change, expected):
    fitted = fit({**GOOD, **change}, SCHEMA)
    assert fitted.value == {**GOOD, **expected}
    assert fitted.findings == []
    assert len(fitted.changes) == 1


def test_fields_are_found_under_another_spelling():
    record = {("fromNode" if key == "from_node" else key): value for key, value in GOOD.items()}
    assert fit(record, SCHEMA).value == GOOD


def test_a_nullable_field_may_be_left_out():
    record = {key: value for key, value in GOOD.items() if key not in ("note", "after")}
    assert fit(record, SCHEMA).value == {**GOOD, "after": []}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "one"}, "id must be integer, not 'one'"),
        ({"id": 1.5}, "id must be integer"),
        ({"id": True}, "id must be integer"),
        ({"verb": "fly"}, "verb must be one of ['find', 'full_page'], not 'fly'"),
        ({"sure": "perhaps"}, "sure must be boolean"),
        ({"share": None}, "share must be number"),
        ({"after": [[2]]}, "after[0] must be integer"),
    ],
)
def test_what_has_no_clear_meaning_is_a_finding_with_its_place(change, message):
    fitted = fit({**GOOD, **change}, SCHEMA)
    assert len(fitted.findings) == 1
    assert message in fitted.findings[0].message


def test_a_missing_field_is_a_finding():
    record = {key: value for key, value in GOOD.items() if key != "verb"}
    assert "verb is missing" in fit(record, SCHEMA).findings[0].message


def test_findings_are_bounded():
    assert len(fit({**GOOD, "after": [[]] * 500}, SCHEMA).findings) <= 20
