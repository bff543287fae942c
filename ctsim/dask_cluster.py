"""Draws on a dask.distributed cluster: one that is there, processes of this machine, or jobs of Slurm.

Workers are asked first who they are. A task draws a leaf, a range of tiles; a second task joins some neighbouring
leaves, so that states meet on the workers and the driver is sent few. No future outlives its use: a lost worker costs
the leaves it held and no more. Waiting has an end: what makes dask wait for ever is set otherwise (`SETTINGS`), and a
cluster from which nothing comes for long is given up. What is done by then is kept.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, Queue
from threading import Event
from time import monotonic
from typing import Any, Final

import dask
from distributed import Client, LocalCluster, Security
from distributed.scheduler import KilledWorker, NoValidWorkerError, NoWorkerError

from ctsim import npz
from ctsim.checkpoint import Range, Ranges
from ctsim.cluster_file import Slurm, slurm_of
from ctsim.dask_worker import Drawing, counted, differing, identity, joined, recipe_of
from ctsim.errors import ClusterError, CtsimError, how_many
from ctsim.job import Add, Draw, Job, Planned
from ctsim.streams import TILE

SETTINGS: Final = {
    "distributed.scheduler.no-workers-timeout": "30s",
    "distributed.scheduler.worker-ttl": "30s",
    "distributed.scheduler.allowed-failures": 3,
    "distributed.comm.timeouts.connect": "15s",
    "distributed.comm.timeouts.tcp": "30s",
    "distributed.admin.tick.limit": "1h",
}
"""dask's own values let a run wait for ever for workers that died or froze."""

ANSWER: Final = 30.0
"""Seconds within which workers say who they are."""

PATIENCE: float = 60.0
"""Seconds without any result after which a cluster is lost; the first one may wait for machine code to be made."""
FIRST_PATIENCE: Final = 300.0

LEAVES: Final = 8
MOST_LEAF: Final = 2**20
_POLL: Final = 0.2


@contextmanager
def drawing(spec: str, job: Job, planned: Planned) -> Iterator[Draw]:
    """What draws the ranges of a job on the cluster that `spec` names. Raises ClusterError, InputError."""
    with ExitStack() as stack:
        stack.enter_context(_silent())
        stack.enter_context(dask.config.set(SETTINGS))
        client, patience = stack.enter_context(_connected(spec))
        threads, said = _checked(client, spec)
        if job.progress:
            job.progress(0, job.tiles * TILE, said)
        recipe = recipe_of(job, planned.kernel, planned.plan)
        try:
            client.register_plugin(Drawing(recipe))
        except CtsimError as error:
            raise ClusterError(f"--cluster {spec}: {error}") from None
        stack.callback(_forget, client, recipe.name)

        def draw(ranges: Ranges, add: Add, stop: Event) -> None:
            _Round(client, recipe.name, planned, add, max(FIRST_PATIENCE, patience), patience).run(
                _groups(ranges, job, threads), threads, stop
            )

        yield draw


# ---- clusters


@contextmanager
def _connected(spec: str) -> Iterator[tuple[Any, float]]:
    """A client of the cluster with at least one worker, and the seconds to wait for a result."""
    with ExitStack() as stack:
        try:
            if spec.endswith(".toml"):
                slurm = slurm_of(spec)
                wait = slurm.wait_minutes * 60.0
                client = Client(stack.enter_context(_slurm(slurm)), set_as_default=False)
            elif spec.startswith("local:"):
                wait, client = PATIENCE, Client(stack.enter_context(_local(spec)), set_as_default=False)
            else:
                wait, client = PATIENCE, Client(spec, security=Security(), timeout=15, set_as_default=False)
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            hint = "; a tls:// address needs distributed.comm.tls of dask's configuration" if "tls:" in spec else ""
            raise ClusterError(f"--cluster {spec}: cannot be reached: {_first_line(error)}{hint}") from None
        stack.callback(_closed, client)
        # what dask gives up itself while a connection is cut, asyncio would print as a traceback when it is collected
        client.loop.asyncio_loop.set_exception_handler(lambda loop, context: None)
        try:
            client.wait_for_workers(1, timeout=wait)
        except TimeoutError:
            raise ClusterError(f"--cluster {spec}: no worker within {wait:.0f} s; start some, then again") from None
        yield client, wait


