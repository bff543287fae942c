"""Runs on dask clusters: the bits of threads, whoever is killed; else one line within the time that is promised.

Real processes on loopback throughout: two workers that several tests share, and schedulers of their own where one is
killed or frozen.
"""

import asyncio
import gc
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest
from distributed import Client, LocalCluster, Security, Worker
from distributed.comm import CommClosedError

from ctsim import clusters, dask_cluster, dask_worker
from ctsim.catalog import Scenario, load
from ctsim.engine import open_run, resume, simulate
from ctsim.errors import ClusterError, CtsimError, InputError, Stopped
from ctsim.shards import merge
from tests.runs import outside, study
from tests.source import ROOT
from tests.test_engine import ONE_PARAMETER, VOLUME
from tests.tls import authority, signed, tls_settings
from tests.unfinished import CHUNK, DRAWS, at_once, one, tiles, whole

__all__ = ["at_once", "one", "whole"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two workers, each a process of one thread, behind a scheduler on loopback."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50,
        worker_dashboard_address=None,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


@contextmanager
def processes(tls: dict[str, str] | None = None, workers: int = 1) -> Iterator[tuple[str, list[Any]]]:
    """A scheduler and workers as processes of their own, the scheduler first, and its address."""
    port, scheme = free_port(), "tls" if tls else "tcp"
    here = f"{scheme}://127.0.0.1:{port}"
    extra = [f"--{kind}={path}" for kind, path in (tls or {}).items()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    scheduler = [f"--host={scheme}://127.0.0.1", f"--port={port}", "--no-dashboard"]
    worker = [here, "--nthreads=1", "--no-nanny", "--no-dashboard", f"--host={scheme}://127.0.0.1"]
    commands = [("scheduler", scheduler), *[("worker", worker)] * workers]
    started = [
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{name}", *options, *extra], env=environment,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name, options in commands
    ]  # fmt: skip
    try:
        yield here, started
    finally:
        for process in started:
            process.kill()
            process.wait()


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def after(draws: int, act: Callable[[], object]) -> Callable[..., None]:
    """A progress that does something once, when so many draws are done."""
    left = [act]

    def progress(done: int, total: int, words: str = "") -> None:
        if done >= draws and left:
            left.pop()()

    return progress


# ---- the same bits


def test_two_workers_one_of_them_killed(one: Scenario, whole: dict[int, str], address: str, tmp_path: Path) -> None:
    with Client(address, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))
    killed = after(1, lambda: os.kill(victim, signal.SIGKILL))
    run = simulate(one, draws=DRAWS, chunk=CHUNK, out=tmp_path / "run", cluster=address, progress=killed)
    assert not psutil.pid_exists(victim)
    assert run.result_digest == whole[DRAWS]
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        left = client.run(lambda dask_worker: [name for name in dask_worker.plugins if name.startswith("ctsim")])
        assert set(map(len, left.values())) == {0}, "the recipe was left behind"
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0


def test_a_run_may_change_from_threads_to_a_cluster_and_back(
    one: Scenario, whole: dict[int, str], address: str, tmp_path: Path
) -> None:
    """Also what SIGTERM does, as a scheduler of jobs sends it before the time of one is over."""
    out = tmp_path / "run"
    stop = after(CHUNK, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Stopped, match=r"stopped at [0-9,]+ of 131,072 draws; continue with `ctsim resume") as caught:
        simulate(one, draws=DRAWS, chunk=CHUNK, out=out, cluster=address, progress=stop)
    assert caught.value.exit_status == 3
    before = tiles(out)
    assert 0 < before < DRAWS // 1024
    seen: list[int] = []
    back = resume(out, cluster=address, chunk=2 * CHUNK, progress=lambda done, total, words="": seen.append(done))
    assert min(seen[1:]) > before * 1024
    assert back.result_digest == whole[DRAWS]


def test_shards_extensions_and_precision_on_a_cluster(
    one: Scenario, whole: dict[int, str], address: str, tmp_path: Path
) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    simulate(one, draws=DRAWS, out=parts[0], shard="1/2", cluster=address)
    simulate(one, draws=DRAWS, out=parts[1], shard="2/2")
    assert merge(parts, out=tmp_path / "all").result_digest == whole[DRAWS]
    longer = simulate(one, draws=2 * DRAWS, extend=tmp_path / "all", cluster=address)
    assert longer.result_digest == simulate(one, draws=2 * DRAWS).result_digest
    sure = [simulate(one, draws=2**21, precision=0.02, cluster=on).card for on in (address, None)]
    assert sure[0]["result_digest"] == sure[1]["result_digest"] and sure[0]["draws"] < 2**21


def test_formulas_of_the_user_reach_the_workers(address: str, tmp_path: Path) -> None:
    outside(tmp_path, "extra", {"volume": VOLUME}, {"2030": "effect"}, ONE_PARAMETER)
    extra = load(study(tmp_path, ("extra",)), tmp_path / "formulas")
    found = {simulate(extra, draws=DRAWS, cluster=on).result_digest for on in (address, None)}
    assert len(found) == 1


def listening(process: psutil.Process) -> set[str]:
    """Addresses on which a process and its descendants listen."""
    found = set()
    for one_of in [process, *process.children(recursive=True)]:
        for connection in one_of.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                found.add(connection.laddr.ip)
    return found


def test_processes_of_this_machine_listen_on_loopback_only(
    one: Scenario, whole: dict[int, str], tmp_path: Path
) -> None:
    found: set[str] = set()
    said: list[str] = []

    def look(done: int, total: int, words: str = "") -> None:
        said.extend([words] if words else [])
        found.update(listening(psutil.Process()))

    run = simulate(one, draws=DRAWS, chunk=4 * CHUNK, cluster="local:2", progress=look)
    assert run.result_digest == whole[DRAWS]
    assert found == {"127.0.0.1"}
    assert re.fullmatch(r"local:2: 2 workers, 2 threads, all with ctsim [0-9a-f]{12}, numpy .*, numba .*", said[0])


# ---- lost


USUAL = 1.5
"""Seconds that such a run takes, about."""


def killed_at(moment: float, process: int, stopped: list[CtsimError], run: Callable[[], object]) -> None:
    """Do `run` while a process is killed after so many seconds; what ends it is put into `stopped`."""
    timer = threading.Timer(moment, os.kill, (process, signal.SIGKILL))
    timer.start()
    try:
        run()
    except (Stopped, ClusterError) as error:
        stopped.append(error)
    timer.join()


ROUNDS = 20 if os.environ.get("CTSIM_FAULTS") == "long" else 1


def test_a_worker_and_the_scheduler_killed_at_random_moments(
    one: Scenario, whole: dict[int, str], tmp_path: Path
) -> None:
    """From the question who they are to the last result. The other worker draws all of it; without a scheduler no chunk
    of which progress was told is lost, and what is left is drawn without a cluster.
    """
    chance = random.Random(20260122)
    for number in range(ROUNDS):
        told, stopped = [0], []
        first, second = tmp_path / f"{number}-worker", tmp_path / f"{number}-scheduler"

        def run(out: Path, told: list[int] = told) -> None:
            simulate(one, draws=DRAWS, chunk=CHUNK, cluster=here, out=out, progress=lambda done, *_: told.append(done))

        with processes(workers=2) as (here, started):
            with Client(here, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            killed_at(chance.uniform(0, USUAL), started[1].pid, stopped, lambda out=first: run(out))
            assert stopped == [] and open_run(first).result_digest == whole[DRAWS]
            told[:] = [0]
            killed_at(chance.uniform(0, USUAL), started[0].pid, stopped, lambda out=second: run(out))
        if stopped:
            assert tiles(second) * 1024 >= max(told)
            assert "\n" not in str(stopped[0])
        again = resume(second) if (second / "run.json").exists() else simulate(one, draws=DRAWS)
        assert again.result_digest == whole[DRAWS]


def test_a_scheduler_that_is_killed(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    with processes() as (here, started):
        began = [0.0]

        def kill() -> None:
            began[0] = time.monotonic()
            started[0].kill()

        with pytest.raises(Stopped, match=r"lost; stopped at [0-9,]+ of 131,072 draws; continue with"):
            simulate(one, draws=DRAWS, chunk=1024, out=out, cluster=here, progress=after(1, kill))
        assert time.monotonic() - began[0] < 60
    assert resume(out).result_digest == whole[DRAWS]


class Silent:
    """A client of a cluster that takes every task and gives nothing back."""

    status = "running"

    def submit(self, *_: object, **__: object) -> "Silent":
        return self

    def add_done_callback(self, _: object) -> None:
        pass

    _cancel = sync = submit


def test_a_cluster_from_which_nothing_comes_is_given_up() -> None:
    planned: Any = None
    drawn = dask_cluster._Round(Silent(), "x", planned, lambda *_: None, 0.5, 0.5)
    stop = threading.Event()
    forever = threading.Timer(20, stop.set)  # without an end of its own the round would wait until then
    forever.start()
    with pytest.raises(ClusterError, match=r"nothing came from the cluster for 0 s; its workers are lost or frozen"):
        drawn.run(iter([[(0, 1)]]), 1, stop)
    forever.cancel()


def test_a_worker_that_is_frozen_does_not_freeze_the_run(
    one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler is somebody else's, with dask's own settings: there the worker is waited for without end."""
    monkeypatch.setattr(dask_cluster, "PATIENCE", 3.0)
    with processes() as (here, started):
        freeze = after(1, lambda: started[1].send_signal(signal.SIGSTOP))
        said: list[CtsimError] = []

        def run() -> None:
            with pytest.raises(Stopped) as caught:
                simulate(one, draws=DRAWS, chunk=1024, out=tmp_path / "run", cluster=here, progress=freeze)
            said.append(caught.value)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(90)
        assert said, "it waits for the frozen worker still"
    ends = (  # the second where the worker froze with a result that was being fetched
        "nothing came from the cluster for 3 s; its workers are lost or frozen; stopped at",
        "the connection to the cluster is lost; stopped at",
    )
    assert any(end in str(said[0]) for end in ends), said


def test_a_result_that_is_given_up_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """dask waits for the parts of a result in tasks of its own, which end in an exception that nobody takes."""
    with dask_cluster._connected("local:1") as (client, _):
        future = client.submit(time.sleep, 60)
        with pytest.raises(TimeoutError):
            client.sync(client._gather, [future], callback_timeout=0.5)
        client.sync(client._cancel, [future], callback_timeout=5)
    del future, client
    gc.collect()
    assert not [record for record in caplog.records if "never retrieved" in record.getMessage()]


def test_what_makes_dask_wait_for_ever_is_set() -> None:
    with dask.config.set(dask_cluster.SETTINGS):
        scheduler = LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None, silence_logs=50)
        try:
            assert scheduler.scheduler.no_workers_timeout == 30
            assert scheduler.scheduler.worker_ttl == 30
        finally:
            scheduler.close()


# ---- what is not alike


def test_workers_of_another_version_are_named(one: Scenario, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {**dask_worker.identity(), "numpy": "1.0", "formulas and source": "another"}
    monkeypatch.setattr(dask_cluster, "identity", lambda: mine)
    with pytest.raises(ClusterError) as caught:
        simulate(one, draws=DRAWS, cluster=address)
    said = (
        r"--cluster tcp://.*: the scheduler has formulas and source [0-9a-f]{12}, here another; numpy .*, here 1.0; .*"
    )
    assert re.fullmatch(said, str(caught.value))


def test_a_worker_without_ctsim_is_named(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "_question", lambda: lambda: {"formulas and source": "none (no ctsim)"})
    with (
        processes() as (here, _),
        pytest.raises(ClusterError, match=r"the scheduler has .*source none \(no ctsim\), here .*install the same"),
    ):
        simulate(one, draws=DRAWS, cluster=here)


def test_a_worker_that_is_lost_while_it_is_asked_is_left_out() -> None:
    """Its answer is the end of its connection, which is no other version."""

    class Asked:
        def __init__(self, **answers: object) -> None:
            self.answers = answers

        def sync(self, what: str, *_: object, **__: object) -> object:
            return self.answers if what == "workers" else dask_worker.identity()

        def nthreads(self) -> dict[str, int]:
            return {"tcp://a:1": 1}

        _run, _run_on_scheduler = "workers", "scheduler"

    lost = CommClosedError("closed")
    said = dask_cluster._checked(Asked(a=dask_worker.identity(), b=lost), "tcp://x:1")[1]
    assert said.startswith("tcp://x:1: 1 worker, 1 thread, all with ctsim")
    with pytest.raises(ClusterError, match=r"its workers were lost while they were asked; start some"):
        dask_cluster._checked(Asked(b=lost), "tcp://x:1")


def test_a_worker_that_joins_late_is_asked_too(one: Scenario) -> None:
    class Worker:
        address = "tcp://elsewhere:1"

    recipe: Any = type("Recipe", (), {"name": "x", "identity": {**dask_worker.identity(), "numba": "0.1"}})
    with pytest.raises(ClusterError, match=r"worker tcp://elsewhere:1: has numba .*, here 0.1"):
        dask_worker.Drawing(recipe).setup(Worker())


# ---- what is asked for


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("local:0", "write local:N, N from 1 to 256"), ("local:", "write local:N"), ("local:٣", "write local:N"),
        ("local:257", "N from 1 to 256"), ("somewhere", "write local:N, tcp://HOST:PORT"), ("", "write local:N"),
        ("http://x:1", "write local:N, tcp://"), ("nowhere.toml", "nowhere.toml: "),
    ],
)  # fmt: skip
def test_a_cluster_that_is_none(one: Scenario, spec: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        simulate(one, draws=DRAWS, cluster=spec)


def test_a_cluster_that_cannot_be_reached(one: Scenario, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"--cluster tcp://127.0.0.1:1: cannot be reached"):
        simulate(one, draws=DRAWS, cluster="tcp://127.0.0.1:1", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_draws_are_not_kept_on_a_cluster(one: Scenario, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not with --keep-draws; keep draws in shards"):
        simulate(one, draws=DRAWS, cluster="local:1", keep_draws="cells", out=tmp_path / "run")


def test_a_cluster_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctsim.dask_cluster", None)
    with pytest.raises(InputError, match=r"pip install 'ctsim\[cluster\]'"):
        clusters.cluster_of("local:1", keeps=False)


SLURM = '[slurm]\ninterface = "lo"\nmaximum = 2\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SLURM + "maximun = 3\n", "4: slurm.maximun: unknown field. Did you mean 'maximum'?"),
        ('[slurm]\nmaximum = 2\n', "1: slurm.interface: "), (SLURM + 'queue = 3\n', "4: slurm.queue: "),
        (SLURM.replace("2", "0"), "3: slurm.maximum: "), (SLURM + "wait_minutes = inf\n", "4: slurm.wait_minutes: "),
    ],
)  # fmt: skip
def test_a_cluster_file_with_a_fault(one: Scenario, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "slurm.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(f"{path}:{said}")):
        simulate(one, draws=DRAWS, cluster=str(path))


# ---- TLS


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """A TLS scheduler with one worker, and files of three kinds of people."""
    folder = tmp_path_factory.mktemp("tls")
    ours, theirs = authority(folder, "ours"), authority(folder, "theirs")
    mine, foreign = signed(ours, "mine"), signed(theirs, "foreign")
    mixed = {**foreign, "tls-ca-file": mine["tls-ca-file"]}  # trusts us, but we do not know it
    with processes(mine) as (here, _):
        yield here, {"mine": mine, "foreign": foreign, "mixed": mixed}


def test_only_who_has_a_certificate_of_the_same_authority_takes_part(
    one: Scenario, whole: dict[int, str], guarded: tuple[str, dict[str, dict[str, str]]]
) -> None:
    here, people = guarded
    with dask.config.set(tls_settings(people["mine"])):
        assert simulate(one, draws=DRAWS, cluster=here).result_digest == whole[DRAWS]
    for stranger in ("foreign", "mixed"):
        with (
            dask.config.set(tls_settings(people[stranger])),
            pytest.raises(ClusterError, match="cannot be reached"),
        ):
            simulate(one, draws=DRAWS, cluster=here)
    with pytest.raises(ClusterError, match=r"needs distributed.comm.tls of dask's configuration"):
        simulate(one, draws=DRAWS, cluster=here)
    with pytest.raises(ClusterError, match="cannot be reached"):
        simulate(one, draws=DRAWS, cluster=here.replace("tls", "tcp"))


def joins(here: str, security: Security, seconds: float) -> bool:
    """Whether a worker gets to that scheduler within so many seconds."""

    async def tried() -> bool:
        options = {"nthreads": 1, "dashboard": False, "death_timeout": seconds, "silence_logs": 50}
        try:
            async with Worker(here, security=security, host="127.0.0.1", **options):
                return True
        except (TimeoutError, OSError):
            return False

    return asyncio.run(tried())


@pytest.mark.parametrize("who", ["foreign", "mixed", "nobody"])
def test_a_worker_of_another_authority_or_of_none_cannot_join(
    guarded: tuple[str, dict[str, dict[str, str]]], who: str
) -> None:
    """One of ours, made in the same way, can."""
    here, people = guarded

    def worker_of(name: str) -> Security:
        files = people[name]
        pair = {"tls_worker_key": files["tls-key"], "tls_worker_cert": files["tls-cert"]}
        return Security(tls_ca_file=files["tls-ca-file"], require_encryption=True, **pair)

    if who == "nobody":
        assert not joins(here.replace("tls", "tcp"), Security(), 2.0)
    else:
        assert not joins(here, worker_of(who), 2.0)
    assert joins(here, worker_of("mine"), 60.0)
    with dask.config.set(tls_settings(people["mine"])), Client(here, set_as_default=False) as client:
        assert len(client.scheduler_info()["workers"]) == 1
