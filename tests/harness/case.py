"""Loads one case and runs its steps in a temporary folder."""

import json
import os
import re
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import yaml

from harness import content, expect
from harness.object_store import ObjectStore

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT_TIMEOUT_S = 120
CASE_KEYS = {"description", "template", "env", "needs", "steps"}
STEP_KEYS = {"name", "remove", "mkdir", "write", "copy", "truncate", "symlink", "fifo", "chmod", "touch", "run", "cwd", "env", "stdin",
             "stdout_to", "limits", "signal", "timeout", "within", "exit", "stdout", "stderr", "files"}
# What a case may name under `needs:`, and where it is in a checkout that scripts/setup.sh has set up. Besides there is
# `object_store`: a server for this case, with an empty bucket.
NEEDS = {"flights": ".deps/data/flights"}
OBJECT_STORE = "object_store"
LIMITS = {"file_size_bytes": resource.RLIMIT_FSIZE, "memory_bytes": resource.RLIMIT_AS,
          "open_files": resource.RLIMIT_NOFILE}


class CaseError(Exception):
    """The case itself is wrong."""


class Case(NamedTuple):
    folder: Path
    spec: dict
    node: yaml.Node  # the same document with positions, for --update


def load(folder: Path) -> Case:
    path = folder / "case.yml"
    text = path.read_text(encoding="utf-8")
    try:
        case = Case(folder, yaml.safe_load(text), yaml.compose(text))
    except yaml.YAMLError as error:
        raise CaseError(f"{path}: {error}") from error
    if not isinstance(case.spec, dict) or not case.spec.get("steps"):
        raise CaseError(f"{path}: a case is a map with at least `steps`")
    reject_unknown(path, "the case", case.spec, CASE_KEYS)
    for number, step in enumerate(case.spec["steps"], 1):
        reject_unknown(path, f"step {number}", step, STEP_KEYS)
        for stream in ("stdout", "stderr"):
            if isinstance(step.get(stream), dict):
                reject_unknown(path, f"{stream} of step {number}", step[stream], expect.KEYS)
    if ("template" in case.spec) == (folder / "project").is_dir():
        raise CaseError(f"{path}: a case has either a project/ folder or a `template:` (`none` for an empty folder)")
    return case


def reject_unknown(path: Path, what: str, given: dict, known: set) -> None:
    unknown = set(given) - known
    if unknown:
        raise CaseError(f"{path}: {what} has unknown keys {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")


class Run(NamedTuple):
    """Where a case runs: ${TMP} in commands, contents and expectations is `temporary`."""

    case: Case
    temporary: Path
    project: Path
    leat: Path
    env: dict
    started: datetime

    def substitute(self, value):
        if isinstance(value, str):
            value = value.replace("${TMP}", str(self.temporary)).replace("${CASE}", str(self.case.folder))
            for name in self.case.spec.get("needs", []):
                value = value.replace("${" + name.upper() + "}", self.env[name.upper()])
            return value
        if isinstance(value, list):
            return [self.substitute(item) for item in value]
        if isinstance(value, dict):
            return {self.substitute(key): self.substitute(item) for key, item in value.items()}
        return value


def run(case: Case, temporary: Path, leat: Path, storage: dict) -> tuple:
    """Runs all steps. The failures as text, and (step index, stream, actual text) for every wrong `expect:`.

    `storage` are variables that put the tables elsewhere; empty: where the case has them.
    """
    temporary = temporary.resolve()
    if OBJECT_STORE not in case.spec.get("needs", []):
        return run_steps(case, temporary, leat, storage)
    with ObjectStore(temporary) as store:
        return run_steps(case, temporary, leat, {**store.env(), "OBJECT_STORE": store.make_bucket("bucket")})


def run_steps(case: Case, temporary: Path, leat: Path, storage: dict) -> tuple:
    project = temporary / "project"
    (temporary / "home").mkdir()
    env = {"PATH": f"{temporary}/bin:{os.environ['PATH']}", "HOME": f"{temporary}/home", "TMPDIR": str(temporary),
           "TZ": "UTC", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **storage}
    for name in case.spec.get("needs", []):
        if name == OBJECT_STORE:
            continue
        if name not in NEEDS or not (ROOT / NEEDS[name]).exists():
            raise CaseError(f"{case.folder}: needs '{name}', known are {OBJECT_STORE}, {', '.join(NEEDS)}; "
                            "run scripts/setup.sh")
        env[name.upper()] = str(ROOT / NEEDS[name])
    (temporary / "bin").mkdir()
    (temporary / "bin/leat").symlink_to(leat)
    context = Run(case, temporary, project, leat, env, datetime.now(timezone.utc))
    env.update({key: str(value) for key, value in context.substitute(case.spec.get("env", {})).items()})

    failures, edits = [], []
    make_project(context)
    for index, step in enumerate(case.spec["steps"]):
        found, wrong = run_step(context, index, step)
        failures += found
        edits += wrong
        if found and not wrong:
            break  # later steps build on this one
    return failures, edits


def make_project(context: Run) -> None:
    template = context.case.spec.get("template")
    if template is None:
        shutil.copytree(context.case.folder / "project", context.project, symlinks=True)
    elif template == "none":
        context.project.mkdir()
    else:
        result = subprocess.run([context.leat, "init", "--template", template, str(context.project)], env=context.env,
                                cwd=context.temporary, capture_output=True, text=True, timeout=DEFAULT_TIMEOUT_S)
        if result.returncode != 0:
            raise CaseError(f"leat init --template {template} exited with {result.returncode}:\n{result.stderr}")