def _local(spec: str) -> LocalCluster:
    """Processes of one thread on this machine, which only this process can talk to: encrypted, on loopback."""
    return LocalCluster(
        n_workers=int(spec.removeprefix("local:")), threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, worker_dashboard_address=None, security=True, silence_logs=logging.CRITICAL,
        memory_limit=0,
    )  # fmt: skip


@contextmanager
def _slurm(asked: Slurm) -> Iterator[Any]:
    """Workers in jobs of Slurm, as many as there is work for."""
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(**asked.options()) as cluster:
        cluster.adapt(minimum=asked.minimum, maximum=asked.maximum, interval="2s")
        yield cluster


def _checked(client: Any, spec: str) -> tuple[int, str]:
    """Threads of the workers, and one line on them; ClusterError unless all have what this process has."""
    ask = _question()
    try:
        answers = client.sync(client._run, ask, callback_timeout=ANSWER, on_error="return")
        scheduler = client.sync(client._run_on_scheduler, ask, callback_timeout=ANSWER)
        threads = sum(client.nthreads().values())
    except (OSError, TimeoutError) as error:
        message = f"does not answer within {ANSWER:.0f} s ({_first_line(error)}); is a worker frozen?"
        raise ClusterError(f"--cluster {spec}: {message}") from None
    answers = {name: one for name, one in answers.items() if not isinstance(one, OSError)}  # lost since
    if not answers:
        raise ClusterError(f"--cluster {spec}: its workers were lost while they were asked; start some, then again")
    for place, there in [("the scheduler", scheduler), *((f"worker {name}", one) for name, one in answers.items())]:
        said = differing(identity(), there) if isinstance(there, dict) else _first_line(there)
        if said:
            raise ClusterError(f"--cluster {spec}: {place} has {said}; install the same ctsim and packages there")
    names = ("numpy", "numba", "dask")
    versions = ", ".join(f"{name} {identity()[name]}" for name in names)
    source = identity()["formulas and source"]
    there_are = f"{how_many(len(answers), 'worker')}, {how_many(threads, 'thread')}"
    return threads, f"{spec}: {there_are}, all with ctsim {source}, {versions}"


def _question() -> Callable[[], object]:
    """A function that is sent by value, so that it runs where there is no ctsim, too."""

    def ask() -> object:
        try:
            from ctsim import dask_worker
        except Exception as error:
            return {"formulas and source": f"none ({type(error).__name__}: {error})"}
        return dask_worker.identity()

    return ask


# ---- tasks


