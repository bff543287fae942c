"""The start of the `ctsim` command, and `python -m ctsim`: whoever stops it while it is loading sees no traceback."""

import os
import signal
from typing import Any

_SAID = b"stopped; nothing was begun: run the same command again\n"
_STOPPED = 3


def _stopped(*_: Any) -> None:
    """End at once: what is half imported cannot be trusted to end in another way."""
    os.write(2, _SAID)
    os._exit(_STOPPED)


def main() -> None:
    """Load the command and run it. A SIGINT that the shell has switched off, as for jobs behind `&`, stays so."""
    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, _stopped) for one in numbers}
    from ctsim.cli import main as command

    try:
        for one, handler in before.items():
            signal.signal(one, handler)
        command(prog_name="ctsim")
    except KeyboardInterrupt:  # between this handler and that of the command
        _stopped()


if __name__ == "__main__":
    main()
