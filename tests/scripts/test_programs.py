import re
import signal
import subprocess
import sys
from http.client import HTTPConnection

import pytest
import ray
import tyro

from actors.system import SolveResult
from core.tasks import AgentResponse, ResponseStatus, TaskType
from environment.tasks.anywhere import task_anywhere
from environment.tasks.loader import load_task
from scripts import solve
from scripts.bench.figures import markdown, met


def run(*words, timeout=90):
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--task", "99999"), "no task"),
        (("--task", "nonsense"), "nonsense"),
        (("--task", "0"), "not embedded"),
        (("--intent", "Do it"), "belong together"),
        (("--intent", "Do it", "--url", "ftp://x"), "http"),
        (("--file", "missing.json"), "missing.json"),
        (("--task", "404", "--budget", "-1"), "budget"),
    ],
)
def test_a_mistake_in_the_call_is_told_and_starts_nothing(words, says, capsys):
    before = ray.is_initialized()  # other tests of the session may have started one
    assert solve.main(tyro.cli(solve.Options, args=words)) == 2
    assert says in capsys.readouterr().out.replace("\n", " ")
    assert ray.is_initialized() == before


def ended(status, verdict):
    response = AgentResponse(task_type=TaskType.MUTATE, status=status) if status else None
    return SolveResult(
        episode="e", response=response, reason="", spent=0, budget=1, replans=0, verdict=verdict,
        wall_s=0.0,
    )  # fmt: skip


def test_what_is_lost_or_not_judged_as_solved_is_not_solved():
    judged, anywhere = load_task("404"), task_anywhere("Do it", "http://localhost:1/")
    ok, no = ResponseStatus.SUCCESS, ResponseStatus.UNKNOWN_ERROR
    assert solve.is_solved(judged, ended(ok, {"strict": True}))
    assert not solve.is_solved(judged, ended(ok, {"strict": False}))
    assert not solve.is_solved(judged, ended(None, None)), "the episode was lost"
    assert solve.is_solved(anywhere, ended(ok, None))
    assert not solve.is_solved(anywhere, ended(no, None))
    assert not solve.is_solved(anywhere, ended(None, None))


@pytest.mark.slow
def test_the_sites_are_served_until_they_are_interrupted():
    words = (sys.executable, "-u", "-m", "scripts.serve_sites", "--profile", "generated")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port = 0
        for line in program.stdout:
            found = re.search(r"http://(\S+?\.localhost):(\d+)", line)
            if found:
                name, port = found[1], int(found[2])
                break
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/forums", headers={"Host": f"{name}:{port}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"</html>" in answer.read()
        connection.close()
        program.send_signal(signal.SIGINT)
        assert "stopped" in program.stdout.read()
    assert program.returncode == 0


@pytest.mark.ray
@pytest.mark.slow
def test_an_installation_checks_itself():
    done = run("scripts.verify_implementation", "--skip", "chromium", "torch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ready" in done.stdout


@pytest.mark.parametrize(
    ("target", "value", "answer"),
    [("<= 1.0", 1.0, "yes"), ("<= 1.0", 1.01, "no"), (">= 2", 2.0, "yes"), ("", 3.0, "")],
)
def test_a_figure_is_held_against_its_target(target, value, answer):
    figure = {"name": "x", "value": value, "unit": "s", "target": target, "n": 1}
    assert met(figure) == answer
    assert f"| {answer} |" in markdown([figure])


def test_a_name_with_bars_stays_in_its_cell():
    figure = {"name": "|a - b|", "value": 1.0, "unit": "", "target": "", "n": 1}
    row = markdown([figure]).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 8
