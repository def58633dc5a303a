"""Measures how fast functions start: from exec until the first GET of /next, and how large their zips are.

    cargo build --release -p functions --bin send-message --example hello-world
    python3 tests/start/measure.py target/release/examples/hello-world target/release/send-message

A stand-in for the Lambda Runtime API and for DynamoDB listens on loopback. Each program is started --runs times, one
after the other, and killed as soon as it asks for its first event. The CPU time is the user and system time of the
process.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import subprocess
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class RuntimeApi(ThreadingHTTPServer):
    """Records when the program asks for its first event, and never answers that. Other requests get an empty 200."""

    asked: threading.Event
    asked_at: float


class Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        if self.path.endswith("/invocation/next"):
            self.server.asked_at = time.perf_counter()
            self.server.asked.set()
            time.sleep(60)
            return
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def start(program: Path, server: RuntimeApi) -> tuple[float, float]:
    """Runs the program once. Returns the milliseconds from exec to the first /next, and those of CPU time."""
    here = f"127.0.0.1:{server.server_address[1]}"
    server.asked = threading.Event()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": here,
        "AWS_LAMBDA_FUNCTION_NAME": program.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "log",
        "AWS_LAMBDA_LOG_STREAM_NAME": "log",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{here}",
        "CONNECTIONS_ENDPOINT": f"http://{here}/live",
        "ATTACHMENTS_BUCKET": "attachments",
        "NOTIFICATIONS_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:away",
    } | {f"{table}_TABLE": "t" for table in ("CHATS", "MESSAGES", "CHAT_MEMBERS", "SENDS", "UPLOADS", "CHAT_USERS")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL)
    if not server.asked.wait(20):
        process.kill()
        raise SystemExit(f"{program} did not ask for an event. Run it alone to see its error")
    process.kill()
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return (server.asked_at - started) * 1000, cpu * 1000


def zip_bytes(program: Path) -> int:
    """The size of the zip for a deployment."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(program, "bootstrap")
    return len(buffer.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=40)
    arguments = parser.parse_args()
    server = RuntimeApi(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{'program':<16} {'exec to /next, ms: median':>26} {'p95':>7} {'CPU, ms':>9} {'binary, KB':>11} {'zip, KB':>9}")
    for program in arguments.programs:
        start(program, server)  # the first run warms the page cache
        runs = [start(program, server) for _ in range(arguments.runs)]
        times = sorted(ms for ms, _ in runs)
        cpu = statistics.median(ms for _, ms in runs)
        p95 = times[int(len(times) * 0.95) - 1]
        size = program.stat().st_size // 1024
        print(f"{program.name:<16} {statistics.median(times):>26.1f} {p95:>7.1f} {cpu:>9.1f} {size:>11} {zip_bytes(program) // 1024:>9}")
    os._exit(0)  # do not wait for handlers that still sleep


if __name__ == "__main__":
    main()
