"""`btcforecast outgoing check` as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        moved = self.path == "/moved"
        self.send_response(302 if moved else 200)
        if moved:
            self.send_header("Location", f"http://localhost:{self.server.server_port}/there")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def check(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "btcforecast", "outgoing", "check", *arguments]
    return subprocess.run(command, cwd=folder, env=os.environ | env, capture_output=True, text=True, timeout=60, check=False)


def test_our_own_machine_is_not_asked(port: int, tmp_path: Path):
    done = check(tmp_path, f"http://localhost:{port}/moved")
    assert done.returncode == 2
    assert f"localhost:{port} is at " in done.stderr
    assert "only public addresses are asked" in done.stderr


def test_a_network_of_the_operators_is_asked_and_redirects_are_shown(port: int, tmp_path: Path):
    done = check(tmp_path, f"http://127.0.0.1:{port}/moved", "--json", OUTGOING_NETWORKS="127.0.0.0/8,::1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["status"], found["n_bytes"], found["n_redirects"]) == (200, 5, 1)
    assert [(hop["host"], hop["are_public"]) for hop in found["looked_up"]] == [("127.0.0.1", False), ("localhost", False)]
    said = check(tmp_path, f"http://127.0.0.1:{port}/", OUTGOING_NETWORKS="127.0.0.0/8").stdout
    assert "It answers 200 with 5 bytes after 0 redirects." in said


def test_who_does_not_answer_is_named(tmp_path: Path):
    done = check(tmp_path, "http://127.0.0.1:1025/token", OUTGOING_NETWORKS="127.0.0.1")
    assert done.returncode == 1
    assert "127.0.0.1 gave no answer" in done.stderr
    assert "token" not in done.stderr
