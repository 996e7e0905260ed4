#!/usr/bin/env bash
# Installs Debian's packages that `make cluster-test` needs where they are missing, and starts no server.
set -euo pipefail
missing=()
for pair in ip:iproute2 sshd:openssh-server ssh:openssh-client rsync:rsync pgrep:procps; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
[ ${#missing[@]} = 0 ] && exit 0
echo "· installing ${missing[*]}"
if [ -d /run/systemd/system ]; then # here an installed SSH server would start, and open a port
  echo "cluster-test: install ${missing[*]} yourself; an SSH server is among what may be started by it" >&2
  exit 1
fi
apt-get update -qq
# RUNLEVEL=1: the installation starts no service.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
