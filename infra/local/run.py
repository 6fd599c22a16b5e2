"""Starting and stopping the local stack: what `make run` and `make stop` call."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from typing import Any

from infra.local.deploy import deploy
from infra.local.emulator import Emulator, end_orphan, take_lock
from infra.local.outbox import Outbox
from infra.local.settings import CHECKOUT, LocalError, Settings, support_address
from infra.local.site import OUTBOX_PATH, Site, loopback_addresses
from infra.local.smtp import Inbox
from infra.local.stack import root_account, write_whole
from infra.local.tokens import STAFF, Tokens, seconds_left

DETACHED_SECONDS = 120
STOP_SECONDS = 180  # what each worker of the emulator unpacked is removed, and a busy disk takes its time
HEALTH_SECONDS = 30
PORT_SECONDS = 1  # the ports of processes that were just killed are not free at once


class Stopped(BaseException):
    """Raised by SIGINT and SIGTERM: the end that was asked for."""


def run(settings: Settings) -> int:
    """Start everything, tell where it is, and stay until stopped; the exit code."""
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)

    with _the_only_one(settings) as run_file, ExitStack() as cleanup:
        _stop_on_signals()
        try:
            _serve(settings, run_file, cleanup, say)
        except Stopped:
            _ignore_signals()
            say("Stopping")
    print("Stopped; nothing is left running.", flush=True)
    return 0


def run_detached(settings: Settings) -> int:
    """Start everything in the background; the exit code, 0 when the site is up."""
    if (running := _running(settings)) is not None:
        raise LocalError(f"It already runs (process {running}); `make stop` ends it.")
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    log = settings.log_folder / "run.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=CHECKOUT,
            env=os.environ | {"DETACH": ""},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + DETACHED_SECONDS
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            while time.monotonic() < deadline:
                code, info = child.poll(), _run_info(settings)
                for line in lines:
                    print(line, end="", flush=True)
                if code is not None:
                    return code or 1
                if info == {"process": child.pid, "ready": 1}:
                    print(f"Runs in the background (process {child.pid}); `make stop` ends it. Its log: {log}")
                    return 0
                time.sleep(0.1)
    except BaseException:
        child.terminate()
        raise
    child.terminate()
    raise LocalError(f"The site was not up after {DETACHED_SECONDS} seconds. Its log: {log}")


def stop(settings: Settings) -> int:
    """End what runs and wait until it has; the exit code."""
    process = _running(settings)
    if process is None:
        end_orphan(settings)
        print("Nothing runs.")
    else:
        print(f"Stopping process {process}", flush=True)
        with settings.run_file.open(encoding="utf-8") as file:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while not take_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise LocalError(f"Process {process} did not end within {STOP_SECONDS} seconds.")
                time.sleep(0.05)
        print("Stopped.")
    settings.stack_file.unlink(missing_ok=True)
    return 0


def _serve(settings: Settings, run_file: int, cleanup: ExitStack, say: Callable[[str], None]) -> None:
    settings.stack_file.unlink(missing_ok=True)
    cleanup.callback(settings.stack_file.unlink, missing_ok=True)
    check_ports(settings)
    support_address(settings.build)  # a missing build is told at once

    outbox = Outbox()
    cleanup.callback(outbox.stop)
    emulator = Emulator(settings, outbox.start())
    cleanup.callback(emulator.stop)
    say(f"Starting the emulator on port {settings.stack_port}")
    emulator.start()
    say("Emulator is up; deploying with sam deploy")

    account = root_account(settings.endpoint)
    outputs = deploy(settings, account, say)
    api = account.client("apigatewayv2").get_apis()["Items"][0]["ApiId"]
    inbox = Inbox(account, "127.0.0.1", settings.smtp_port)
    cleanup.callback(inbox.stop, no_assert=True)
    inbox.start()
    site = Site(settings, api, outbox)
    site.start()
    cleanup.callback(site.stop)
    say("SMTP server, outbox and site are up; signing in")

    tokens = Tokens(account, outputs)
    tokens.make_staff()
    content: dict[str, Any] = {
        "api": settings.site_url,
        "smtp": f"localhost:{settings.smtp_port}",
        "outbox": settings.site_url + OUTBOX_PATH,
        "endpoint": settings.endpoint,
        "staff_token": tokens.staff_token(),
        "staff_name": STAFF,
        "staff_password": tokens.staff_password,
        "service_token": tokens.service_token(),
        "outputs": outputs,
    }
    _wait_until_healthy(settings, content["staff_token"])
    write_whole(settings.stack_file, json.dumps(content, indent=2) + "\n")
    say("The site is up")
    print(_what_to_try(settings), flush=True)
    _write_run_info(run_file, ready=True)

    lifetime = min(seconds_left(content["staff_token"]), seconds_left(content["service_token"]))
    renewed = time.monotonic()
    while not emulator.exited():
        time.sleep(0.5)
        if time.monotonic() - renewed > lifetime / 2:
            content |= {"staff_token": tokens.staff_token(), "service_token": tokens.service_token()}
            write_whole(settings.stack_file, json.dumps(content, indent=2) + "\n")
            renewed = time.monotonic()
    raise LocalError(f"The emulator ended by itself. Its log: {emulator.log}")


@contextmanager
def _the_only_one(settings: Settings) -> Iterator[int]:
    """Hold the lock that says that a stack runs; the file that is locked. Raises LocalError where another has it.

    It is never closed: the lock goes when this process has really ended.
    """
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    file = os.open(settings.run_file, os.O_RDWR | os.O_CREAT, 0o600)
    if not take_lock(file):
        raise LocalError(f"It already runs (process {_run_info(settings)['process']}); `make stop` ends it.")
    _write_run_info(file, ready=False)
    end_orphan(settings)
    try:
        yield file
    finally:
        settings.run_file.unlink()


def _running(settings: Settings) -> int | None:
    """The process that runs the stack, or None."""
    with suppress(FileNotFoundError), settings.run_file.open(encoding="utf-8") as file:
        if not take_lock(file.fileno()):
            return _run_info(settings)["process"]
    return None


def _run_info(settings: Settings) -> dict[str, int]:
    """What the run file says: the process, and whether its site is up."""
    try:
        info: dict[str, int] = json.loads(settings.run_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):  # not there, or being written
        return {"process": 0, "ready": 0}
    return info


def _write_run_info(file: int, *, ready: bool) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"process": os.getpid(), "ready": int(ready)}).encode(), 0)


def _stop_on_signals() -> None:
    def stopped(_number: int, _frame: object) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stopped)


def _ignore_signals() -> None:
    """While things end, another Ctrl-C must not leave half of them running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def check_ports(settings: Settings) -> None:
    """Raises LocalError naming the first port that something else has."""
    ports = {
        "KEPT_PORT": settings.site_port,
        "KEPT_SMTP_PORT": settings.smtp_port,
        "KEPT_STACK_PORT": settings.stack_port,
    }
    deadline = time.monotonic() + PORT_SECONDS
    for variable, port in ports.items():
        for address in loopback_addresses() if variable == "KEPT_PORT" else ["127.0.0.1"]:
            while not _is_free(address, port):
                if time.monotonic() > deadline:
                    raise LocalError(f"Port {port} is in use. Choose another: {variable}={port + 1} make run")
                time.sleep(0.05)


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _wait_until_healthy(settings: Settings, staff_token: str) -> None:
    """Ask for the review queue through the site, all the way to the database. Raises LocalError."""
    request = urllib.request.Request(f"{settings.site_url}/reviews", headers={"Authorization": f"Bearer {staff_token}"})
    deadline = time.monotonic() + HEALTH_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=HEALTH_SECONDS):
                return
        except urllib.error.HTTPError as error:
            problem, hopeless = f"GET /reviews answers {error.code}", error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        except OSError as error:
            problem, hopeless = type(error).__name__, False
        if hopeless or time.monotonic() > deadline:
            raise LocalError(f"The site is not well: {problem}. Logs: {settings.log_folder}")
        time.sleep(0.2)


def _what_to_try(settings: Settings) -> str:
    address = support_address(settings.build)
    stack_file = os.path.relpath(settings.stack_file)
    return f"""
  Site           {settings.site_url}
  SMTP           localhost:{settings.smtp_port} (for {address})
  Outgoing mail  {settings.site_url}{OUTBOX_PATH}
  AWS endpoint   {settings.endpoint} (any client; access key and secret: test)
  Staff desk     {settings.site_url}/desk ({STAFF}, with staff_password of {stack_file})
  For scripts    {stack_file}

Try:

  curl -i {settings.site_url}/contacts -H 'Content-Type: application/json' \\
    -d '{{"email": "ada@example.org", "message": "When will my order arrive?"}}'

  python3 -c "import smtplib; smtplib.SMTP('localhost', {settings.smtp_port}).sendmail(
    'grace@example.org', ['{address}'],
    'From: grace@example.org\\nTo: {address}\\nSubject: Hello\\n\\nPlease do not email me again.')"

  curl -s {settings.site_url}/reviews -H "Authorization: Bearer $(python3 -c \\
    "import json; print(json.load(open('{stack_file}'))['staff_token'])")"

Everything is in memory and new at each start. Ctrl-C or `make stop` ends it.
"""
