"""The container's context without a container: its program in a folder that has what its files put there, no more."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import sys
from pathlib import Path

from functions import WEB_KEY, Program, Vendors, events, free_port

from paceline.deploy.vendoring import Target, machine_here, vendored

KEY = {"Authorization": "Basic " + base64.b64encode(f"{WEB_KEY}:".encode()).decode()}


def install(context: Path, folder: Path) -> Path:
    """What the Dockerfile does: the packages of requirements.txt, and the two folders."""
    wanted = [line for line in (context / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    here = Target(python=f"3.{sys.version_info.minor}", machine=machine_here(), glibc=(2, 99))
    for name, content in vendored([line.partition("==")[0] for line in wanted], here, offline=True).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ("paceline", "paceline_integration"):
        shutil.copytree(context / name, folder / name)
    return folder


def entry(context: Path) -> list[str]:
    line = next(one for one in (context / "Dockerfile").read_text().splitlines() if one.startswith("ENTRYPOINT "))
    return list(json.loads(line.removeprefix("ENTRYPOINT ")))


def test_program_of_the_container_takes_events_on_a_read_only_disk(
    builds: dict[str, Path], tmp_path: Path, vendors: Vendors
) -> None:
    app = install(builds["container"], tmp_path / "app")
    for path in [app, *app.rglob("*")]:
        path.chmod(stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0))
    port = free_port()
    command = [sys.executable, "-S", *entry(builds["container"])[1:-1], str(app / "paceline_integration")]
    environment = {
        "PORT": str(port), "PACELINE_HOST": "127.0.0.1", "PACELINE_FAKE_VENDORS": vendors.url,
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(app),
    }  # fmt: skip
    try:
        with Program(command, app, port, environment) as program:
            status, body = program.post("/v1/batch", {"batch": events(5)}, KEY)
            assert (status, len(json.loads(body)["events"])) == (200, 5)
            assert program.post("/v1/batch", {"batch": events(1)})[0] == 401
            assert json.loads(program.get("/ready")) == {"status": "ready"}
    finally:
        for path in [app, *app.rglob("*")]:
            path.chmod(0o700)
    assert vendors.received()["items"] == 5


def test_container_runs_as_nobody_and_holds_no_secret(builds: dict[str, Path]) -> None:
    text = (builds["container"] / "Dockerfile").read_text()
    assert "USER 65532:65532" in text
    everything = b"".join(path.read_bytes() for path in builds["container"].rglob("*") if path.is_file())
    for secret in Path(os.environ.get("SHOP_ENV", builds["container"])).glob(".env"):
        assert secret.read_bytes() not in everything
    assert b"${env:CIO_API_KEY}" in everything


def test_program_of_the_job_runs_by_itself(builds: dict[str, Path], tmp_path: Path, vendors: Vendors) -> None:
    import subprocess

    app = install(builds["etl"], tmp_path / "app")
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events(9)))
    command = [sys.executable, "-S", *entry(builds["etl"])[1:-1], str(app / "paceline_integration")]
    arguments = ["--from", str(tmp_path / "events.jsonl"), "--state", str(tmp_path / "s.db")]
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(app), "PACELINE_FAKE_VENDORS": vendors.url, "CIO_SITE_ID": "a",
        "CIO_API_KEY": "b",
    }  # fmt: skip
    done = subprocess.run(
        [*command, *arguments], cwd=app, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "customerio_onboarding: 9 rows: 9 delivered\n"), done.stderr
    assert vendors.received()["items"] == 9
