#!/usr/bin/env bash
# Gives the mount namespace it runs in folders of its own, write-protects the rest, runs a command.
#   private.sh --cover FOLDER ... --keep FOLDER ... -- COMMAND ...
# A covered folder is empty; a kept one under it shows what it showed before, read-only.
set -euo pipefail
covers=() keeps=() fds=()
while [ "$1" != -- ]; do
  case "$1" in
    --cover) covers+=("$2") ;;
    --keep) keeps+=("$2"); exec {fd}<"$2"; fds+=("$fd") ;;
  esac
  shift 2
done
shift
mount --make-rprivate /
for folder in "${covers[@]}"; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=0755 private "$folder"
done
for index in "${!keeps[@]}"; do
  # By its descriptor, because the covers may hide it. No path is resolved again (-c).
  mkdir -p "${keeps[$index]}"
  mount -c --bind "/proc/self/fd/${fds[$index]}" "${keeps[$index]}"
  mount -o remount,bind,ro "${keeps[$index]}"
  exec {fds[$index]}<&-
done
chmod 1777 /tmp /dev/shm
mount -o remount,bind,ro /
exec "$@"