def run_step(context: Run, index: int, step: dict) -> tuple:
    content.prepare(context.project, context.case.folder, context.substitute(
        {key: step[key] for key in content.ACTIONS if key in step}))
    if "run" not in step:
        return describe(index, step, check_files(context, step)), []
    result = execute(context, step)
    found, edits = [], []
    if result.code != step.get("exit", 0):
        found.append(f"exit code {result.code}, expected {step.get('exit', 0)}")
    if "within" in step and result.seconds > step["within"]:
        found.append(f"took {result.seconds:.2f} s, at most {step['within']} s allowed")
    for stream, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        if stream not in step:
            continue
        text = expect.normalise(text, context.temporary, context.case.folder, context.started)
        expected = step[stream] if isinstance(step[stream], dict) else {"expect": step[stream]}
        differences = expect.compare(expected, text)
        found += [f"{stream}: {difference}" for difference in differences]
        if "expect" in expected and expected["expect"] != text:
            edits.append((index, stream, text))
    found += check_files(context, step)
    if found:
        for stream, text in (("stdout", result.stdout), ("stderr", result.stderr)):
            if text and not any(f.startswith(f"{stream}: differs") for f in found):
                found.append(f"{stream} was:\n" + indent(expect.shorten(text)))
    return describe(index, step, found), edits


def describe(index: int, step: dict, found: list) -> list:
    if not found:
        return []
    command = step.get("run", "(files)")
    title = step.get("name", command if isinstance(command, str) else shlex.join(command))
    return [f"  step {index + 1}: {title}"] + [indent(line) for line in found]


def indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


class Outcome(NamedTuple):
    code: int
    stdout: str
    stderr: str
    seconds: float


def execute(context: Run, step: dict) -> Outcome:
    command = step["run"]
    argv = context.substitute(shlex.split(command) if isinstance(command, str) else command)
    if argv[0] != "leat":
        raise CaseError(f"{context.case.folder}: steps run leat, not '{argv[0]}'")
    argv = [str(context.leat)] + [str(word) for word in argv[1:]]
    env = {**context.env, **{k: str(v) for k, v in context.substitute(step.get("env", {})).items()}}
    unknown = set(step.get("limits", {})) - set(LIMITS)
    if unknown:
        raise CaseError(f"{context.case.folder}: unknown limits {unknown}; known: {', '.join(LIMITS)}")

    def prepare() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it is ignored when the tests themselves run under nohup
        for name, value in step.get("limits", {}).items():
            resource.setrlimit(LIMITS[name], (value, value))
        if "file_size_bytes" in step.get("limits", {}):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that write() fails with EFBIG, as on a full disk

    with open(step.get("stdout_to", os.devnull), "wb") as elsewhere:
        process = subprocess.Popen(argv, cwd=context.project / context.substitute(step.get("cwd", ".")), env=env,
                                   stdin=subprocess.PIPE if "stdin" in step else subprocess.DEVNULL,
                                   stdout=elsewhere if "stdout_to" in step else subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=prepare, start_new_session=True)
    started = time.monotonic()
    if "signal" in step:
        started = send_signal(process, step["signal"])
    stdin = context.substitute(step["stdin"]).encode() if "stdin" in step else None
    try:
        out, err = process.communicate(stdin, timeout=step.get("timeout", DEFAULT_TIMEOUT_S))
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += f"\nkilled after {step.get('timeout', DEFAULT_TIMEOUT_S)} s\n".encode()
        code = -signal.SIGKILL
    out = out or b""  # None: it went elsewhere
    return Outcome(code, out.decode("utf-8", "backslashreplace"), err.decode("utf-8", "backslashreplace"),
                   time.monotonic() - started)


def send_signal(process: subprocess.Popen, spec: dict) -> float:
    """Waits `after_ms`, sends the signal, and returns when: `within` then counts from here."""
    reject_unknown(Path("case.yml"), "signal", spec, {"name", "after_ms"})
    try:
        process.wait(timeout=spec["after_ms"] / 1000)
    except subprocess.TimeoutExpired:
        process.send_signal(getattr(signal, "SIG" + spec["name"]))
    return time.monotonic()


def check_files(context: Run, step: dict) -> list:
    found = []
    for name, expected in context.substitute(step.get("files", {})).items():
        path = context.project / name
        if expected is None or expected is False:
            if path.exists():
                found.append(f"file {name} exists, expected none")
        elif not path.exists():
            found.append(f"file {name} is missing")
        elif expected is not True:
            text = path.read_text(encoding="utf-8", errors="backslashreplace")
            text = expect.normalise(text, context.temporary, context.case.folder, context.started)
            wanted = expected if isinstance(expected, dict) else {"expect": expected}
            found += [f"file {name}: {difference}" for difference in expect.compare(wanted, text)]
    return found


def make_removable(folder: str) -> None:
    """Undoes `chmod:` steps so that the temporary folder can be deleted."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            target = os.path.join(path, name)
            if not os.path.islink(target):
                os.chmod(target, stat.S_IRWXU)
