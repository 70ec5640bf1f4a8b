"""Work on hostile or heavy input, in a child process that can harm nothing but itself.

The child gets limits on processor time, memory, open files and wall-clock time, may write no file, holds no
connection of its parent's (every inherited descriptor but the answer's pipe is closed), knows no proxy, and leaves no
core dump. Where the machine permits it (root, or user namespaces switched on) it also loses the network; elsewhere
the code it runs must fetch nothing by itself, and an operator can take the network away from the whole service.

Two ways in: `run_forked` for the job worker, which has preloaded what the task needs, and `run_spawned` for web
processes, whose threads make a fork unsafe.
"""

from __future__ import annotations

import ctypes
import enum
import gc
import importlib
import os
import resource
import selectors
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ANSWER_BYTES = 1 << 29  # a child that has been taken over could otherwise fill its parent's memory
_CHUNK = 1 << 18
_RAISED, _NO_MEMORY = 70, 71
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_PARENTS_STREAMS: list[object] = []  # kept alive in a child: a stream that is collected closes its descriptor's number
_SYSTEM = ctypes.CDLL(None, use_errno=True)  # opened here: a forked child should not load libraries


class Reason(enum.StrEnum):
    """Why there is no answer."""

    TIME = "it took too long"
    PROCESSOR = "it used too much processor time"
    MEMORY = "it needed too much memory"
    SIZE = "its answer was too large"
    ERROR = "it stopped with an error"
    CRASH = "it crashed"


class Failed(Exception):
    """The child gave no answer. `detail` is the name of an error or signal, never its message: that may quote data."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class _Limits:
    cpu_seconds: int
    memory_bytes: int
    files: int


def run_forked(
    task: Callable[[bytes], bytes],
    data: bytes,
    *,
    cpu_seconds: int,
    memory_bytes: int,
    wall_seconds: float,
    files: int = 64,
) -> bytes:
    """The answer of `task(data)`, worked out in a fork of this process. Not for processes with several busy threads.

    `memory_bytes` is the address space the child may add to what it inherits. Raises Failed when the task raises
    (BaseException too: a renderer's fatal errors derive from it), dies, or passes a limit.
    """
    limits = _Limits(cpu_seconds, memory_bytes, files)
    answer_in, answer_out = os.pipe()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # no handler runs on the wrong side
    try:
        pid = os.fork()
        if pid == 0:
            _work(task, data, answer_out, limits)
    except OSError:
        os.close(answer_in)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(answer_out)
    return _result(pid, None, answer_in, b"", wall_seconds)


def run_spawned(
    task: str,
    data: bytes,
    *,
    cpu_seconds: int,
    memory_bytes: int,
    wall_seconds: float,
    files: int = 64,
) -> bytes:
    """As run_forked, in a fresh interpreter; `task` is "module:function", of type bytes -> bytes. Any thread may call.

    The child's environment is empty but for language and path: it sees no setting and no secret.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "portal.limited",
        task,
        str(cpu_seconds),
        str(memory_bytes),
        str(files),
    ]
    root = Path(__file__).resolve().parent.parent
    data_in, data_out = os.pipe()
    answer_in, answer_out = os.pipe()
    try:
        pid = os.posix_spawn(
            sys.executable,
            command,
            {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(root)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, data_in, 0),
                (os.POSIX_SPAWN_DUP2, answer_out, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsid=True,
            setsigmask=(),
        )
    except OSError:
        os.close(data_out)
        os.close(answer_in)
        raise
    finally:
        os.close(data_in)
        os.close(answer_out)
    return _result(pid, data_out, answer_in, data, wall_seconds)


# The parent's side


def _result(pid: int, data_out: int | None, answer_in: int, data: bytes, wall_seconds: float) -> bytes:
    """Talks to the child until it ends or its time is up; always ends it, reaps it and closes the pipes."""
    deadline = time.monotonic() + wall_seconds
    failure: Failed | None = None
    answer = b""
    code = -signal.SIGKILL
    try:
        answer = _talk(data_out, answer_in, data, deadline)
        _await_end(pid, deadline)
    except Failed as failed:
        failure = failed
    finally:
        os.close(answer_in)
        code = _end(pid)
    if failure:
        raise failure
    return _judged(code, answer)


def _talk(data_out: int | None, answer_in: int, data: bytes, deadline: float) -> bytes:
    """Sends and reads at the same time: two full pipes would wait for each other for ever. Closes `data_out`."""
    waiting = memoryview(data)
    parts: list[bytes] = []
    size = 0
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(answer_in, selectors.EVENT_READ)
            if data_out is not None:
                os.set_blocking(data_out, False)
                selector.register(data_out, selectors.EVENT_WRITE)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failed(Reason.TIME)
                ready = {key.fd for key, _ in selector.select(left)}
                if data_out in ready and data_out is not None:
                    waiting = waiting[_send(data_out, waiting) :]
                    if not waiting:
                        selector.unregister(data_out)
                        os.close(data_out)
                        data_out = None
                if answer_in in ready:
                    part = os.read(answer_in, _CHUNK)
                    if not part:
                        return b"".join(parts)
                    parts.append(part)
                    size += len(part)
                    if size > ANSWER_BYTES:
                        raise Failed(Reason.SIZE)
    finally:
        if data_out is not None:
            os.close(data_out)


def _send(data_out: int, waiting: memoryview) -> int:
    """How much of `waiting` is done with: all of it when the child reads no more."""
    try:
        return os.write(data_out, waiting[:_CHUNK])
    except BlockingIOError:
        return 0
    except BrokenPipeError:
        return len(waiting)


def _await_end(pid: int, deadline: float) -> None:
    """Waits without reaping, so that the process group's number stays the child's until it has been ended."""
    with suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() >= deadline:
                raise Failed(Reason.TIME)
            time.sleep(0.002)


def _end(pid: int) -> int:
    """Ends the child with whatever it started and reaps it; answers its exit code, negative for a signal."""
    for kill in (os.kill, os.killpg):  # the group does not exist before the child has made it
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:  # someone else reaped it: how it ended is unknown, so it has not succeeded
        return -signal.SIGKILL


def _judged(code: int, answer: bytes) -> bytes:
    if code == 0:
        return answer
    if code == _NO_MEMORY:
        raise Failed(Reason.MEMORY)
    if code == -signal.SIGXCPU:
        raise Failed(Reason.PROCESSOR)
    if code == _RAISED:
        name = answer[:80].decode("ascii", "replace")
        raise Failed(Reason.ERROR, name if name.isidentifier() else "")
    raise Failed(
        Reason.CRASH,
        signal.Signals(-code).name if -code in signal.valid_signals() else str(code),
    )


# The child's side


def _work(task: Callable[[bytes], bytes], data: bytes, answer_out: int, limits: _Limits) -> NoReturn:
    """Runs the task and leaves; whatever happens, control never goes back into the parent's code."""
    code = _RAISED
    try:
        _shut_in(answer_out, limits)
        _write(answer_out, task(data))
        code = 0
    except MemoryError:
        code = _NO_MEMORY
    except BaseException as error:  # noqa: BLE001  a renderer's fatal errors are no Exceptions; none may escape
        _write(answer_out, type(error).__name__.encode("ascii", "replace"))
    finally:
        os._exit(code)


def _shut_in(answer_out: int, limits: _Limits) -> None:
    gc.freeze()  # objects of the parent must not be collected here: they would close descriptors that are not theirs
    _forget_signals()
    _forget_descriptors(answer_out)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    if os.getsid(0) != os.getpid():
        os.setsid()
    _SYSTEM.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # outlives no parent
    _SYSTEM.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _leave_network()
    memory = _address_space() + limits.memory_bytes
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_NOFILE, limits.files, limits.files),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
    ):
        _lower(kind, soft, hard)


