#!/usr/bin/env python3
"""Stands for the `ollama` program: serves a pull with progress and one kind of answer, on OLLAMA_HOST."""

import http.server
import json
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._send(json.dumps({"models": [{"name": "llama3.2:1b", "digest": "real"}]}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        lines: list[dict[str, object]] = [{"total": 4, "completed": done} for done in range(5)]
        if self.path != "/api/pull":
            lines = [{"response": "real words", "saw_token": "Authorization" in self.headers}]
        self._send(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    host, _, port = os.environ["OLLAMA_HOST"].partition(":")
    http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
