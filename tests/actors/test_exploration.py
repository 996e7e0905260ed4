import asyncio

import pytest

from actors.exploration import explore
from actors.site_memory import SiteMemory
from core.tasks import WorldSpec
from environment.browsers.in_process import InProcessBrowser
from environment.tasks.loader import load_task
from environment.transports import DirectTransport
from environment.world_host import WorldHost


@pytest.mark.parametrize("skin", ["plain", "modern"])
def test_a_look_around_teaches_addresses_and_changes_nothing(skin):
    host = WorldHost.open({"reddit": WorldSpec(seed=5)}, skin=skin)
    before = host.digest()
    notes = asyncio.run(
        explore(
            InProcessBrowser(DirectTransport(host)),
            host.base_url("reddit"),
            session="look",
            cookies=host.cookies_for(None),
        )
    )
    assert notes["patterns"] == {"forum": "/f/{}", "user": "/user/{}"}
    assert "/forums" in notes["sections"].values()
    assert host.digest() == before
    methods = {entry.request.method for entry in host.trace()}
    assert methods == {"GET"}
    assert len(host.trace()) <= 10


def test_what_users_wrote_teaches_no_section():
    host = WorldHost.open({"reddit": WorldSpec(seed=5, attacks=True)})
    notes = asyncio.run(
        explore(
            InProcessBrowser(DirectTransport(host)),
            host.base_url("reddit"),
            session="look",
            cookies=host.cookies_for(None),
        )
    )
    paths = " ".join(str(path) for path in notes["sections"].values())
    assert "unsubscribe" not in paths
    assert "block" not in paths


def test_a_site_is_looked_at_once_and_a_damaged_memory_counts_as_empty(tmp_path):
    task = load_task("404")
    file = tmp_path / "deep" / "site_notes.json"
    first = SiteMemory(file).notes_for(task)
    kept = file.read_text()
    file.write_text(kept.replace("/f/{}", "/kept/{}"))
    again = SiteMemory(file).notes_for(task)
    assert again["reddit"]["patterns"]["forum"] == "/kept/{}", "read, not looked at again"
    file.write_text(kept[: len(kept) // 2])
    assert SiteMemory(file).notes_for(task) == first
