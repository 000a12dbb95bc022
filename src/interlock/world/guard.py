"""The guard: a small process that outlives us by a moment, and kills what we left running.

PR_SET_PDEATHSIG would kill one child, when the *thread* that started it ends, and none of its children: a provider that OpenTofu started would go
on writing after a `kill -9` of ours. So each Interlock process that runs programs has one guard (`world.proc` starts it with the first program). It
reads lines from a pipe that only we hold open:

    pending INODE      a program is about to be started; its standard error is the pipe INODE
    group INODE PGID   it was, and leads the process group PGID
    done INODE         it ended, and so did its group

When the pipe ends we are gone, however that came, and every group still named is killed. A program that was only pending is looked for by its open
pipe in /proc: a crash between `fork` and the second line leaves nothing either. Run as a file by the plain interpreter, it imports only what
is needed, and starts in about 10 ms beside us.
"""

import contextlib
import os
import signal
import sys
import time


def _holders(inodes: set[str]) -> set[int]:
    """Processes that hold one of these pipes open."""
    wanted = {f"pipe:[{inode}]" for inode in inodes}
    found: set[int] = set()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            for descriptor in os.listdir(f"/proc/{name}/fd"):
                if os.readlink(f"/proc/{name}/fd/{descriptor}") in wanted:
                    found.add(int(name))
                    break
        except OSError:
            continue  # it ended, or is another user's
    return found


def _kill(groups: set[int], inodes: set[str]) -> None:
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for process in _holders(inodes) if inodes else ():
        with contextlib.suppress(OSError):
            # Between fork and setsid it is still in the group of whoever started us, which is not ours to kill.
            if os.getpgid(process) == process:
                os.killpg(process, signal.SIGKILL)
            os.kill(process, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    running: dict[str, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["done", inode]:
                running.pop(inode, None)
            case ["pending", inode]:
                running[inode] = 0
            case ["group", inode, group]:
                running[inode] = int(group)
    for _ in range(3):
        # A program that is between fork and exec may come to hold its pipe a moment later under another number.
        _kill({group for group in running.values() if group}, set(running))
        if not running:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
