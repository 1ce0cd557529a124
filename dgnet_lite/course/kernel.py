"""A notebook's kernel for code that is not to be trusted to end: cells run one by one, each with a time limit.

Outputs are not read, so that code which prints without end fills no memory.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from queue import Empty

import zmq
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

START_SECONDS = 60
STOP_SECONDS = 5
"""How long an interrupted cell may take to end before its kernel is replaced."""


class NoEndError(Exception):
    """A cell ran into the time limit; it may still be running."""


class DeadError(Exception):
    """The kernel's process has ended."""


class Kernel:
    """Runs cells in `folder`. It is replaced when a cell cannot be stopped or ends it; what ran before runs again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[tuple[str, float]] = []
        self._start()

    def run(self, source: str, seconds: float, *, again: bool = True) -> str:
        """Run a cell; returns "" or what went wrong, in a sentence. again=False: not needed in a new kernel."""
        try:
            said = self._execute(source, seconds)
        except NoEndError:
            self._stop_cell()
            return f"no end within {seconds:g} seconds: is there an endless loop?"
        except DeadError:
            self._restart()
            return "the code ended its Python process"
        if again:
            self.ran.append((source, seconds))
        return said

    def close(self) -> None:
        """End the kernel's process and its children."""
        with suppress(RuntimeError, OSError):
            self._manager.shutdown_kernel(now=True)
        self._context.destroy(linger=0)  # open sockets would make the end of Python wait for ever

    def _start(self) -> None:
        self._context = zmq.Context()
        self._manager = KernelManager(kernel_name="python3", context=self._context)
        self._manager.start_kernel(cwd=str(self.folder), extra_arguments=["--IPKernelApp.log_level=50"])
        self._client = BlockingKernelClient(context=self._context)
        self._client.load_connection_info(self._manager.get_connection_info())
        self._client.start_channels(iopub=False, stdin=False, hb=False)
        self._execute("None", START_SECONDS)

    def _execute(self, source: str, seconds: float) -> str:
        asked = self._client.execute(source, allow_stdin=False)
        end = time.monotonic() + seconds
        while True:
            with suppress(Empty):
                reply = self._client.get_shell_msg(timeout=0.2)
                if reply["parent_header"].get("msg_id") == asked:
                    break
            if not self._manager.is_alive():
                raise DeadError
            if time.monotonic() > end:
                raise NoEndError
        content = reply["content"]
        return "" if content["status"] == "ok" else f"{content.get('ename')}: {content.get('evalue')}"

    def _stop_cell(self) -> None:
        self._manager.interrupt_kernel()
        try:
            self._execute("None", STOP_SECONDS)
        except (NoEndError, DeadError):
            self._restart()

    def _restart(self) -> None:
        self.close()
        self._start()
        before, self.ran = self.ran, []
        for source, seconds in before:
            try:
                self._execute(source, seconds)
            except (NoEndError, DeadError):  # it came to an end the first time; go on without it
                self.close()
                self._start()
                break
            self.ran.append((source, seconds))
