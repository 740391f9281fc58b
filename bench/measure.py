"""Runs a command as a whole process tree and measures it: wall and CPU seconds, peak memory."""
import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

RUNS = int(os.environ.get("RUNS", "3"))
TIMEOUT = float(os.environ.get("TIMEOUT", "1800"))
SLOW_SECONDS = 120.0  # a command that takes longer is run once, without a warm-up
SAMPLE_SECONDS = 0.2  # shorter runs are not disturbed: what the kernel says at their end is enough
QUICK_RUNS, QUICK_SECONDS = 15, 3.0  # so many runs as well of what takes no more in all
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Failed(Exception):
    """The command did not end well; the text says how."""


def tree(root):
    """The process and all its descendants."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def usage_of(pids):
    """Resident MiB and CPU seconds of the processes, all in all."""
    resident, cpu = 0.0, 0.0
    for pid in pids:
        try:
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        cpu += (int(fields[11]) + int(fields[12])) / TICKS
    return resident, cpu


def run_once(command, **options):
    """One run: its figures, and the last line that it printed."""
    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    peak, cpu, ended = [0.0], [0.0], threading.Event()

    def watch():
        while not ended.wait(SAMPLE_SECONDS):
            resident, used = usage_of(tree(process.pid))
            peak[0], cpu[0] = max(peak[0], resident), max(cpu[0], used)
            if time.monotonic() - begin > TIMEOUT:
                process.kill()
                return

    errors = []
    watcher = threading.Thread(target=watch)
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    watcher.start(), reader.start()
    output = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    ended.set()
    watcher.join()
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if wall > TIMEOUT:
        raise Failed(f"not finished after {TIMEOUT:.0f} s")
    if code != 0:
        lines = errors[0].decode(errors="replace").strip().splitlines() or ["no message"]
        raise Failed(f"exit code {code}: {lines[-1][:200]}")
    lines = output.decode(errors="replace").strip().splitlines()
    return {"wall_s": wall, "cpu_s": max(cpu[0], usage.ru_utime + usage.ru_stime),
            "peak_mib": max(peak[0], usage.ru_maxrss / 1024)}, lines[-1] if lines else ""


def measure(command, prepare=None, **options):
    """Medians of RUNS runs or more after a warm-up, the peak of all, the last line; {"failed": reason} if it fails."""
    figures, last, is_warm = [], "", False

    def total():
        return sum(figure["wall_s"] for figure in figures)

    try:
        while len(figures) < RUNS or (len(figures) < QUICK_RUNS and total() < QUICK_SECONDS):
            if prepare:
                prepare()
            figure, last = run_once(command, **options)
            is_slow = figure["wall_s"] > SLOW_SECONDS
            if is_warm or is_slow:
                figures.append(figure)
            is_warm = True
            if is_slow:
                break
    except Failed as reason:
        return {"failed": str(reason)}
    return {"wall_s": statistics.median(f["wall_s"] for f in figures), "best_s": min(f["wall_s"] for f in figures),
            "cpu_s": statistics.median(f["cpu_s"] for f in figures), "peak_mib": max(f["peak_mib"] for f in figures),
            "runs": len(figures), "last_line": last}
