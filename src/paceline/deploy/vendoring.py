"""The packages of others that go into a package of ours: from the running environment, from wheels, or by pip.

A wheel is taken only where it can work: its tags must fit the Python version, the processor and the C library of the
platform. AWS Lambda has glibc 2.26 below python3.11 and 2.34 from python3.12 on
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, read 2026-11-23).
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError

OPTIONAL_PACKAGES: Mapping[str, tuple[str, Sequence[str]]] = {
    "phonenumbers": ("normalize_phone", ("phonenumberslite",)),
    "ua_parser": ("user_agent", ("ua-parser", "ua-parser-builtins", "ua-parser-rs")),
}
"""Packages that only one function of the mapping language needs, and the distributions that they come with."""

_WITH_OTHERS = {"uvicorn": ("uvicorn", "h11", "click")}
_LEFT_OUT = {".pyi", ".pyc", ".pxd", ".h"}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a package will run: Python as `3.12`, the processor as `x86_64` or `aarch64`, the C library as (2, 34)."""

    python: str
    machine: str
    glibc: tuple[int, int]

    @property
    def is_here(self) -> bool:
        """Whether bytecode that is made here works there."""
        return self.python == f"{sys.version_info.major}.{sys.version_info.minor}"

    def __str__(self) -> str:
        return f"Python {self.python} on {self.machine} with glibc {self.glibc[0]}.{self.glibc[1]}"


def lambda_target(python: str, machine: str) -> Target:
    """What a Lambda runtime offers.

    >>> lambda_target("3.11", "x86_64").glibc
    (2, 26)
    """
    version = tuple(int(part) for part in python.split("."))
    return Target(python=python, machine=machine, glibc=(2, 34) if version >= (3, 12) else (2, 26))


def distributions_for(packages: Iterable[str], mapping_sources: Iterable[str]) -> list[str]:
    """The distributions that hold these packages; optional ones only when a mapping calls what needs them."""
    text = "\n".join(mapping_sources)
    names: list[str] = []
    for package in sorted(packages):
        if package in OPTIONAL_PACKAGES:
            function, distributions = OPTIONAL_PACKAGES[package]
            if f"fn_{function}" in text:
                names += [name for name in distributions if _is_installed(name)]
        else:
            names += _WITH_OTHERS.get(package) or metadata.packages_distributions().get(package, [package])[:1]
    return names


def pinned(distributions: Iterable[str]) -> list[str]:
    """The distributions with the versions of the running environment: `msgspec==0.20.0`."""
    return [f"{name}=={metadata.version(name)}" for name in distributions]


def vendored(
    distributions: Sequence[str], target: Target, *, wheels: Path | None = None, offline: bool = False
) -> dict[str, bytes]:
    """The files of these distributions for `target`, by their path.

    From wheels in the folder `wheels`, or else as they are installed here, or else by pip (never when `offline`).
    Raises EnvironmentFaultError for what cannot be had.
    """
    files: dict[str, bytes] = {}
    for name in distributions:
        files |= _from_wheels(name, target, wheels) or _installed(name, target) or _by_pip(name, target, offline)
    return files


def _from_wheels(name: str, target: Target, wheels: Path | None) -> dict[str, bytes]:
    if wheels is None:
        return {}
    prefix = re.sub(r"[-_.]+", "_", name).lower()
    for path in sorted(wheels.glob("*.whl"), reverse=True):
        parts = path.name.removesuffix(".whl").split("-")
        if parts[0].lower() == prefix and any(fits(tag, target) for tag in _expand("-".join(parts[-3:]))):
            with zipfile.ZipFile(path) as archive:
                return {one: archive.read(one) for one in archive.namelist() if _is_wanted(one)}
    return {}


