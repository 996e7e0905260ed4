#!/usr/bin/env bash
# Makes the repository's virtual environment, or says what is missing for it.
set -euo pipefail
venv="$1"
python="${PYTHON:-python3}"
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then exit 0; fi
command -v "$python" >/dev/null || { echo "make: no $python here; install Python 3.11, 3.12 or 3.13 (or set PYTHON=...)" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "make: $("$python" --version) found; Python 3.11, 3.12 or 3.13 is needed (set PYTHON=...)" >&2; exit 1; }
echo "· making $venv"
if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
  rm -rf "$venv"
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "· this Python has no venv module; installing Debian's python3-venv"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    "$python" -m venv "$venv"
  else
    echo "make: $python cannot make a virtual environment; on Debian: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi
