"""A real Chromium behind the `Browser` protocol: any page on the web, at the price of a browser.

browser.py      sessions and pages, pooled contexts, relaunch after a crash
lazy.py         a browser that starts with its first page
page.py         one page: an action in, an observation out
navigation.py   pure: has the action started a navigation, and how did it end
snapshot.py     pure: the page's JSON as an `Observation`, and the words of problems
tab.py          a tab: scripts in its documents, where it goes, what it lets in
driver.py       the only file that knows Playwright
failures.py     pure: what went wrong, from Chromium's words
access.py       pure: which addresses are open to a session
gate.py         pure: which documents are let into a tab
executable.py   which Chromium to start
reaper.py       nothing survives its owner
extract.js      extraction.md, in the page
agent.js        finds, fills and chooses; waits for what an action started
hooks.js        tells agent.js about fetches; runs among the page's own scripts
"""
