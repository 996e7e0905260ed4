"""A cluster of hosts on this machine, made by `ray up`, used, broken, and taken away.

    this machine, untouched        __main__    limits, Ctrl-C, what must not be left behind
    └─ a namespace of everything   rehearsal   the person at the keyboard: ray up, jobs, ray down
       ├─ head     10.0.0.10       host.sh     sshd; /tmp, home, /run and /dev/shm of its own
       ├─ worker-1 10.0.0.11                   network, mounts, processes and names of its own
       └─ worker-2 10.0.0.12

All hosts live inside one process namespace. When its first process ends, by whatever cause, the
kernel ends every other process in it, and network and mounts go with them: cleaning up needs no
code that could be interrupted.

As on real machines: `cluster-onprem.yaml` with its addresses, its way of shipping code, its token
and its start commands. Not as there: the hosts share this machine's kernel, disk and CPUs, and
instead of `scripts/set_up_node.sh` they are given this machine's virtual environment.
"""
