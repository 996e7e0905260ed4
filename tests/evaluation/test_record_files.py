import doctest
import json
import math

import pytest
from pydantic import ValidationError

from core.errors import CodecError
from evaluation import records as records_module
from evaluation.record_files import read_records, write_records


def test_records_are_read_as_they_were_written(make, tmp_path):
    records = [make(seed=3, trained_steps=10, ticks=7, setting="alpha=0.8"), make(strict=None)]
    write_records(tmp_path / "r.jsonl", records, command="python -m x", commit="1a2b3c")
    found = read_records(tmp_path / "r.jsonl")
    assert found == (records, "python -m x", "1a2b3c")
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_no_records_are_a_file_as_well(tmp_path):
    write_records(tmp_path / "r.jsonl", [])
    assert read_records(tmp_path / "r.jsonl").records == []


def test_a_file_that_was_cut_anywhere_is_refused(make, tmp_path):
    path = tmp_path / "r.jsonl"
    write_records(path, [make(), make(), make()])
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CodecError, match=r"not whole|no file of episode records|is cut"):
            read_records(path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"PK\x03\x04", b'{"format": "other"}\n', b"[1, 2]\n"]
)
def test_a_foreign_file_is_named_as_such(content, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with pytest.raises(CodecError, match="no file of episode records"):
        read_records(path)


def test_another_version_is_refused_with_both_numbers(make, tmp_path):
    path = tmp_path / "r.jsonl"
    write_records(path, [make()])
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(CodecError, match="version 2, this program reads 1"):
        read_records(path)


def test_a_record_with_an_unknown_field_names_its_line(make, tmp_path):
    path = tmp_path / "r.jsonl"
    write_records(path, [make(), make()])
    lines = path.read_text().splitlines()
    lines[2] = json.dumps(json.loads(lines[2]) | {"score": 1})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CodecError, match="line 3"):
        read_records(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"official": math.nan},
        {"official": math.inf},
        {"official": 1.5},
        {"cost": math.nan},
        {"cost": -1},
        {"budget": 0},
        {"violations": -1},
        {"algorithm": ""},
    ],
)
def test_a_record_with_an_impossible_number_cannot_be_made(make, wrong):
    (field,) = wrong
    with pytest.raises(ValidationError, match=field):
        make(**wrong)


def test_the_example_of_a_record_runs():
    assert doctest.testmod(records_module) == (0, 1)
