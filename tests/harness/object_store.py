"""An S3 server for tests: versitygw, which scripts/setup.sh builds, over a folder of the disk."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / ".deps/versitygw-1.8.0/versitygw"
ACCESS_KEY = "leat-test"
SECRET_KEY = "leat-test-secret"
READY_SECONDS = 20
PORTS_TRIED = 3  # another program may take a free port first


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class ObjectStore:
    """Runs while it is entered. A bucket is a folder below `data`, an object a file in it."""

    def __init__(self, folder: Path):
        self.data = folder / "store/data"
        self.metadata = folder / "store/metadata"
        self.log = folder / "store/log"
        self.url = ""
        self.process = None

    def __enter__(self) -> "ObjectStore":
        if not PROGRAM.exists():
            raise RuntimeError(f"{PROGRAM} does not exist; run scripts/setup.sh")
        self.data.mkdir(parents=True)
        self.metadata.mkdir()
        for _ in range(PORTS_TRIED):
            self.start(free_port())
            if self.is_ready():
                return self
            self.stop()
        raise RuntimeError(f"the object store does not answer:\n{self.log.read_text()}")

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--port", f"127.0.0.1:{port}", "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--quiet",
                 "--keep-alive", "posix", "--sidecar", self.metadata, self.data],
                stdout=log, stderr=log, preexec_fn=die_with_parent)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def is_ready(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                opener.open(self.url, timeout=1)
                return True
            except urllib.error.HTTPError:
                return True  # it answers, if only to say that nobody has signed in
            except OSError:
                time.sleep(0.05)
        return False

    def make_bucket(self, name: str) -> str:
        """The bucket's address."""
        (self.data / name).mkdir()
        return f"s3://{name}"

    def env(self) -> dict:
        """What a program needs to find it."""
        return {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}
