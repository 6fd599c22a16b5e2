"""Where things are on this machine: ports, folders and tools, all tunable by environment."""

from __future__ import annotations

import os
import platform
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STACK_NAME = "kept"
REGION = "us-east-1"
LAST_PORT = 65535
CHECKOUT = Path(__file__).resolve().parents[2]
POLICY_IN_BUILD = Path("KeptLayer/policy.toml")


class LocalError(Exception):
    """Raised when the local stack cannot start or stop; its text is for the person who ran the command."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One local stack: two of them can run at once if their ports and folders differ."""

    site_port: int
    smtp_port: int
    stack_port: int
    folder: Path  # state, logs and stack.json
    build: Path  # what `sam build` made
    sam: Path
    ministack: Path
    extra_parameters: tuple[str, ...]  # Name=value, given to the template as they are
    warm_seconds: int  # that a function's worker waits for its next call; a new one unpacks all its layers

    @property
    def site_url(self) -> str:
        """Where the site is."""
        return f"http://localhost:{self.site_port}"

    @property
    def endpoint(self) -> str:
        """Where the emulator answers for AWS."""
        return f"http://127.0.0.1:{self.stack_port}"

    @property
    def stack_file(self) -> Path:
        """What scripts and tests read; there only while the site is up."""
        return self.folder / "stack.json"

    @property
    def run_file(self) -> Path:
        """Which process runs the stack; locked while it does."""
        return self.folder / "run.json"

    @property
    def emulator_file(self) -> Path:
        """The emulator's process; locked while that lives, even if we do not."""
        return self.folder / "emulator.pid"

    @property
    def log_folder(self) -> Path:
        """The logs of this run, of the deploy and of the emulator."""
        return self.folder / "log"

    @property
    def state_folder(self) -> Path:
        """Everything the emulator writes; emptied at each start."""
        return self.folder / "emulator"

    @property
    def runtime(self) -> str:
        """The Lambda runtime of this machine's Python, such as python3.11."""
        return f"python{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def architecture(self) -> str:
        """The Lambda architecture of this machine."""
        return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment. Raises LocalError for a port that is not a number."""

    def number(name: str, default: int, most: int, what: str) -> int:
        text = environment.get(name) or str(default)
        if not text.isdecimal() or not 0 < int(text) <= most:
            raise LocalError(f"{name} must be {what}, not {text!r}.")
        return int(text)

    def port(name: str, default: int) -> int:
        return number(name, default, LAST_PORT, "a port number")

    def path(name: str, default: str) -> Path:
        return (CHECKOUT / (environment.get(name) or default)).absolute()

    return Settings(
        site_port=port("KEPT_PORT", 8000),
        smtp_port=port("KEPT_SMTP_PORT", 2525),
        stack_port=port("KEPT_STACK_PORT", 4566),
        folder=path("KEPT_LOCAL_FOLDER", ".local"),
        build=path("KEPT_BUILD_FOLDER", ".aws-sam/build"),
        sam=path("KEPT_SAM", ".local/tools/sam/bin/sam"),
        ministack=path("KEPT_MINISTACK", ".local/tools/ministack/bin/ministack"),
        extra_parameters=tuple(environment.get("KEPT_PARAMETERS", "").split()),
        warm_seconds=number("KEPT_WARM_SECONDS", 60, 3600, "a number of seconds up to 3600"),
    )


def support_address(build: Path) -> str:
    """The address that the built policy tells people to write to. Raises LocalError without a policy."""
    file = build / POLICY_IN_BUILD
    try:
        policy = tomllib.loads(file.read_text(encoding="utf-8"))
        return str(policy["site"]["support_email"])
    except FileNotFoundError as error:
        raise LocalError(f"{file} is missing: run `make build` first.") from error
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise LocalError(f"{file}: site.support_email cannot be read ({error}).") from error
