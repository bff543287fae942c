"""What `--cluster` names, checked before anything is drawn; what dask needs is imported only where it is asked for."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Final

from ctsim.cluster_file import slurm_of
from ctsim.errors import InputError
from ctsim.job import Cluster

MOST_PROCESSES: Final = 256


def cluster_of(spec: str | None, keeps: bool) -> Cluster | None:
    """What draws on the cluster that `spec` names, None for threads. Raises InputError.

    Draws are kept (`keeps`) by who made them, in files: workers may see other disks.
    """
    if spec is None:
        return None
    said = f"--cluster {spec[:80]}"
    if keeps:
        raise InputError(f"{said}: not with --keep-draws; keep draws in shards (--shard I/N), then merge")
    kind, _, rest = spec.partition(":")
    if spec.endswith(".toml"):
        slurm_of(spec)
    elif kind == "local" and not _is_count(rest):
        raise InputError(f"{said}: write local:N, N from 1 to {MOST_PROCESSES}")
    elif kind not in ("local", "tcp", "tls"):
        raise InputError(f"{said}: write local:N, tcp://HOST:PORT, tls://HOST:PORT or FILE.toml")
    try:
        module = import_module("ctsim.dask_cluster")
        import_module("cryptography")
        import_module("dask_jobqueue" if spec.endswith(".toml") else "distributed")
    except ModuleNotFoundError as error:
        raise InputError(f"{said}: {error.name} is not installed; pip install 'ctsim[cluster]'") from None
    drawing: Cluster = partial(module.drawing, spec)
    return drawing


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST_PROCESSES
