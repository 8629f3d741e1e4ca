"""Owns what one upstream holds on this machine: a child and the file it counts in."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.child import Child
from holybalance.testing.counts import Counts, Tally, create_file


class Site:
    """
    Where one upstream runs, from its start to its stop, over several children.

    Not for several threads at once; its owner holds a lock.
    """

    def __init__(self) -> None:
        self._file = create_file()
        self._tally = Tally.attach(self._file.fileno())
        self._child: Child | None = None
        self._paused = False

    @property
    def state(self) -> str:
        """One word for people: running, paused or dead."""
        if self._child is None or not self._child.alive:
            return "dead"
        return "paused" if self._paused else "running"

    def launch(self, host: str, port: int, behaviour: Behaviour) -> int:
        """Start a child and return its port once it listens."""
        self._child = Child(host=host, port=port, counts=self._file.fileno())
        chosen: int = self._child.ask("start", behaviour)["port"]
        return chosen

    def ask(self, command: str, value: object) -> None:
        """Send one command to the child and wait until it is obeyed."""
        if self._child is None or self.state != "running":
            raise RuntimeError(
                f"the mock upstream is {self.state}, so it cannot take a {command!r} "
                "command; call resume() or restart() first"
            )
        self._child.ask(command, value)

    def counts(self) -> Counts:
        """What all children have counted together."""
        counts = self._tally.counts()
        return counts if self.state != "dead" else replace(counts, connections_open=0)

    def pause(self) -> None:
        """Freeze the child, if it runs."""
        if self._child is not None and self.state == "running":
            self._child.signal(signal.SIGSTOP)
            self._child.wait_until_paused()
            self._paused = True

    def resume(self) -> None:
        """Let a frozen child go on."""
        if self._child is not None and self._paused:
            self._child.signal(signal.SIGCONT)
            self._paused = False

    def end_child(self, *, kill: bool) -> None:
        """End the child, if there is one, and reap it."""
        child, self._child = self._child, None
        if child is None:
            return
        # A paused process would not see the end of its input.
        if kill or self._paused:
            child.kill()
        else:
            child.stop()
        self._paused = False

    def close(self) -> None:
        """End the child and give the counts' memory back."""
        self.end_child(kill=False)
        self._tally.close()
        self._file.close()


def close_unless_forked(site: Site, owner: int) -> None:
    """Close a site, unless in a fork, which inherits finalizers but no upstreams."""
    if os.getpid() == owner:
        site.close()
