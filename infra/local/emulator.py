"""MiniStack as a child process of ours: an account that lives in memory and ends with us."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from infra.local.settings import REGION, LocalError, Settings

START_SECONDS = 30
STOP_SECONDS = 2  # it has nothing to save
# Each concurrent invocation is a process of 30 to 50 MB. The site lets fewer requests through at a time
# (site.py), so that a burst waits instead of being throttled and streams and queues find room.
CONCURRENT_WORKERS = 32
_RM = "/bin/rm"
TIME_TO_LIVE = Path(__file__).with_name("ttl.py")


class Emulator:
    """The emulator's process and the Lambda workers it starts, in a process group of their own."""

    def __init__(self, settings: Settings, outbox_port: int) -> None:
        self._settings = settings
        self._outbox_port = outbox_port
        self._process: subprocess.Popen[bytes] | None = None
        self.log = settings.log_folder / "ministack.log"

    def start(self) -> None:
        """Start it, empty, and wait until it answers. Raises LocalError with the end of its log.

        The child inherits the lock on its own file, which so is held as long as the emulator lives, even if
        we are killed.
        """
        if not self._settings.ministack.exists():
            raise LocalError(f"{self._settings.ministack} is missing: `make run` installs it.")
        discard(self._settings.state_folder)
        self._settings.state_folder.mkdir(parents=True)
        with self.log.open("wb") as log, self._settings.emulator_file.open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._process = subprocess.Popen(
                [self._settings.ministack.with_name("python"), "-I", TIME_TO_LIVE],
                env=self._environment(),
                cwd=self._settings.state_folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
            lock.write(str(self._process.pid))
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the emulator and every worker of it, and remove what they wrote."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        _kill_group(self._process.pid)
        self._process.wait()
        self._settings.emulator_file.unlink(missing_ok=True)
        discard(self._settings.state_folder)

    def exited(self) -> bool:
        """Whether it ended although nobody asked it to."""
        return self._process is not None and self._process.poll() is not None

    def _environment(self) -> dict[str, str]:
        """Nothing of ours: workers inherit this, and on AWS they would have none of it either."""
        settings = self._settings
        return {
            "PATH": os.defpath,
            "HOME": str(settings.state_folder),
            "TMPDIR": str(settings.state_folder),
            "LANG": "C.UTF-8",
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(settings.stack_port),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "SMTP_HOST": f"127.0.0.1:{self._outbox_port}",
            "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENT_WORKERS),
            "LAMBDA_WARM_TTL_SECONDS": str(settings.warm_seconds),
            "LOG_LEVEL": "WARNING",  # INFO names the addresses that mail is relayed to
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalError(f"The emulator ended at once:\n{tail(self.log)}\nIts log: {self.log}")
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                url = f"{self._settings.endpoint}/_ministack/ready"
                with urllib.request.urlopen(url, timeout=1):
                    return
            time.sleep(0.05)
        raise LocalError(f"The emulator did not answer within {START_SECONDS} seconds. Its log: {self.log}")


def discard(folder: Path) -> None:
    """Remove a folder that the emulator wrote: it is out of the way at once, and gone a while later.

    Each worker unpacked its layers into it, thousands of small files, for which nobody should have to wait.
    """
    with suppress(FileNotFoundError):
        folder.rename(folder.with_name(f"{folder.name}.gone-{time.time_ns()}"))
    gone = list(folder.parent.glob(f"{folder.name}.gone-*"))  # with what was left by a run whose machine stopped
    if gone:
        os.posix_spawn(_RM, [_RM, "-rf", "--", *map(str, gone)], os.environ, setsid=True)  # nobody waits for it


def end_orphan(settings: Settings) -> None:
    """End the emulator of a run that was killed, if one is left."""
    with suppress(FileNotFoundError), settings.emulator_file.open(encoding="utf-8") as file:
        if not take_lock(file.fileno()):
            _kill_group(int(file.read()))
            fcntl.flock(file, fcntl.LOCK_EX)  # which waits until it is gone
        settings.emulator_file.unlink()


def take_lock(file: int) -> bool:
    """Lock an open file for as long as it stays open; whether nobody else had done so."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill_group(group: int) -> None:
    """Kill the emulator and its workers, whatever is left of them; it led a process group of its own."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def tail(file: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    with suppress(FileNotFoundError):
        return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return ""
