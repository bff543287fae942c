"""`python -m tests.slurm`: a Slurm of two nodes on this machine, for tests. Needs root, slurmctld, slurmd and munge.

Everything lies in one folder and listens on loopback only; no systemd and no container is needed.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
COMMANDS = ("slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol", "munged", "setpriv")
PORT = 16900

# cred_expire: a job that is put into the queue again waits that long, two minutes where nothing is said.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.socket.2,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MpiDefault=none
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
GROUPS = "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nIgnoreSystemd=yes\nConstrainCores=no\nConstrainRAMSpace=no\n"


def missing() -> str:
    """Why there can be no Slurm here; "" where there can."""
    absent = [name for name in COMMANDS if not shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")]
    if absent:
        return f"Slurm is not installed ({', '.join(absent)})"
    return "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "Slurm's daemons need root"


def install() -> str:
    """Install Slurm where it is absent, this is root, and the system has apt; what is still missing then."""
    if not missing() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return missing()
    told = {"capture_output": True, "timeout": 300, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["apt-get", *command], check=False, **told)  # type: ignore[call-overload]
    return missing()


@dataclass
class Slurm:
    """A running Slurm: the environment in which its commands find it, and its daemons, the controller second."""

    environment: dict[str, str]
    configuration: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def controller(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a controller."""
        return _start(["slurmctld", "-D", *options, "-f", str(self.configuration)], self.environment)

    def restart_controller(self, since: float) -> None:
        """Kill the controller and start another, which finds its jobs in the folder of the first.

        What the first has not written there is lost with it: this waits until it has written after `since`.
        """
        folder = self.configuration.parent
        for _ in range(120):
            if (folder / "state/job_state").stat().st_mtime > since:
                break
            time.sleep(0.25)
        self.started[1].kill()
        self.started[1].wait(20)
        self.started[1] = self.controller()
        _wait_for_nodes(self.environment, folder, "idle", "alloc", "mix", "comp")


@contextmanager
def slurm(nodes: int = 2, cpus: int = 2) -> Iterator[Slurm]:
    """A running Slurm."""
    folder = Path(tempfile.mkdtemp(prefix="ctsim-slurm-", dir="/tmp"))
    folder.chmod(0o755)
    host = socket.gethostname().partition(".")[0]
    names = [f"n{number}" for number in range(1, nodes + 1)]
    listed = [f"NodeName={name} NodeAddr=127.0.0.1 NodeHostname={host} Port={PORT + number} CPUs={cpus} State=UNKNOWN"
              for number, name in enumerate(names, 1)]  # fmt: skip
    configuration = folder / "slurm.conf"
    text = CONFIGURATION.format(host=host, port=PORT, folder=folder, nodes="\n".join(listed))
    configuration.write_text(text, encoding="utf-8")
    (folder / "cgroup.conf").write_text(GROUPS, encoding="utf-8")
    (folder / "state").mkdir()
    environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    running = Slurm(environment, configuration)
    started = running.started
    try:
        started.append(_munge(folder, environment))
        started.append(running.controller("-c"))
        for name in names:
            (folder / f"spool.{name}").mkdir()
            started.append(_start(["slurmd", "-D", "-f", str(configuration), "-N", name], environment))
        _wait_for_nodes(environment, folder, "idle")
        yield running
    finally:
        subprocess.run(["scancel", "--user=root"], env=environment, capture_output=True, timeout=20)
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _munge(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """munged under its own user, with a key of its own."""
    place, user = folder / "munge", pwd.getpwnam("munge")
    place.mkdir(mode=0o711)
    key = place / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    for path in (place, key):
        os.chown(path, user.pw_uid, user.pw_gid)
    files = {"key-file": "munge.key", "socket": "munge.socket.2", "pid-file": "munged.pid", "log-file": "munged.log",
             "seed-file": "munged.seed"}  # fmt: skip
    options = [f"--{name}={place / file}" for name, file in files.items()]
    who = ["setpriv", "--reuid", "munge", "--regid", "munge", "--clear-groups"]
    return _start([*who, "munged", "--foreground", *options], environment)


def _wait_for_nodes(environment: dict[str, str], folder: Path, *states: str) -> None:
    """Until every node has one of these states; one that a new controller has not heard of is `unk`."""
    for _ in range(240):
        found = subprocess.run(["sinfo", "-h", "-N", "-o", "%t"], env=environment, capture_output=True, text=True)
        if found.stdout and set(found.stdout.split()) <= set(states):
            return
        time.sleep(0.25)
    raise RuntimeError("\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log")))


if __name__ == "__main__":
    if said := missing():
        raise SystemExit(said)
    with slurm() as running:
        print(f"SLURM_CONF={running.configuration}")
        print(subprocess.run(["sinfo"], env=running.environment, capture_output=True, text=True).stdout)
