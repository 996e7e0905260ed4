"""From keys and files to tasks, and what is said when that does not work."""

import json
import subprocess
import sys

import pytest

from core.errors import TaskFileError, UnknownTaskError
from core.tasks import Split, WorldSpec
from environment.hosting import hosting_problem, is_hosted
from environment.tasks.loader import load_task, load_task_file, official_tasks


def test_the_benchmark_has_812_tasks_and_106_of_them_are_the_forums_alone():
    assert len(official_tasks()) == 812
    assert len(official_tasks(["reddit"])) == 106


def test_an_official_task_carries_the_benchmarks_record_and_an_official_world():
    task = load_task("404")
    assert (task.key, task.template, task.split) == ("404", "22", Split.OFFICIAL)
    assert task.worlds == {"reddit": WorldSpec(profile="official")}
    assert task.verified["task_id"] == 404


def test_reading_the_official_tasks_does_not_import_the_benchmark():
    code = (
        "import sys, environment.judge\n"
        "from environment.tasks.loader import official_tasks\n"
        "assert len(official_tasks()) == 812\n"
        "assert 'webarena_verified' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_generated_key_gives_the_task_of_that_key():
    from environment.tasks.generated import sample

    (made,) = sample(Split.TRAIN, 1, 3)
    assert load_task(made.task.key) == made.task


@pytest.mark.parametrize("key", ["812", "-1", "abc", "", "9" * 18])
def test_an_unknown_key_is_refused_with_the_keys_that_exist(key):
    with pytest.raises(UnknownTaskError, match="0 to 811"):
        load_task(key)


def test_a_number_too_long_to_be_read_is_an_unknown_key():
    with pytest.raises(UnknownTaskError, match="no task has the key"):
        load_task("9" * 5000)


def test_hosting_says_what_is_missing():
    assert is_hosted(load_task("404"))
    assert not is_hosted(load_task("0"))
    assert "shopping_admin" in hosting_problem(load_task("0"))


def write(tmp_path, text, name="tasks.json"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def record(**changes):
    return {**json.loads(json.dumps(load_task("404").verified)), **changes}


def own(**changes):
    return json.dumps({**json.loads(load_task("404").model_dump_json()), **changes})


def answer(**expected):
    return [{"evaluator": "AgentResponseEvaluator", "expected": expected}]


def test_a_task_of_ones_own_needs_a_key_of_its_own_and_is_read(tmp_path):
    text = own(key="mine", split="new_instances", intent="Do something else")
    (task,) = load_task_file(write(tmp_path, text))
    assert (task.key, task.intent) == ("mine", "Do something else")


def test_a_file_with_an_unchanged_official_record_gives_the_official_task(tmp_path):
    path = write(tmp_path, json.dumps([record()]))
    assert load_task_file(path) == (load_task("404"),)


def test_a_changed_record_never_counts_as_official(tmp_path):
    (task,) = load_task_file(write(tmp_path, json.dumps(record(intent="Do something else"))))
    assert task.key == "tasks.json#404"
    assert task.split is not Split.OFFICIAL


def test_lines_of_records_and_our_own_schema_are_read_too(tmp_path):
    own = load_task("405").model_dump_json()
    path = write(tmp_path, f"{json.dumps(record())}\n\n{own}\n", "tasks.jsonl")
    assert [task.key for task in load_task_file(path)] == ["404", "405"]


def test_lines_are_recognised_without_their_suffix(tmp_path):
    path = write(tmp_path, f"{json.dumps(record())}\n{json.dumps(record(task_id=405))}\n")
    assert len(load_task_file(path)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{]", "line 1, column 3"),
        ('[{"task_id": 1}]', "record 0: field sites"),
        ("[3]", "record 0: an object is wanted"),
        ("[]", "holds no task"),
        (json.dumps([record(sites=["reddit", "myspace"])]), "record 0: field sites: .*myspace"),
        (json.dumps([record(), record(intent="")]), "record 1: field intent"),
        (json.dumps([record(eval=[{"evaluator": "Guess"}])]), "record 0: field eval: .*Guess"),
        (json.dumps([record(), record()]), "same key '404'"),
        (json.dumps(record(surprise=1)), "record 0: field surprise"),
        (json.dumps(record(task_id=-1)), "record 0: field task_id"),
        (json.dumps(record(intent="\ud800")), "record 0: holds half a character"),
        (json.dumps(record(eval=answer())), "record 0: field eval: .*task_type None"),
        (json.dumps(record(eval=answer(task_type="dance"))), "field eval: .*'dance'.*mutate"),
        (json.dumps(record(eval=answer(task_type="mutate"))), "field eval: .*status None"),
        ("[" + "9" * 5000 + "]", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        (own(intent="Do something else"), "record 0: differs from the task '404'"),
        (own(key="812"), "record 0: field key: .*0 to 811"),
        (own(key="reddit.subscribe:0@train"), "record 0: differs from the task"),
        (own(key="reddit.absent:0@train"), "record 0: field key: .*'absent'"),
        (own(key=""), "record 0: field key"),
        (own(start_urls=[]), "record 0: field key, sites, start_urls"),
        (own(worlds={}), "record 0: field worlds: holds no world for reddit"),
        (own(worlds={"reddit": {"profile": "lost"}}), "record 0: field worlds: a profile"),
        (own(skin="tartan"), "record 0: field skin: .*'tartan'"),
    ],
)
def test_a_malformed_file_is_refused_by_file_position_and_field(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(TaskFileError, match=rf"tasks\.json.*{said}"):
        load_task_file(path)


def test_a_bad_line_is_named(tmp_path):
    path = write(tmp_path, json.dumps(record()) + "\nnonsense\n", "tasks.jsonl")
    with pytest.raises(TaskFileError, match="line 2, column 1"):
        load_task_file(path)


def test_a_missing_or_binary_file_is_a_task_file_error(tmp_path):
    with pytest.raises(TaskFileError, match=r"absent\.json"):
        load_task_file(tmp_path / "absent.json")
    with pytest.raises(TaskFileError, match="null byte"):
        load_task_file("a\0b.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TaskFileError, match=r"binary\.json"):
        load_task_file(tmp_path / "binary.json")
