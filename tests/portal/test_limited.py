"""Children that misbehave in every way end, tell why, and leave nothing behind."""

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from portal import limited
from portal.limited import Failed, Reason, run_forked, run_spawned

MIB = 1 << 20
HERE = "tests.portal.test_limited"


class FatalFetch(BaseException):
    """Like the renderer's fatal error: no Exception."""


def backwards(data: bytes) -> bytes:
    return data[::-1]


def think_for_ever(_data: bytes) -> bytes:
    while True:
        pass


def hoard(_data: bytes) -> bytes:
    return b"x" * (2048 * MIB)


def sleep(_data: bytes) -> bytes:
    time.sleep(60)
    return b""


def fail(_data: bytes) -> bytes:
    raise ValueError("Ada Example, 12 Invented Street")


def fetch(_data: bytes) -> bytes:
    raise FatalFetch("https://example.org/")


def leave(_data: bytes) -> bytes:
    raise SystemExit(0)


def die(_data: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def quit_quietly(_data: bytes) -> bytes:
    os._exit(3)


def keep_a_file(_data: bytes) -> bytes:
    path = Path(f"/tmp/limited-{os.getpid()}")
    with path.open("wb", buffering=0) as out:
        path.unlink()
        out.write(b"kept")
    return b"written"


def open_many(_data: bytes) -> bytes:
    for _ in range(200):
        os.dup(0)
    return b"opened"


def leave_a_grandchild(_data: bytes) -> bytes:
    pid = os.fork()
    if pid == 0:
        os.closerange(0, 64)  # otherwise it would hold the answer's pipe open until the time is up
        time.sleep(60)
        os._exit(0)
    return str(pid).encode()


def _descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def surroundings(_data: bytes) -> bytes:
    names = sorted(name for name in os.environ if name not in ("LC_ALL", "LC_CTYPE", "PYTHONPATH"))
    return f"{len(_descriptors())} {' '.join(names)}".encode()


def talk_aloud(_data: bytes) -> bytes:
    os.write(1, b"a warning that quotes the data")
    print("another", flush=True)
    return b"the answer"


def connect_to(data: bytes) -> bytes:
    socket.create_connection(("127.0.0.1", int(data)), timeout=2).close()
    return b"connected"


def forked(task, data=b"", **changed):
    return run_forked(
        task,
        data,
        **{"cpu_seconds": 5, "memory_bytes": 512 * MIB, "wall_seconds": 20} | changed,
    )


def spawned(task, data=b"", **changed):
    limits = {"cpu_seconds": 5, "memory_bytes": 512 * MIB, "wall_seconds": 20} | changed
    return run_spawned(f"{HERE}:{task.__name__}", data, **limits)


both = pytest.mark.parametrize("run", [forked, spawned])


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    descriptors, children = _descriptors(), _children()
    yield
    assert _descriptors() == descriptors
    assert _children() <= children  # what other tests left running here is not ours


def _children() -> set[int]:
    """Processes whose parent this one is, ended ones that nobody has waited for among them."""
    own = str(os.getpid())
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            if after_name[1] == own:
                found.add(int(folder.name))
    return found


@both
def test_fifty_megabytes_go_in_and_come_out(run):
    data = os.urandom(MIB) * 50
    assert run(backwards, data) == data[::-1]


@both
def test_nothing_in_gives_nothing_out(run):
    assert run(backwards, b"") == b""


@both
@pytest.mark.parametrize(
    ("task", "changed", "reason", "detail"),
    [
        (think_for_ever, {"cpu_seconds": 1}, Reason.PROCESSOR, ""),
        (think_for_ever, {"wall_seconds": 0.5}, Reason.TIME, ""),
        (hoard, {}, Reason.MEMORY, ""),
        (sleep, {"wall_seconds": 0.5}, Reason.TIME, ""),
        (fail, {}, Reason.ERROR, "ValueError"),
        (fetch, {}, Reason.ERROR, "FatalFetch"),
        (leave, {}, Reason.ERROR, "SystemExit"),
        (die, {}, Reason.CRASH, "SIGSEGV"),
        (quit_quietly, {}, Reason.CRASH, "3"),
        (keep_a_file, {}, Reason.ERROR, "OSError"),
        (open_many, {}, Reason.ERROR, "OSError"),
    ],
)
def test_a_child_that_misbehaves_gives_a_reason_and_no_answer(run, task, changed, reason, detail):
    with pytest.raises(Failed) as caught:
        run(task, b"some data", **changed)
    assert (caught.value.reason, caught.value.detail) == (reason, detail)
    assert "Ada" not in str(caught.value)


@both
def test_a_child_that_reads_nothing_of_a_large_request_still_fails_plainly(run):
    with pytest.raises(Failed):
        run(quit_quietly, b"x" * (20 * MIB))


def test_a_task_that_does_not_exist_fails_plainly():
    with pytest.raises(Failed):
        run_spawned(
            "portal.limited:nothing",
            b"x" * MIB,
            cpu_seconds=5,
            memory_bytes=512 * MIB,
            wall_seconds=20,
        )


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(limited, "ANSWER_BYTES", MIB)
    with pytest.raises(Failed) as caught:
        forked(backwards, b"x" * (2 * MIB))
    assert caught.value.reason is Reason.SIZE


@both
def test_what_the_child_prints_is_not_in_the_answer(run):
    assert run(talk_aloud) == b"the answer"


@both
def test_a_child_sees_no_descriptor_of_its_parent(run):
    first, second = os.pipe()
    os.set_inheritable(first, True)
    try:
        count = int(run(surroundings).split()[0])
    finally:
        os.close(first)
        os.close(second)
    assert count == 5  # three standard ones to nowhere, the answer, and the listing itself


def test_a_fork_knows_no_proxy(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example.org")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.org")
    assert b"proxy" not in forked(surroundings).lower()


def test_a_spawned_child_sees_no_setting(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@example.org/portal")
    assert spawned(surroundings).split()[1:] == []


@both
def test_what_a_child_starts_ends_with_it(run):
    pid = int(run(leave_a_grandchild))
    deadline = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_many_threads_may_spawn_at_once():
    answers = []
    threads = [
        threading.Thread(target=lambda text=text: answers.append(spawned(backwards, text)))
        for text in (b"ab", b"cd", b"ef", b"gh")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"ba", b"dc", b"fe", b"hg"]


def test_where_the_machine_permits_it_a_child_has_no_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1]).encode()
        if not _may_leave_network():
            pytest.skip("this machine lets no process leave its network")
        with pytest.raises(Failed):
            forked(connect_to, port)
        with pytest.raises(Failed):
            spawned(connect_to, port)


def _may_leave_network() -> bool:
    pid = os.fork()
    if pid == 0:
        new = limited._SYSTEM.unshare(limited._CLONE_NEWNET)
        new = new and limited._SYSTEM.unshare(limited._CLONE_NEWUSER | limited._CLONE_NEWNET)
        os._exit(new != 0)
    return os.waitpid(pid, 0)[1] == 0
