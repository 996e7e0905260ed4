from core.codec import Envelope
from core.events import ActionTaken, EpisodeFailed, EpisodeFinished, EpisodeStarted
from core.tasks import AgentResponse, ResponseStatus, Split, TaskType
from evaluation.log_fold import fold_records
from evaluation.records import Judged

ANSWER = AgentResponse(task_type=TaskType.MUTATE, status=ResponseStatus.SUCCESS)


def started(episode, budget=1_000):
    return EpisodeStarted(
        episode=episode, task="g1", intent="x", budget=budget, hard_cap=2_000, seed=0
    )


def acted(episode, step):
    return ActionTaken(episode=episode, node=1, agent="editor", step=step, action="click")


def finished(episode, spent=700):
    return EpisodeFinished(episode=episode, response=ANSWER, reason="done", spent=spent, replans=2)


def verdict(key="t:1@train"):
    return Judged(key=key, template="t", split=Split.TRAIN, official=1.0, strict=True, violations=1)


def test_a_log_and_a_verdict_give_a_record():
    events = [started("e"), acted("e", 0), acted("other", 0), acted("e", 1), finished("e")]
    envelopes = [
        Envelope(id=f"x:{n}", sequence=n, trace=event.episode, cause="", at_ms=n, body=event)
        for n, event in enumerate(events)
    ]
    folded = fold_records(envelopes, {"e": verdict()}, algorithm="macpo", seed=4)
    (record,) = folded.records
    assert (record.cost, record.budget, record.steps, record.replans) == (700, 1_000, 2, 2)
    assert (record.key, record.violations, record.seed) == ("t:1@train", 1, 4)
    assert record.ticks is None
    assert folded[1:] == ({}, (), ())
    assert fold_records(events, {"e": verdict()}, algorithm="macpo", seed=4) == folded


def test_episodes_that_give_no_record_are_named():
    events = [
        started("lost"),
        EpisodeFailed(episode="lost", reason="ledger gone", spent=3),
        started("open"),
        started("unseen"),
        finished("unseen"),
    ]
    folded = fold_records(events, {"lost": verdict()}, algorithm="ppo")
    assert folded == ([], {"lost": "ledger gone"}, ("open",), ("unseen",))


def test_a_new_attempt_starts_from_nothing_and_a_resumed_episode_goes_on():
    lost = EpisodeFailed(episode="e", reason="killed", spent=3)
    again = [started("e"), acted("e", 0), lost, started("e"), acted("e", 0), finished("e", 9)]
    folded = fold_records(again, {"e": verdict()}, algorithm="ppo")
    assert [(one.steps, one.cost) for one in folded.records] == [(1, 9)]
    assert folded.failed == {}
    resumed = [started("e"), acted("e", 0), started("e"), acted("e", 1), finished("e")]
    assert fold_records(resumed, {"e": verdict()}, algorithm="ppo").records[0].steps == 2
