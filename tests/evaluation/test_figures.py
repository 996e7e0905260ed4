"""Figures from synthetic records: what they draw, what they write, what they refuse."""

import subprocess
import sys
from itertools import product

import matplotlib as mpl
import numpy as np
import pytest

from core.errors import RecordError
from evaluation.curves import learning_curve, score_matrix
from evaluation.distributions import cost_distribution
from evaluation.figures import (
    Family,
    Limits,
    draw_constraint_bars,
    draw_cost_ecdf,
    draw_learning_curves,
    draw_pareto,
)
from evaluation.figures.labels import Corner, choose_corners
from evaluation.figures.style import series
from evaluation.intervals import run_mean
from evaluation.metrics import cost, strict_success
from evaluation.pareto import pareto_front, pareto_points

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def records(make):
    """Three algorithms, 3 seeds, 6 templates, 4 evaluations during training, two budgets."""
    rng = np.random.default_rng(4)
    found = []
    for algorithm, seed, template, point in product(
        ("p3o", "macpo", "ppo"), range(3), "abcdef", range(4)
    ):
        greedy = algorithm == "ppo"
        found.append(
            make(
                template,
                algorithm=algorithm,
                setting=f"alpha={0.8 if seed else 1.0}",
                seed=seed,
                trained_steps=point * 1_000,
                strict=bool(rng.random() < 0.3 + 0.2 * point),
                cost=int(rng.integers(300, 2_000 if greedy else 1_040)),
                violations=int(greedy and rng.random() < 0.3),
            )
        )
    return found


DRAWERS = (draw_learning_curves, draw_pareto, draw_cost_ecdf, draw_constraint_bars)


@pytest.mark.parametrize("draw", DRAWERS)
def test_a_figure_is_a_file_of_twelve_hundred_pixels(draw, records, tmp_path):
    path = tmp_path / "figure.png"
    figure = draw(records, path, caption="python -m scripts.train at 1a2b3c")
    data = path.read_bytes()
    assert data.startswith(PNG)
    assert int.from_bytes(data[16:20], "big") == 1_200
    assert 10_000 < len(data) < 500_000
    assert "python -m scripts.train at 1a2b3c" in figure.get_supxlabel()
    assert all(axes.get_title(loc="left") for axes in figure.axes)


@pytest.mark.parametrize("draw", DRAWERS)
def test_the_same_records_give_the_same_bytes_and_text_that_can_be_read(draw, records, tmp_path):
    before = dict(mpl.rcParams)
    draw(records, tmp_path / "one.svg", caption="made by x")
    draw(records, tmp_path / "two.svg", caption="made by x")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert "made by x" in (tmp_path / "one.svg").read_text()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("draw", DRAWERS)
def test_no_records_and_another_suffix_are_refused(draw, records, tmp_path):
    with pytest.raises(RecordError):
        draw([], tmp_path / "none.png")
    with pytest.raises(RecordError, match=r"\.png or \.svg, not 'figure\.pdf'"):
        draw(records, tmp_path / "figure.pdf")
    assert list(tmp_path.iterdir()) == []


def texts(axes):
    return {text.get_text() for text in axes.texts}


def test_learning_curves_show_success_money_and_safety_with_their_limits(records, tmp_path):
    figure = draw_learning_curves(records, tmp_path / "c.png", limits=Limits(violations=0.05))
    money, safety = figure.axes[1], figure.axes[2]
    assert figure.axes[0].get_ylabel() == "strict success, IQM"
    assert money.get_ylabel() == "mean cost / B"
    assert [texts(axes) for axes in figure.axes] == [{"target 0.9"}, {"limit 1"}, {"limit 0.05"}]
    drawn = [line for line in money.lines if line.get_label().startswith("macpo")]
    wanted = learning_curve([one for one in records if one.algorithm == "macpo"], cost, run_mean)
    assert list(drawn[0].get_ydata()) == pytest.approx([one.value / 1_000 for one in wanted])
    assert len(safety.collections) == 3, "a band for each algorithm"
    label = drawn[0].get_label()
    assert label == "macpo (3 seeds, 6 templates, 18 episodes a point)"


