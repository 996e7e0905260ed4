"""The browser that training and solving use: no JavaScript, about a millisecond a step."""

from __future__ import annotations

from environment.browsers.in_process.browser import InProcessBrowser
from environment.browsers.in_process.page import InProcessPage

__all__ = ["InProcessBrowser", "InProcessPage"]
