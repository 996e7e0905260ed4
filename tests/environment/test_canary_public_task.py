"""Answers, oracles and evaluators never reach a planner or an agent: canaries are sought."""

import json

import msgpack
import pytest

from core.tasks import PublicTask, Split, Task
from environment.tasks.loader import load_task

CANARY = "canary-7f3a91"
URLS = {"reddit": "http://reddit.localhost"}


def planted(task: Task) -> Task:
    """The task with a canary in every text that only the judge may read."""

    def mark(value, name=""):
        if isinstance(value, dict):
            return {key: mark(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [mark(inner, name) for inner in value]
        # Names of evaluators and kinds of tasks are no secrets of this task.
        is_fixed = name in ("evaluator", "task_type", "status", "http_method")
        return f"{value} {CANARY}" if isinstance(value, str) and not is_fixed else value

    verified = {**task.verified, **{key: mark(task.verified[key]) for key in SECRET_PARTS}}
    return task.model_copy(update={"verified": verified})


SECRET_PARTS = ("eval", "instantiation_dict", "intent_template")


@pytest.fixture(params=["27", "69", "404", "reddit.%s:1@train"])
def task(request):
    if "%" not in request.param:
        return planted(load_task(request.param))
    from environment.tasks.generated import templates

    return planted(load_task(request.param % templates(Split.TRAIN)[0]))


def test_the_canary_is_where_the_judge_reads(task):
    assert CANARY in json.dumps(task.verified)


def test_no_canary_reaches_the_public_task_or_its_bytes(task):
    public = task.public(URLS)
    assert CANARY not in public.model_dump_json()
    assert CANARY.encode() not in msgpack.packb(public.model_dump(mode="json"))
    assert CANARY not in repr(public)


def test_the_public_task_has_only_fields_that_tell_nothing():
    assert set(PublicTask.model_fields) == {"key", "intent", "sites", "start_urls", "base_urls"}


def test_a_generated_tasks_public_key_hides_its_template():
    from environment.tasks.generated import sample

    for made in sample(Split.SEALED, 5, 1):
        public = made.task.public(URLS)
        assert made.task.template not in public.model_dump_json()
        assert made.task.template.rpartition(".")[2] not in public.key
