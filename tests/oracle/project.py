"""A project in a temporary folder that the real program runs, and what its tables then hold."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import deltalake
import yaml

from . import arrow

ROOT = Path(__file__).resolve().parents[2]
# A run that takes longer hangs.
RUN_SECONDS = 60


@dataclass
class Outcome:
    """What `leat run` said: by asset its status and error, and the exit code."""

    code: int
    statuses: dict
    errors: dict
    stderr: str
    seconds: float

    @property
    def crashed(self) -> bool:
        return self.code not in (0, 1, 2) or "mistake in Leat" in self.stderr


@dataclass
class Rejected:
    """A row of a quarantine table."""

    source: str
    position: int | None
    raw: str
    column: str
    error: str
    run_id: str = field(default="", repr=False)


class Project:
    """`with Project(leat) as project:` makes the folder, and removes it unless `keep`."""

    def __init__(self, leat: Path, keep: bool = False):
        self.leat, self.keep = leat, keep
        self.path = Path(tempfile.mkdtemp(prefix="leat-exact-"))
        self.write("leat.yml", "name: exact\nstorage: ./lake\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.keep:
            print(f"kept: {self.path}", flush=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def write(self, path: str, content: str | bytes) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def source(self, name: str, **keys) -> None:
        """assets/bronze/NAME.yml; its files are those in landing/NAME unless `from` says otherwise."""
        definition = {"type": "source", "retry": 1, **keys}
        definition["from"] = {"file": f"landing/{name}/*", **definition.get("from", {})}
        self.write(f"assets/bronze/{name}.yml", yaml.safe_dump(definition, sort_keys=False, allow_unicode=True))

    def leat_command(self, *words: str, check: bool = False) -> subprocess.CompletedProcess:
        # The address of the environment's proxies and secrets is nothing that the program needs.
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path), "TMPDIR": str(self.path), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        return subprocess.run([self.leat, *words], cwd=self.path, env=env, capture_output=True, text=True, errors="replace",
                              check=check, timeout=RUN_SECONDS, stdin=subprocess.DEVNULL)

    def run(self, *words: str) -> Outcome:
        begun = time.monotonic()
        try:
            done = self.leat_command("run", "-o", "json", "-j", "2", *words)
        except subprocess.TimeoutExpired:
            return Outcome(-1, {}, {}, f"no end within {RUN_SECONDS} seconds", RUN_SECONDS)
        try:
            tasks = json.loads(done.stdout).get("tasks", [])
        except ValueError:
            tasks = []
        return Outcome(done.returncode, {task["asset"]: task["status"] for task in tasks},
                       {task["asset"]: error_text(task) for task in tasks if task["status"] != "succeeded"},
                       done.stderr, time.monotonic() - begun)

    def table(self, asset: str):
        """The asset's table as Arrow, or None where there is none."""
        folder = self.path / "lake" / asset.replace(".", "/", 1)
        if not (folder / "_delta_log").exists():
            return None
        return deltalake.DeltaTable(str(folder)).to_pyarrow_table()

    def quarantine(self, asset: str) -> list[Rejected]:
        table = self.table(asset + "_quarantine")
        if table is None:
            return []
        names = ["source", "position", "raw", "column_name", "error", "run_id"]
        return [Rejected(*row) for row in zip(*(arrow.canonical(table.column(name)) for name in names))]


def error_text(task: dict) -> str:
    error = task.get("error") or ""
    return error.get("message", str(error)) if isinstance(error, dict) else str(error)
