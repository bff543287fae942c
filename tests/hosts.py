"""Two hosts on this machine, with a cable between them that can be cut: network namespaces. Needs root and `ip`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.source import ROOT

NETWORK = "10.213.{}.{}"
WORKER = "--nthreads=1 --no-nanny --no-dashboard"


def missing() -> str:
    """Why there can be no hosts here; "" where there can."""
    if not shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        return "there is no `ip` (iproute2)"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces need root"
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True)
    return "" if done.returncode == 0 else "network namespaces are not allowed here"


@dataclass
class Hosts:
    """Names and addresses of two hosts, the near one and the far one, and what was started on them."""

    names: tuple[str, str]
    addresses: tuple[str, str]
    started: list[subprocess.Popen[Any]] = field(default_factory=list)

    def start(self, host: int, *command: str, **options: Any) -> subprocess.Popen[Any]:
        """A process on a host (0 near, 1 far); `ip netns exec` becomes the command, so its id is the command's."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        environment |= {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "8s", **options.pop("environment", {})}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.names[host], *command], env=environment, **{**quiet, **options}
        )
        self.started.append(process)
        return process

    def scheduler(self) -> str:
        """A scheduler on the near host, with what docs/cluster.md asks for; its address."""
        options = f"--host=tcp://{self.addresses[0]} --port=8786 --no-dashboard"
        self.start(0, sys.executable, "-m", "distributed.cli.dask_scheduler", *options.split())
        return f"tcp://{self.addresses[0]}:8786"

    def worker(self, host: int) -> subprocess.Popen[Any]:
        """A worker of one thread on a host."""
        options = f"tcp://{self.addresses[0]}:8786 --host=tcp://{self.addresses[host]} {WORKER}"
        return self.start(host, sys.executable, "-m", "distributed.cli.dask_worker", *options.split())

    def cable(self, state: str) -> None:
        """Cut the cable ("down") or put it back ("up"), at its far end."""
        _ip("-n", self.names[1], "link", "set", "cable", state)


@contextmanager
def two_hosts() -> Iterator[Hosts]:
    """Two namespaces of this process, joined by a pair of virtual interfaces; all is gone afterwards."""
    mark = os.getpid() % 256
    names = (f"ctsim-near-{os.getpid()}", f"ctsim-far-{os.getpid()}")
    hosts = Hosts(names, (NETWORK.format(mark, 1), NETWORK.format(mark, 2)))
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", names[1])
        for name, address in zip(names, hosts.addresses, strict=True):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            _ip("-n", name, "link", "set", "cable", "up")
        yield hosts
    finally:
        for process in hosts.started:
            process.kill()
            process.wait()
        for name in names:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run(["ip", *words], check=True, capture_output=True, env=path, timeout=20)