def _lower(kind: int, soft: int, hard: int) -> None:
    """A limit that is already tighter stays."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {
        signal.SIGKILL,
        signal.SIGSTOP,
        signal.SIGPIPE,
        signal.SIGXFSZ,
    }:
        with suppress(OSError, ValueError):  # the C library keeps some for itself
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _forget_descriptors(answer_out: int) -> None:
    """Standard output and error go nowhere: a library's warning may quote the data."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    _PARENTS_STREAMS.extend((sys.stdout, sys.stderr))
    sys.stdout = sys.stderr = os.fdopen(1, "w", closefd=False)  # the parent's may write to a closed file
    for number in _open_descriptors():
        if number > 2 and number != answer_out:
            with suppress(OSError):
                os.close(number)


def _open_descriptors() -> list[int]:
    try:
        return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    except OSError:
        return list(range(3, os.sysconf("SC_OPEN_MAX")))


def _leave_network() -> None:
    """Into an empty network of its own, alone or with a user namespace; where neither is allowed it stays."""
    if _SYSTEM.unshare(_CLONE_NEWNET) != 0:
        _SYSTEM.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _address_space() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _write(out: int, data: bytes) -> None:
    waiting = memoryview(data)
    while waiting:
        waiting = waiting[os.write(out, waiting[:_CHUNK]) :]


def _main(task: str, cpu_seconds: str, memory_bytes: str, files: str) -> NoReturn:
    """The spawned child: data on standard input, answer on standard output."""
    module, _, function = task.partition(":")
    work: Callable[[bytes], bytes] = getattr(importlib.import_module(module), function)
    data = sys.stdin.buffer.read()
    _work(work, data, os.dup(1), _Limits(int(cpu_seconds), int(memory_bytes), int(files)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