def test_a_single_run_has_a_line_and_no_band(records, tmp_path):
    one = [record for record in records if record.seed == 0 and record.algorithm == "p3o"]
    figure = draw_learning_curves(one, tmp_path / "c.png")
    assert len(figure.axes[0].collections) == 0
    assert "1 seed, 6 templates" in figure.axes[0].lines[0].get_label()


def test_a_run_that_lacks_a_template_is_not_averaged_over(records):
    some = [one for one in records if one.algorithm == "p3o" and one.trained_steps == 0]
    gap = [one for one in some if not (one.seed == 1 and one.template == "c")]
    with pytest.raises(RecordError, match="seed 1 has no episode that counts of template 'c'"):
        score_matrix(gap, strict_success)
    assert score_matrix(some, strict_success).scores.shape == (3, 6)


def test_a_pareto_front_keeps_what_nothing_cheaper_reaches(make):
    def arm(name, price, successes):
        return [make(f"t{n}", algorithm=name, cost=price, strict=n < successes) for n in range(10)]

    records = arm("cheap", 100, 4) + arm("worse", 200, 4) + arm("best", 300, 9)
    points = pareto_points(records + arm("dear", 400, 8))
    assert [one.arm.algorithm for one in points] == ["cheap", "worse", "best", "dear"]
    assert [one.arm.algorithm for one in pareto_front(points)] == ["cheap", "best"]
    assert pareto_front([]) == []


def test_a_pareto_mark_is_hollow_where_the_guarantee_is_not_shown(make, tmp_path):
    kept = [make(t, algorithm="p3o") for t in "abcdefgh" for _ in range(20)]
    broken = [make(t, algorithm="ppo", cost=1_500) for t in "abcdefgh" for _ in range(20)]
    families = {"ppo": Family.PENALTY}
    figure = draw_pareto(kept + broken, tmp_path / "p.svg", families=families)
    faces = {}
    for line in figure.axes[0].lines:
        if line.get_marker() in ("o", "D"):
            faces[line.get_marker()] = line.get_markerfacecolor()
    assert faces == {"o": "#0072B2", "D": "white"}


def test_labels_of_near_marks_stand_apart():
    near = choose_corners([(100.0, 100.0), (103.0, 104.0), (101.0, 97.0)], [30.0] * 3)
    assert len(set(near)) == 3
    assert choose_corners([(0.0, 0.0), (500.0, 0.0)], [30.0] * 2) == [Corner(7, -12)] * 2


def test_the_band_of_costs_has_its_width_where_the_curve_is_one(make):
    found = cost_distribution([make(cost=100 * n) for n in range(1, 9)])
    assert list(found.shares) == [n / 8 for n in range(1, 9)]
    margin = (np.log(40) / 16) ** 0.5
    assert found.margin == pytest.approx(margin)
    assert found.low[-1] == pytest.approx(1 - margin)
    assert found.high[-1] == 1.0


def test_costs_are_shown_with_the_budget_line_and_the_least_share(records, tmp_path):
    figure = draw_cost_ecdf(records, tmp_path / "e.svg")
    assert texts(figure.axes[0]) == {"budget B", "1.05 B", "at least 0.95"}
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert labels == {f"{name} (n = 72, 3 seeds)" for name in ("p3o", "macpo", "ppo")}


def test_bars_name_what_they_rest_on_and_the_undecided(make, tmp_path):
    records = [make(t, strict=None if t == "a" else True) for t in "abc"]
    figure = draw_constraint_bars(records, tmp_path / "b.svg")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["p3o\nn = 3, 3 templates, 1 seed\n1 undecided"]
    assert texts(figure.axes[1]) >= {"at least 0.95", "1.000  (0.292-1.000)"}


def test_more_series_than_a_reader_can_tell_apart_are_refused():
    with pytest.raises(RecordError, match="1 to 7 series, not 8"):
        series(map(str, range(8)))


def test_drawing_opens_no_window_system_and_solving_loads_no_statistics():
    code = (
        "import sys, actors.mas, scripts.solve; "
        "assert not {'scipy', 'matplotlib', 'evaluation'} & set(sys.modules); "
        "import evaluation.figures; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
