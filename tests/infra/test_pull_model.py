"""The last steps of a boot, without a machine: tags checked again, progress summed, notices read."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.cdktf.instance import pull_model
from infra.cdktf.instance.interruption import parse_notice
from infra.cdktf.instance.pull_model import checked_tag, progress


@pytest.mark.parametrize("tag", ["llama3.2:1b", "user/model:Q4", "hf.co/Org/Repo:Q4_K_M"])
def test_a_tag_passes(tag: str) -> None:
    assert checked_tag({"model": {"tag": tag}}) == tag


@pytest.mark.parametrize("tag", ["$(reboot)", "a b", "evil.host/m", "x\n", "../x", "", None, ["x"]])
def test_what_is_no_tag_stops_the_boot(tag: Any) -> None:
    with pytest.raises(ValueError, match="not a tag"):
        checked_tag({"model": {"tag": tag}})


def test_progress_sums_the_layers() -> None:
    events = [
        {"status": "pulling manifest"},
        {"status": "pulling a", "digest": "a", "total": 300, "completed": 150},
        {"status": "pulling b", "digest": "b", "total": 100},
        {"status": "pulling b", "digest": "b", "total": 100, "completed": 100},
        {"status": "success"},
    ]

    seen = [percent for percent, _ in progress(json.dumps(event).encode() for event in events)]

    assert seen == [0, 50, 37, 62, 62]


def test_ollamas_error_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not found"):
        list(progress([b'{"error": "model not found"}']))


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An Ollama whose model only embeds; the paths it was asked for, in order."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            refused = self.path == "/api/generate"
            body = b'{"error": "model does not support generate"}' if refused else b"{}"
            self.send_response(400 if refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(pull_model, "OLLAMA", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr(pull_model, "PHASE_FILE", tmp_path / "phase.json")
    yield asked
    server.shutdown()
    server.server_close()


def test_a_model_that_only_embeds_is_loaded_by_embedding(encoder: list[str]) -> None:
    pull_model.load("nomic-embed-text:latest")

    assert encoder == ["/api/generate", "/api/embed"]


def test_a_notice_is_read_and_nonsense_is_none() -> None:
    notice = '{"action": "terminate", "time": "2026-11-24T08:22:00Z"}'
    assert parse_notice(notice) == {"action": "terminate", "time": "2026-11-24T08:22:00Z"}
    for body in ("", "[]", "{}", "<html>", "null"):
        assert parse_notice(body) is None
