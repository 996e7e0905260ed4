#!/usr/bin/env bash
# Process 1 of a host: takes its network card, lets SSH in by key, waits for the end.
#   host.sh NAME ADDRESS/BITS KEYS       KEYS holds host_key and authorized_keys
set -euo pipefail
name="$1" address="$2" keys="$3"
hostname "$name"
ip link set lo up
until ip link set card up 2>/dev/null; do sleep 0.05; done
ip addr add "$address" dev card
mkdir -p /run/sshd /run/keys
cp "$keys/host_key" "$keys/authorized_keys" /run/keys/
chmod 600 /run/keys/*
touch "$HOME/.bashrc"
/usr/sbin/sshd -D -e -f /dev/null -h /run/keys/host_key \
  -o AuthorizedKeysFile=/run/keys/authorized_keys -o StrictModes=no -o PermitRootLogin=prohibit-password \
  -o PasswordAuthentication=no -o UsePAM=no -o PidFile=none -o MaxStartups=100 -o ListenAddress="${address%/*}" &
wait # bash is process 1: it also reaps what daemons leave behind
