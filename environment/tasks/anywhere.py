"""Tasks on sites that are not ours: a wish in words and an address, judged by nobody.

Such a task names one site, `web`, with its own address as base URL; no world is opened for it, and
a browser that reaches the network is needed.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from core.errors import ConfigurationError
from core.tasks import OPEN_SITE, Split, Task

__all__ = ["open_base_urls", "task_anywhere"]


def task_anywhere(intent: str, url: str) -> Task:
    """Returns a task for any site.

    Args:
        intent: What to do, in words.
        url: Absolute http(s) address to start at.

    Raises:
        ConfigurationError: The address is not absolute http(s), or there is nothing to do.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigurationError(f"a start address is absolute http or https, not {url!r}")
    if not intent.strip():
        raise ConfigurationError("an intent says what to do; this one is empty")
    digest = hashlib.blake2b(f"{intent}\x1f{url}".encode(), digest_size=5).hexdigest()
    return Task(
        key=f"{OPEN_SITE}-{digest}",
        template=OPEN_SITE,
        split=Split.OFFICIAL,
        sites=(OPEN_SITE,),
        start_urls=(url,),
        intent=intent,
        worlds={},
        verified={},
    )


def open_base_urls(task: Task) -> dict[str, str]:
    """Returns scheme and host of each site of a task that no world serves."""
    missing = [site for site in task.sites if site not in task.worlds]
    parts = urlsplit(task.start_urls[0])
    return dict.fromkeys(missing, f"{parts.scheme}://{parts.netloc}")
