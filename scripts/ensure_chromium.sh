#!/usr/bin/env bash
# Finds a Chromium for the browser tests, installs Debian's when there is none, or says what to install.
set -euo pipefail
python="${1:-python3}"
find_one() {
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" 2>/dev/null && return 0
  done
  "$python" - <<'P' 2>/dev/null
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
    print(path) if pathlib.Path(path).exists() else sys.exit(1)
P
}
if found=$(find_one); then echo "· Chromium: $found"; exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "· no Chromium here; installing Debian's"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1 ||
    apt-get install -y -qq --no-install-recommends chromium >/dev/null
  echo "· Chromium: $(find_one)"
  exit 0
fi
cat >&2 <<'M'
make: the tests drive a real Chromium and none was found. Install one of
  Debian/Ubuntu:  sudo apt-get install chromium-headless-shell     (or: chromium)
  anywhere else:  .venv/bin/playwright install chromium
and run make test again.
M
exit 1
