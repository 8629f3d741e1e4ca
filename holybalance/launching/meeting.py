"""Owns where the workers of one launcher meet to share limits, money and rests."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from holybalance.config import Config, Secret
from holybalance.errors import LocalError
from holybalance.messages import Verdict


class Meeting:
    """
    Gives the workers a store in common: the configured one, else a file of their own.

    The file is there from the first use to the close; what it knows ends with it.
    """

    def __init__(self, config: Config) -> None:
        self._given = config
        self._config: Config | None = None
        self._remove: weakref.finalize[..., Meeting] | None = None

    def config(self) -> Config:
        """
        Give the configuration, with a store that processes can share.

        Raises:
            LocalError: there is no room for temporary files.
        """
        if self._given.state.is_shared:
            return self._given
        if self._config is None:
            state = replace(self._given.state, url=self._make_file(), is_passing=True)
            self._config = replace(self._given, state=state)
        return self._config

    def close(self) -> None:
        """Remove the file; may be called again."""
        self._config = None
        if self._remove is not None:
            self._remove()

    def _make_file(self) -> Secret:
        try:
            folder = tempfile.mkdtemp(prefix="holybalance-")
        except OSError as error:
            message = f"cannot make the file that the workers share: {error}"
            raise LocalError(message, verdict=Verdict.LOCAL) from error
        self._remove = weakref.finalize(self, _remove, folder, os.getpid())
        return Secret.url(f"sqlite:///{quote(str(Path(folder, 'state.db')))}")


def _remove(folder: str, process: int) -> None:
    # The child of a fork has this as well, and its parent still needs the folder.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
