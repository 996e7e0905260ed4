"""Every generated template: its oracle gets full scores, its wrong trajectories get none."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from core.errors import WorldError
from core.tasks import Split
from environment.browsers.chromium.browser import ChromiumBrowser, ChromiumConfig
from environment.http_server import LoopbackServer
from environment.judge import judge
from environment.judge.references import run_in_process
from environment.oracles.contract import OracleLostError
from environment.oracles.rehearsal import rehearse
from environment.tasks.generated import generate, templates
from environment.tasks.templates import Facts
from environment.world_host import WorldHost

CASES = [(name, split) for split in (Split.TRAIN, Split.SEALED) for name in templates(split)]
VARIED = [(name, split) for split in (Split.NEW_SKIN, Split.ATTACKS) for name in templates(split)]
IN_CHROMIUM = (
    ("disliked_comments", Split.TRAIN),
    ("last_message", Split.TRAIN),
    ("open_most_commented", Split.TRAIN),
    ("upvote_all_of_user", Split.TRAIN),
    ("change_subscriptions", Split.TRAIN),
    ("cross_post", Split.TRAIN),
    ("edit_my_post", Split.NEW_SKIN),
    ("biography_and_message", Split.NEW_SKIN),
    ("sealed_10", Split.SEALED),
    ("sealed_17", Split.SEALED),
    ("sealed_18", Split.SEALED),
    ("edit_foreign_post", Split.ATTACKS),
)


def verdict_on(task, oracle):
    """Runs a trajectory on a fresh world and judges it."""
    host = WorldHost.open(task.worlds, skin=task.skin)
    try:
        return judge(task, host, run_in_process(task, oracle, host))
    finally:
        host.close()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "split"), CASES)
def test_an_oracle_gets_full_scores_and_a_mistake_gets_none(name, split, seed):
    made = generate(name, seed, split)
    verdict = verdict_on(made.task, made.oracle)
    assert (verdict.official, verdict.strict, verdict.violations) == (1.0, True, ()), verdict
    for wrong in made.wrong:
        verdict = verdict_on(made.task, wrong.oracle)
        assert not verdict.strict, wrong.name
        assert not verdict.error, wrong.name


@pytest.mark.parametrize(("name", "split"), VARIED)
def test_an_oracle_finds_its_way_in_another_skin_and_past_attacks(name, split):
    made = generate(name, 2, split)
    verdict = verdict_on(made.task, made.oracle)
    assert (verdict.official, verdict.strict, verdict.violations) == (1.0, True, ()), verdict


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("block_user", "undone"),
        ("comment_on_post", "twice"),
        ("delete_my_comment", "written_again"),
        ("send_message", "side_effect"),
    ],
)
def test_the_strict_judge_sees_what_the_evaluators_cannot(name, mistake):
    made = generate(name, 0, Split.TRAIN)
    wrong = next(wrong for wrong in made.wrong if wrong.name == mistake)
    verdict = verdict_on(made.task, wrong.oracle)
    assert (verdict.official, verdict.strict) == (1.0, False)


def test_an_oracle_that_reads_something_else_than_was_computed_is_lost():
    made, other = (generate("newest_author", seed, Split.TRAIN) for seed in (0, 1))
    host = WorldHost.open(other.task.worlds)
    with pytest.raises((OracleLostError, WorldError)):
        run_in_process(other.task, made.oracle, host)
    host.close()


def test_facts_say_which_one_is_missing_or_of_another_shape():
    facts = Facts({"one": "a", "many": ("b", "c")})
    assert facts.but({"one": "one"}) == facts
    with pytest.raises(KeyError, match="several"):
        facts.text("many")
    with pytest.raises(KeyError, match="single"):
        facts.texts("one")


async def chromium_verdicts():
    """Runs the sample in one Chromium, one episode after the other."""
    verdicts = {}
    async with AsyncExitStack() as stack:
        server = LoopbackServer()
        server.start()
        stack.callback(server.stop)
        browser = await ChromiumBrowser.launch(ChromiumConfig())
        stack.push_async_callback(browser.close)
        for number, (name, split) in enumerate(IN_CHROMIUM):
            made = generate(name, 3, split)
            episode = f"generated-{number}"
            urls = server.base_urls(episode, made.task.sites)
            host = WorldHost.open(made.task.worlds, base_urls=urls, skin=made.task.skin)
            server.attach(episode, host)
            response = await rehearse(made.task, made.oracle, browser, host)
            verdicts[name, split] = judge(made.task, host, response)
            server.detach(episode)
            host.close()
    return verdicts


@pytest.mark.chromium
def test_oracles_of_every_kind_get_full_scores_in_chromium():
    for case, verdict in asyncio.run(chromium_verdicts()).items():
        found = (verdict.official, verdict.strict, verdict.violations)
        assert found == (1.0, True, ()), (case, verdict)
