"""What a measurement was made on: without it, a rate says nothing."""

from __future__ import annotations

import os
import platform
import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

PACKAGES = ("paceline", "uvicorn", "httptools", "uvloop", "msgspec", "jsonschema-rs", "pycurl")
SYNC_PROBES = 100
SYNC_BYTES = 4096


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine and the versions. `sync_ms` is the median time of a 4 KiB write with fdatasync on that disk."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    packages: dict[str, str]
    filesystem: str
    sync_ms: float


def describe_machine(folder: Path) -> Machine:
    """This machine, with the disk that `folder` lies on."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory_bytes / 2**30, 1),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: _version(name) for name in PACKAGES},
        filesystem=_filesystem(folder),
        sync_ms=_sync_ms(folder),
    )


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _filesystem(folder: Path) -> str:
    resolved = str(folder.resolve())
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [(point, kind) for point, kind in mounts if f"{resolved}/".startswith(f"{point.rstrip('/')}/")]
    return max(holding, key=lambda mount: len(mount[0]), default=("", "unknown"))[1]


def _sync_ms(folder: Path) -> float:
    probe = folder / "sync-probe"
    times: list[float] = []
    with probe.open("wb", buffering=0) as file:
        for _ in range(SYNC_PROBES):
            started = time.perf_counter()
            file.write(bytes(SYNC_BYTES))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    probe.unlink()
    return round(statistics.median(times) * 1000, 3)
