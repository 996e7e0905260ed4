#!/usr/bin/env bash
# Makes a node of a cluster ready: this project with its dependencies in .venv beside it, a Chromium,
# torch where --torch is given. Debian 12 or Ubuntu 24.04, as root or as a user who may use sudo.
# Running it again changes nothing that is there already.
set -euo pipefail
cd "$(dirname "$0")/.."
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if ! python3 -c 'import ensurepip' 2>/dev/null || ! command -v make rsync >/dev/null; then
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv make rsync >/dev/null
fi
make --silent cluster-install
case " $* " in *" --torch "*) make --silent torch ;; esac
case " $* " in *" --no-browser "*) exit 0 ;; esac

find_one() { command -v chromium-headless-shell || command -v chromium || command -v google-chrome; }
if ! find_one >/dev/null && grep -q '^ID=debian' /etc/os-release; then
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null
elif ! find_one >/dev/null; then # Ubuntu's chromium is a snap, which has no headless shell
  as_root env "PATH=$PATH" "$PWD/.venv/bin/playwright" install-deps chromium-headless-shell >/dev/null
  .venv/bin/playwright install chromium-headless-shell >/dev/null
fi
# Ubuntu 24.04 lets a program make user namespaces, which Chromium's sandbox is made of, by name only.
if [ "$(cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns 2>/dev/null || echo 0)" = 1 ]; then
  as_root tee /etc/apparmor.d/webarena-chromium >/dev/null <<P
abi <abi/4.0>,
include <tunables/global>
profile webarena-chromium "$HOME/.cache/ms-playwright/**" flags=(unconfined) {
  userns,
}
P
  as_root apparmor_parser --replace /etc/apparmor.d/webarena-chromium
fi
