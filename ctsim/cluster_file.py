"""The file that describes a cluster of Slurm jobs: one table, checked like every other file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from ctsim.schema import Record
from ctsim.tomlfile import read

DEATH_TIMEOUT: Final = 60
"""Seconds after which a worker whose scheduler is gone ends its job."""


class Slurm(Record):
    """Jobs of one worker with one thread. `interface` is the network that scheduler and workers share.

    `shared_folder` is one that all machines see; the keys of the encrypted connections lie there while the run goes.
    """

    interface: str
    maximum: Annotated[int, Field(ge=1, le=10_000)]
    minimum: Annotated[int, Field(ge=0, le=10_000)] = 1
    memory: str = "2GB"
    walltime: str = "01:00:00"
    queue: str | None = None
    account: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    shared_folder: str | None = None
    wait_minutes: Annotated[float, Field(gt=0, le=100_000)] = 60.0

    def options(self) -> dict[str, Any]:
        """The arguments of dask_jobqueue.SLURMCluster: nothing but workers on that network, encrypted."""
        from distributed import Security

        return {
            "cores": 1, "processes": 1, "memory": self.memory, "walltime": self.walltime, "queue": self.queue,
            "account": self.account, "interface": self.interface, "protocol": "tls://",
            "security": Security.temporary(), "shared_temp_directory": self.shared_folder or str(Path.home()),
            "scheduler_options": {"dashboard_address": None}, "python": sys.executable,
            "worker_extra_args": ["--no-dashboard"], "death_timeout": DEATH_TIMEOUT,
            "job_extra_directives": list(self.directives), "job_script_prologue": list(self.prologue),
        }  # fmt: skip


class ClusterFile(Record):
    """The whole file: `[slurm]`."""

    slurm: Slurm


def slurm_of(path: str) -> Slurm:
    """The cluster that a file describes. Raises InputError with every finding."""
    return read(Path(path), ClusterFile).record.slurm
