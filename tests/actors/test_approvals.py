from __future__ import annotations

import threading
from pathlib import Path

import pytest

from actors.approvals import AskInFolder, answer, open_questions
from actors.assembly import default_assembly
from actors.in_process import EpisodeSetup, run_episode
from actors.rehearsal.mini_site import mini_host
from actors.rehearsal.plans import fork, mini_task, rehearsal
from actors.rehearsal.scripted import Do
from core.pages import Stop
from environment.browsers.in_process import InProcessBrowser
from environment.transports import DirectTransport
from planner.confirming import ConfirmingDecider


class Person:
    """Answers each question in a thread, as somebody at a terminal would."""

    def __init__(self, folder: Path, yes: bool) -> None:
        self.asked: list[str] = []
        self._folder, self._yes = folder, yes
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while not self._is_over.wait(0.01):
            for question in open_questions(self._folder):
                self.asked.append(question.text)
                answer(question, self._yes)

    def __enter__(self) -> Person:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


def _run(folder: Path, *, enable_replanning: bool = True):
    """Runs a plan whose first branch fails in a way that only another plan or agent can mend."""
    decider = default_assembly(approvals=folder, enable_replanning=enable_replanning).decider
    lost = (Do(Stop("output: the page does not show votes")),)
    system = rehearsal(
        {"x": fork(left="lost")}, better={"x": fork()}, scripts={"lost": lost}, decider=decider
    )
    setup = EpisodeSetup(episode="e", task=mini_task("x"), budget=0.1)
    return run_episode(setup, system, InProcessBrowser(DirectTransport(mini_host())))


def test_a_plan_changes_after_a_yes(tmp_path: Path) -> None:
    with Person(tmp_path, yes=True) as person:
        result = _run(tmp_path)
    assert person.asked
    assert "node 0 failed" in person.asked[0]
    assert result.replans >= 1


def test_a_no_ends_the_episode_where_a_subtask_has_failed(tmp_path: Path) -> None:
    with Person(tmp_path, yes=False) as person:
        result = _run(tmp_path)
    assert len(person.asked) == 1
    assert "not approved" in result.reason


def test_who_does_not_answer_says_no(tmp_path: Path) -> None:
    asker = AskInFolder(folder=tmp_path, patience_s=0.0)
    seen = []

    def ask(report, change) -> bool:
        seen.append(asker(report, change))
        return seen[-1]

    decider = ConfirmingDecider(default_assembly().decider(), ask)
    lost = (Do(Stop("output: the page does not show votes")),)
    system = rehearsal({"x": fork(left="lost")}, scripts={"lost": lost}, decider=lambda: decider)
    setup = EpisodeSetup(episode="e", task=mini_task("x"), budget=0.1)
    result = run_episode(setup, system, InProcessBrowser(DirectTransport(mini_host())))
    assert seen == [False]
    assert "not approved" in result.reason


@pytest.mark.parametrize("enable", [True, False])
def test_only_a_system_that_replans_asks_people(tmp_path: Path, enable: bool) -> None:
    assert default_assembly(approvals=tmp_path, enable_replanning=enable).asks_people is enable