def _groups(ranges: Ranges, job: Job, threads: int) -> Iterator[list[Range]]:
    """The ranges as leaves, neighbours together: long ones first, short ones last: workers end together.

    Every leaf is sent, joined and added once, so that few long ones take less; no leaf is shorter than a chunk.
    """
    left = sum(tiles for _, tiles in ranges)
    shortest, longest = max(1, job.chunk // TILE), MOST_LEAF // TILE
    for first, tiles in ranges:
        at, end = first, first + tiles
        while at < end:
            leaf = max(shortest, min(longest, left // (2 * threads)))
            together = max(1, min(LEAVES, left // (4 * threads * leaf)))
            group = [(one, min(leaf, end - one)) for one in range(at, min(at + together * leaf, end), leaf)]
            yield group
            drawn = sum(tiles for _, tiles in group)
            at, left = at + drawn, left - drawn


class _Round:
    """Tasks on their way: submitted, waited for, taken."""

    def __init__(
        self, client: Any, name: str, planned: Planned, add: Add, first_patience: float, patience: float
    ) -> None:
        self.client = client
        self.name = name
        self.planned = planned
        self.add = add
        self.patience = (first_patience, patience)
        self.running: dict[Any, list[Range]] = {}
        self.finished: Queue[Any] = Queue()

    def run(self, groups: Iterator[list[Range]], threads: int, stop: Event) -> None:
        """All groups, or those that are done when `stop` is set."""
        heard, patience = monotonic(), self.patience[0]
        try:
            while not stop.is_set():
                self._submit(groups, threads)
                if not self.running:
                    return
                try:
                    future = self.finished.get(timeout=_POLL)
                except Empty:
                    self._check(monotonic() - heard, patience)
                    continue
                leaves = self.running.pop(future)
                self._submit(groups, threads)  # first, so that nobody waits while this process adds
                self._take(future, leaves)
                heard, patience = monotonic(), self.patience[1]
        except BaseException:
            stop.set()
            raise
        finally:
            with suppress(Exception):
                self.client.sync(self.client._cancel, list(self.running), callback_timeout=5)

    def _submit(self, groups: Iterator[list[Range]], threads: int) -> None:
        """As many groups as give every thread a leaf to draw and one to go on with."""
        while sum(map(len, self.running.values())) < 2 * threads and (leaves := next(groups, None)):
            states = [self.client.submit(counted, self.name, *leaf, pure=False) for leaf in leaves]
            future = self.client.submit(joined, self.name, states, pure=False)
            self.running[future] = leaves
            future.add_done_callback(self.finished.put)

    def _take(self, future: Any, leaves: list[Range]) -> None:
        """Hand a result over and drop its future; errors of workers become one line."""
        try:
            content = future.result(timeout=ANSWER)
        except CtsimError as error:
            raise ClusterError(f"a worker could not draw: {error}") from None
        except KilledWorker:
            message = "a task ended four workers one after the other: they were killed, or have too little memory"
            raise ClusterError(f"{message}; give them more, or take a smaller --chunk") from None
        except (NoWorkerError, NoValidWorkerError):
            raise ClusterError("the cluster has no workers any more") from None
        except (OSError, TimeoutError):
            raise ClusterError("the connection to the cluster is lost") from None
        except MemoryError:
            raise ClusterError("a worker has too little memory; give it more, or take a smaller --chunk") from None
        except BaseException as error:
            if type(error).__name__ in ("CancelledError", "FutureCancelledError"):
                raise ClusterError("the scheduler of the cluster is lost") from None
            raise
        state = npz.state_of(self.planned.plan, content)
        self.add(leaves[0][0], sum(tiles for _, tiles in leaves), state)

    def _check(self, silence: float, patience: float) -> None:
        if self.client.status not in ("running", "connecting"):
            raise ClusterError("the scheduler of the cluster is lost")
        if silence > PATIENCE and (said := self._full()):
            raise ClusterError(f"nothing came from the cluster for {PATIENCE:.0f} s; {said}")
        if silence > patience:
            raise ClusterError(f"nothing came from the cluster for {patience:.0f} s; its workers are lost or frozen")

    def _full(self) -> str:
        """What is said where dask has paused every worker, which it does where a worker's memory is nearly full."""
        with suppress(OSError, TimeoutError):
            self.client.sync(self.client._update_scheduler_info, n_workers=-1, callback_timeout=ANSWER)
        workers = self.client._scheduler_identity["workers"].values()
        limits = [one["memory_limit"] for one in workers if one["status"] == "paused"]
        if not limits or len(limits) < len(workers):
            return ""
        return f"all workers are paused: their memory of {min(limits) / 1e6:.0f} MB is nearly full; give them more"


# ---- the end


def _forget(client: Any, name: str) -> None:
    """Leave nothing on workers that others use, too."""
    with suppress(Exception):
        client.sync(client._unregister_worker_plugin, name=name, nanny=False, callback_timeout=5)


def _closed(client: Any) -> None:
    with suppress(Exception):
        client.close(timeout=5)


@contextmanager
def _silent() -> Iterator[None]:
    """dask's loggers and warnings tell what ctsim tells in one line."""
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if "distributed" in name]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Port [0-9]+ is already in use", UserWarning)
            yield
    finally:
        for logger, level in before:
            logger.setLevel(level)


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
