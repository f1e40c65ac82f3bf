"""The wheel in a clean environment: it carries its rules and its model, scores a manifest and answers over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from factory import share_cache

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scripts of an environment that holds the wheel and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = next((str(p) for p in (ROOT / ".uv" / "bin" / "uv",) if p.exists()), "uv")
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    pinned = folder / "pinned.txt"
    export = [uv, "export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--quiet"]
    pinned.write_bytes(subprocess.run(export, cwd=ROOT, check=True, capture_output=True).stdout)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), "--requirement", str(pinned), str(wheel)], check=True
    )
    return folder / "env" / "bin"


def environment(folder: Path) -> dict[str, str]:
    """No checkout on the path."""
    share_cache(folder)
    return {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"}


def test_it_scores_a_manifest(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("parcel_id,description\nA,Hunting rifle\nB,Tea towel\n", "utf-8")
    command = [str(installed / "riskscore"), "score", "m.csv", "-o", "out.jsonl", "--report", "r.html"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    bands = [json.loads(line)["band"] for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert bands == ["review", "clear"]
    assert "Hunting rifle" in (tmp_path / "r.html").read_text("utf-8")


def test_its_rules_hold(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "riskscore"), "check"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "all hold" in done.stdout


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(installed / "riskscore"), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE) as server:
        url = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                httpx.get(f"{url}/readyz", timeout=2)
                break
            except httpx.TransportError:
                assert server.poll() is None, "the server stopped"
                time.sleep(0.1)
        yield url
        server.terminate()


def test_it_serves(address: str) -> None:
    answer = httpx.post(f"{address}/v1/assessments", json={"parcel_id": "A", "items": [{"description": "Revolver"}]})
    assert answer.status_code == 200
    assert answer.json()["band"] == "review"
    assert "swagger" in httpx.get(f"{address}/docs").text


def test_the_environment_is_clean(installed: Path, tmp_path: Path) -> None:
    code = "import riskscore, sys; print(riskscore.__file__)"
    command = [str(installed / "python"), "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True)
    assert str(ROOT) not in done.stdout
    assert sys.prefix not in done.stdout
