"""The file actions of a step: what is removed, made, written, cut, linked and protected before its command runs."""

import base64
import gzip
import os
import shutil
from pathlib import Path

ACTIONS = ["remove", "mkdir", "write", "copy", "truncate", "symlink", "fifo", "chmod", "touch"]


def encode(spec) -> bytes:
    """The bytes of a `write:` entry: a text, or a map that says how to make them."""
    if isinstance(spec, str):
        return spec.encode("utf-8")
    spec = dict(spec)
    if "base64" in spec:
        data = base64.b64decode(spec.pop("base64"))
    else:
        text = spec.pop("text", "")
        repeated = spec.pop("repeat", "") * spec.pop("times", 0)
        data = (text + repeated + spec.pop("end", "")).encode(spec.pop("encoding", "utf-8"))
    if spec.pop("gzip", False):
        data = gzip.compress(data, mtime=0)
    if spec:
        raise ValueError(f"unknown keys in a written file: {', '.join(spec)}")
    return data


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def prepare(project: Path, case: Path, actions: dict) -> None:
    """Carries out the actions in the order of ACTIONS; paths are relative to the project, sources to the case."""
    for name in actions.get("remove", []):
        remove(project / name)
    for name in actions.get("mkdir", []):
        (project / name).mkdir(parents=True)
    for name, spec in actions.get("write", {}).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(encode(spec))
    for name, source in actions.get("copy", {}).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        if (case / source).is_dir():
            shutil.copytree(case / source, project / name, dirs_exist_ok=True)
        else:
            shutil.copy(case / source, project / name)
    for name, size_bytes in actions.get("truncate", {}).items():
        if not size_bytes < (project / name).stat().st_size:
            raise ValueError(f"{name} has no more than {size_bytes} bytes: there is nothing to cut off")
        os.truncate(project / name, size_bytes)
    for name, target in actions.get("symlink", {}).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).symlink_to(target)
    for name in actions.get("fifo", []):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(project / name)
    for name, mode in actions.get("chmod", {}).items():
        os.chmod(project / name, int(str(mode), 8))
    for name, seconds in actions.get("touch", {}).items():
        os.utime(project / name, (seconds, seconds))
