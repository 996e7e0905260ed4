"""A trained policy of a team: what it would do, what it does, and its file. No torch.

Legend for shapes: N environments, A agents, C actions or candidates, D dimensions.

The file is a numpy archive without pickled objects: the parameters by name and one JSON text with
format, version, shape, groups and notes. A file of another version or one that was cut short is
refused with a message that says so.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import ConfigurationError
from policies.networks import ActorKind, ActorShape, Weights, actor_mean, masked_logits

__all__ = ["AgentViews", "Choice", "TrainedPolicy"]

FORMAT = "webarena-mas trained policy"
VERSION = 1
LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)

Floats = npt.NDArray[np.float32]
Sums = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Actions = Ints | Floats


class AgentViews(Protocol):
    """What all agents see; `learners.contract.Obs` is one."""

    @property
    def features(self) -> Floats:
        """[N, A, F]; with candidates [N, A, C, F]."""
        ...

    @property
    def active(self) -> Flags:
        """Who has a choice to make, [N, A]."""
        ...

    @property
    def mask(self) -> Flags | None:
        """Allowed actions or candidates, [N, A, C]."""
        ...

    @property
    def tokens(self) -> Ints | None:
        """[N, A, C, L]."""
        ...


class Choice(NamedTuple):
    """Actions of all agents and how likely each was."""

    actions: Actions
    """Indices [N, A] or vectors [N, A, D]; 0 where an agent is not active."""
    logp: Floats
    """log π of each agent's own action; 0 where it is not active. [N, A]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedPolicy:
    """One set of parameters for each group of agents."""

    shape: ActorShape
    groups: tuple[int, ...]
    """Parameter set of each agent. [A]"""
    weights: Weights
    notes: Mapping[str, str] = field(default_factory=dict)
    """Where it comes from: command, seed, commit; for people."""

    def probabilities(self, obs: AgentViews) -> Floats:
        """Returns the probability of each action; zeros where an agent is not active, [N, A, C].

        Raises:
            ConfigurationError: Actions are continuous; see `mean_and_std`.
        """
        if self.shape.kind is ActorKind.GAUSSIAN:
            raise ConfigurationError("continuous actions have no probabilities; ask mean_and_std")
        width = self._num_actions(obs)
        result = np.zeros((*obs.active.shape, width), dtype=np.float32)
        for group, chosen in self._rows(obs):
            result[chosen] = _softmax(self._logits(group, chosen, obs))
        return result

    def mean_and_std(self, obs: AgentViews) -> tuple[Floats, Floats]:
        """Returns mean and standard deviation of continuous actions. [N, A, D] each.

        Raises:
            ConfigurationError: Actions are not continuous.
        """
        if self.shape.kind is not ActorKind.GAUSSIAN:
            raise ConfigurationError("only continuous actions have a mean; ask probabilities")
        mean = np.zeros((*obs.active.shape, self.shape.num_outputs), dtype=np.float32)
        std = np.zeros_like(mean)
        for group, chosen in self._rows(obs):
            mean[chosen] = actor_mean(self.shape, self.weights, group, obs.features[chosen])
            std[chosen] = np.exp(self.weights[f"{group}.log_std"])
        return mean, std

    def act(self, obs: AgentViews, rng: np.random.Generator, greedy: bool = False) -> Actions:
        """Returns the actions of all agents: indices [N, A] or vectors [N, A, D].

        Args:
            obs: What they see.
            rng: Decides what is left to chance.
            greedy: Takes the likeliest action, or the mean. A constrained optimum often mixes
                actions, and then only the sampled policy keeps to its budget.
        """
        return self.choose(obs, rng, greedy=greedy).actions

    def choose(self, obs: AgentViews, rng: np.random.Generator, greedy: bool = False) -> Choice:
        """Returns the actions of all agents with their log-probabilities."""
        logp = np.zeros(obs.active.shape, dtype=np.float32)
        actions: Actions
        if self.shape.kind is ActorKind.GAUSSIAN:
            actions = np.zeros((*obs.active.shape, self.shape.num_outputs), dtype=np.float32)
        else:
            actions = np.zeros(obs.active.shape, dtype=np.int64)
        for group, chosen in self._rows(obs):
            actions[chosen], logp[chosen] = self._choose(group, chosen, obs, rng, greedy)
        return Choice(actions, logp)

    def save(self, path: Path) -> None:
        """Writes the policy; under another name first, so that a reader never meets half a file."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "shape": asdict(self.shape),
            "groups": list(self.groups),
            "notes": dict(self.notes),
        }
        arrays = {f"weights/{name}": array for name, array in self.weights.items()}
        temporary = path.with_name(path.name + ".part")
        with temporary.open("wb") as file:
            np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]  # numpy types **kwds together with allow_pickle
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    @staticmethod
    def load(path: Path) -> TrainedPolicy:
        """Reads a policy that `save` wrote.

        Raises:
            ConfigurationError: There is no such file, it is cut short, or it is something else.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except FileNotFoundError as error:
            raise ConfigurationError(f"no policy file at {path}") from error
        except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
            raise ConfigurationError(f"{path} is cut short or is not a policy: {error}") from error
        return _from_arrays(path, arrays)

    def _rows(self, obs: AgentViews) -> list[tuple[int, tuple[Ints, Ints]]]:
        """Which (environment, agent) pairs each group decides for."""
        self._check(obs)
        numbers = np.asarray(self.groups)
        found = []
        for group in sorted(set(self.groups)):
            chosen = np.nonzero(obs.active & (numbers == group))
            if len(chosen[0]):
                found.append((group, (chosen[0], chosen[1])))
        return found

    def _check(self, obs: AgentViews) -> None:
        dimensions = 4 if self.shape.kind is ActorKind.CANDIDATES else 3
        shape = obs.features.shape
        wanted = (len(self.groups), self.shape.num_features)
        if len(shape) != dimensions or (shape[1], shape[-1]) != wanted:
            raise ConfigurationError(
                f"this policy reads {wanted[0]} agents with {wanted[1]} features, not {shape}"
            )

    def _num_actions(self, obs: AgentViews) -> int:
        if self.shape.kind is ActorKind.CANDIDATES:
            return int(obs.features.shape[2])
        return self.shape.num_outputs

    def _logits(self, group: int, chosen: tuple[Ints, Ints], obs: AgentViews) -> Floats:
        mask = None if obs.mask is None else obs.mask[chosen]
        tokens = None if obs.tokens is None else obs.tokens[chosen]
        return masked_logits(self.shape, self.weights, group, obs.features[chosen], mask, tokens)

    def _choose(
        self,
        group: int,
        chosen: tuple[Ints, Ints],
        obs: AgentViews,
        rng: np.random.Generator,
        greedy: bool,
    ) -> tuple[Actions, Floats]:
        if self.shape.kind is ActorKind.GAUSSIAN:
            mean = actor_mean(self.shape, self.weights, group, obs.features[chosen])
            log_std = self.weights[f"{group}.log_std"]
            noise = rng.standard_normal(mean.shape, dtype=np.float32)
            vectors = mean if greedy else mean + np.exp(log_std) * noise
            scaled = (vectors - mean) / np.exp(log_std)
            logp = np.sum(-0.5 * scaled**2 - log_std - LOG_SQRT_2PI, axis=-1)
            return vectors.astype(np.float32), logp.astype(np.float32)
        probabilities = _softmax(self._logits(group, chosen, obs))
        if greedy:
            actions = probabilities.argmax(axis=-1)
        else:
            summed = probabilities.astype(np.float64).cumsum(axis=-1)
            drawn = rng.random(len(summed)) * summed[:, -1]
            actions = (summed <= drawn[:, None]).sum(axis=-1)
        taken = probabilities[np.arange(len(actions)), actions]
        return actions.astype(np.int64), np.log(np.maximum(taken, 1e-38))


def _softmax(logits: Floats) -> Floats:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), dtype=np.float32)


def _from_arrays(path: Path, arrays: Mapping[str, npt.NDArray[np.float32]]) -> TrainedPolicy:
    try:
        header = json.loads(str(arrays["header"]))
        if header["format"] != FORMAT or header["version"] != VERSION:
            raise ConfigurationError(
                f"{path} is {header['format']!r} version {header['version']}; "
                f"this program reads {FORMAT!r} version {VERSION}"
            )
        fields = dict(header["shape"])
        shape = ActorShape(
            **{**fields, "kind": ActorKind(fields["kind"]), "hidden": tuple(fields["hidden"])}
        )
        groups = tuple(int(group) for group in header["groups"])
        notes = {str(key): str(value) for key, value in header["notes"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path} is not a policy of this project: {error}") from error
    prefix = "weights/"
    weights = {name[len(prefix) :]: arrays[name] for name in arrays if name.startswith(prefix)}
    return TrainedPolicy(shape=shape, groups=groups, weights=weights, notes=notes)