def _installed(name: str, target: Target) -> dict[str, bytes]:
    """As it is installed here, when it was installed from a wheel that fits."""
    if not _is_installed(name):
        return {}
    distribution = metadata.distribution(name)
    tags = re.findall(r"^Tag: (\S+)", distribution.read_text("WHEEL") or "", re.MULTILINE)
    if not any(fits(tag, target) for written in tags for tag in _expand(written)):
        return {}
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        if _is_wanted(str(file)):
            files[str(file)] = Path(str(distribution.locate_file(file))).read_bytes()
    return files


def _by_pip(name: str, target: Target, offline: bool) -> dict[str, bytes]:
    version = f"=={metadata.version(name)}" if _is_installed(name) else ""
    remedy = (
        "build for the Python that runs here, install a wheel that fits, or collect wheels and name them with --wheels:"
        f" pip download --only-binary=:all: --no-deps --python-version {target.python} --platform"
        f" manylinux2014_{target.machine} --dest wheels {name}{version}"
    )
    if offline:
        raise EnvironmentFaultError(f"there is no wheel of {name} here for {target}", remedy=remedy)
    folder = Path(_cache_folder(), f"{target.python}-{target.machine}-{target.glibc[1]}")
    folder.mkdir(parents=True, exist_ok=True)
    if not _from_wheels(name, target, folder):
        platforms = [f"manylinux_2_{minor}_{target.machine}" for minor in range(target.glibc[1], 16, -1)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--no-deps"]
        command += ["--python-version", target.python, "--implementation", "cp", "--dest", str(folder)]
        command += [word for one in platforms for word in ("--platform", one)]
        done = subprocess.run(  # noqa: S603  (this Python's pip, with words of ours)
            [*command, f"{name}{version}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            raise EnvironmentFaultError(f"pip finds no wheel of {name} for {target}: {said}", remedy=remedy)
    return _from_wheels(name, target, folder)


def fits(tag: str, target: Target) -> bool:
    """Whether a wheel with this tag works there.

    >>> here = Target(python="3.11", machine="x86_64", glibc=(2, 26))
    >>> fits("cp310-abi3-manylinux_2_17_x86_64", here), fits("cp311-cp311-manylinux_2_28_x86_64", here)
    (True, False)
    """
    pythons, abi, place = tag.split("-")
    minor = int(target.python.partition(".")[2])
    if pythons == "py3" or pythons.startswith("py2"):
        is_python = pythons == "py3"
    elif abi == "abi3":
        is_python = pythons.startswith("cp3") and int(pythons[3:]) <= minor
    else:
        is_python = pythons == abi == f"cp3{minor}"
    return is_python and _is_place(place, target)


def _is_place(place: str, target: Target) -> bool:
    if place == "any":
        return True
    written = {"manylinux1": "manylinux_2_5", "manylinux2010": "manylinux_2_12", "manylinux2014": "manylinux_2_17"}
    for old, new in written.items():
        place = place.replace(f"{old}_", f"{new}_") if place.startswith(f"{old}_") else place
    match = re.fullmatch(r"manylinux_(\d+)_(\d+)_(\w+)", place)
    return match is not None and match[3] == target.machine and (int(match[1]), int(match[2])) <= target.glibc


def _expand(tag: str) -> list[str]:
    """Compressed tags, one by one (PEP 425)."""
    pythons, abis, places = tag.split("-")
    return [f"{a}-{b}-{c}" for a in pythons.split(".") for b in abis.split(".") for c in places.split(".")]


def _is_wanted(name: str) -> bool:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or "__pycache__" in path.parts or path.suffix in _LEFT_OUT:
        return False
    in_information = next((part for part in path.parts if part.endswith(".dist-info")), "")
    # Of the information, what licenses ask for and what tools that list a package's parts read.
    return not in_information or "licen" in name.lower() or path.name == "METADATA"


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _cache_folder() -> Path:
    return Path.home() / ".cache" / "paceline" / "wheels"


def machine_here() -> str:
    """The processor that this Python runs on, as wheels name it."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
