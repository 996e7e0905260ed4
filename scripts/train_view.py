"""What `scripts.train` shows while it works: one live panel for a stage, tables at its end."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from actors.training.watching import Began
from evaluation.outcomes import summary_row
from evaluation.records import EpisodeRecord
from learners.history import Record

__all__ = ["TrainView"]


class TrainView:
    """A `Watcher` for people. Without a terminal it prints a line now and then instead."""

    def __init__(self, console: Console) -> None:
        """Shows nothing yet."""
        self._console = console
        self._live: Live | None = None
        self._began: Began | None = None
        self._started = (0.0, 0.0)
        self._told_s = -math.inf
        self._curve = ""

    def began(self, began: Began) -> None:
        """Opens the panel of a stage."""
        self.close()
        self._began = began
        self._started = (time.monotonic(), math.nan)
        self._curve = ""
        for complaint in began.complaints:
            self._console.print(f"passed over: {complaint}", style="yellow", markup=False)
        where = f", goes on after update {began.iteration}" if began.iteration else ""
        self._console.print(f"stage {began.stage}{where}", style="bold")
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4)
            self._live.start()

    def updated(self, record: Record, share_done: float, drops: str, side: str) -> None:
        """Shows the newest update."""
        began_s, began_share = self._started
        if math.isnan(began_share):
            self._started = (began_s, share_done)
            began_share = share_done
        gained = share_done - began_share
        elapsed = time.monotonic() - began_s
        left = elapsed * (1.0 - share_done) / gained if gained > 0 else math.nan
        if self._live is not None:
            self._live.update(self._panel(record, share_done, left, side, drops))
        elif elapsed - self._told_s >= 15.0 or share_done >= 1.0:
            self._told_s = elapsed
            who = f"{side}  " if side else ""
            line = f"{share_done:4.0%}  {who}{self._line(record)}  left {_clock(left)}  {drops}"
            self._console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)

    def evaluated(self, records: list[EpisodeRecord], *, is_final: bool) -> None:
        """Shows evaluated episodes; final ones in a table."""
        if is_final:
            self.close()
            self._console.print(_table(records))
            return
        row = summary_row(records)
        self._curve = (
            f"new instances: success {_share(row.strict)} (n={row.n}), "
            f"P(cost ≤ 1.05 B) {row.guarantee:.2f}, violations {row.violations:.3f}"
        )

    def close(self) -> None:
        """Ends the panel; closing twice is allowed."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._told_s = -math.inf

    def _panel(
        self, record: Record, share: float, left: float, side: str, drops: str
    ) -> RenderableType:
        assert self._began is not None, "a stage has begun"
        table = Table.grid(padding=(0, 2))
        for row in self._rows(record):
            table.add_row(*row)
        lines: list[RenderableType] = [ProgressBar(total=1.0, completed=share), table]
        lines += [text for text in (self._curve, drops) if text]
        who = f", turn of the {side}" if side else ""
        title = f"{self._began.stage}{who}: {share:.0%}, about {_clock(left)} left"
        return Panel(Group(*lines), title=title)

    def _rows(self, record: Record) -> list[tuple[str, ...]]:
        assert self._began is not None, "a stage has begun"
        seconds = record.seconds
        total = seconds.total
        shares = [seconds.env, seconds.policy, seconds.update, seconds.other]
        split = " / ".join(f"{part / max(total, 1e-9):.0%}" for part in shares)
        rows: list[tuple[str, ...]] = [
            ("update", f"{record.iteration}", "steps", f"{record.steps:,}"),
            ("success", _number(record.info.get("strict", record.reward)), "episodes",
             f"{record.episodes} (failed {record.failed}, running {record.censored})"),
            ("KL", f"{record.kl:.4f}", "entropy", f"{record.entropy:.3f}"),
            ("status", record.status.value, "length", _number(record.length)),
            ("CPU-s", f"{total:.1f}", "env / policy / learner / rest", split),
        ]  # fmt: skip
        for place, cost in enumerate(self._began.spec.costs):
            weight = _at(record.kappa, place) or _at(record.multipliers, place)
            name = "kappa" if record.kappa else "multiplier"
            mean = f"{_number(record.costs[place])} of {cost.limit:g}"
            over = f"{record.violating[place]:.0%} over it, {name} {weight or '-'}"
            rows.append((cost.name, mean, "episodes", over))
        return rows

    def _line(self, record: Record) -> str:
        assert self._began is not None, "a stage has begun"
        costs = " ".join(
            f"{cost.name} {_number(value)}"
            for cost, value in zip(self._began.spec.costs, record.costs, strict=True)
        )
        return (
            f"update {record.iteration}  steps {record.steps:,}  "
            f"success {_number(record.info.get('strict', record.reward))}  {costs}  "
            f"KL {record.kl:.4f}  {record.status.value}"
        )


def _table(records: Sequence[EpisodeRecord]) -> Table:
    table = Table(
        "split", "acts", "n", "success", "95 %", "cost/B", "holds", "viol.",
        box=SIMPLE_HEAD,
        caption="holds: P(cost ≤ 1.05 B); viol.: violations per episode; success: macro-average",
    )  # fmt: skip
    ordered = sorted(records, key=lambda one: (one.split.value, one.setting))
    for (split, setting), group in groupby(ordered, lambda one: (one.split.value, one.setting)):
        found = list(group)
        row = summary_row(found)
        shares = sum(one.cost / one.budget for one in found) / len(found)
        ends = row.interval
        table.add_row(
            split,
            setting,
            str(row.n),
            _share(row.strict),
            "-" if ends is None else f"{ends.low:.2f}-{ends.high:.2f}",
            f"{shares:.2f}",
            f"{row.guarantee:.3f}",
            f"{row.violations:.3f}",
        )
    return table


def _at(values: Sequence[float], place: int) -> str:
    return f"{values[place]:.3g}" if place < len(values) else ""


def _share(value: float | None) -> str:
    return "undecided" if value is None else f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "unknown"


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
