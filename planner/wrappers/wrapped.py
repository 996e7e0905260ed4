"""What every wrapper of a provider answers with the inner provider's words."""

from __future__ import annotations

from planner.providers.contract import Provider

__all__ = ["Wrapped"]


class Wrapped:
    """Has the name and the model of `inner`; a wrapper adds `complete`."""

    __slots__ = ()

    inner: Provider

    @property
    def name(self) -> str:
        """The inner provider's."""
        return self.inner.name

    @property
    def model(self) -> str:
        """The inner provider's."""
        return self.inner.model
