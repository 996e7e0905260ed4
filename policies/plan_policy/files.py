"""Trained policies on disk: one npz file with the parameters and one JSON line about them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigurationError
from policies.plan_policy.features import LAYOUT
from policies.plan_policy.policy import PlanPolicy

__all__ = ["load_policy", "policy_file", "save_policy"]

FILE_VERSION = 2
_TRAINED = Path(__file__).parent.parent / "trained"
_ABOUT = "about"


class _About(BaseModel):
    """What a file says about its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_version: int
    layout: str
    """Columns of the features that the parameters were trained on."""
    policy_version: str = Field(min_length=1, max_length=64)
    beta: float


def policy_file(method: str) -> Path:
    """Returns where the trained policy of a method lies, whether or not there is one."""
    return _TRAINED / f"plan_{method}.npz"


def load_policy(path: Path) -> PlanPolicy:
    """Returns the policy in a file; where there is no file, the untrained policy.

    Raises:
        ConfigurationError: The file is not a policy, or was trained on other features.
    """
    if not path.exists():
        return PlanPolicy()
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = _About.model_validate(json.loads(str(arrays.pop(_ABOUT))))
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, ValidationError) as error:
        raise ConfigurationError(f"{path} is not a policy: {error}") from error
    if (about.file_version, about.layout) != (FILE_VERSION, LAYOUT):
        raise ConfigurationError(
            f"{path} has file version {about.file_version} and feature layout {about.layout}; "
            f"this program reads {FILE_VERSION} and {LAYOUT}"
        )
    return PlanPolicy(parameters=arrays, beta=about.beta, version=about.policy_version)


def save_policy(policy: PlanPolicy, path: Path) -> None:
    """Writes a policy with parameters; a reader sees the old file or the whole new one.

    Raises:
        ConfigurationError: The policy has no parameters.
    """
    if policy.parameters is None:
        raise ConfigurationError("an untrained policy has nothing to be written")
    about = _About(
        file_version=FILE_VERSION, layout=LAYOUT, policy_version=policy.version, beta=policy.beta
    )
    arrays: dict[str, npt.NDArray[np.generic]] = {
        name: np.asarray(values, np.float32) for name, values in policy.parameters.items()
    }
    arrays[_ABOUT] = np.array(about.model_dump_json())
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    fresh.replace(path)
