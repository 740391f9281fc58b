"""Faults that are known: listed with their reason, so that others are noticed, and those that are gone, too."""

import fnmatch
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Known:
    """`where` is a pattern of group names, `what` a part of the fault's text."""

    where: str
    what: str
    reason: str
    found: int = 0


class KnownFaults:
    """Of a file of lines "where | what | reason"."""

    def __init__(self, path: Path):
        lines = path.read_text().splitlines() if path.exists() else []
        self.known = [Known(*(part.strip() for part in line.split(" | ", 2))) for line in lines if line and not line.startswith("#")]

    def has(self, where: str, fault: str) -> bool:
        mine = [one for one in self.known if fnmatch.fnmatch(where, one.where) and one.what in fault]
        for one in mine:
            one.found += 1
        return bool(mine)

    def gone(self, ran: set) -> list:
        """What was not met although groups of its kind ran."""
        return [one for one in self.known if not one.found and any(fnmatch.fnmatch(name, one.where) for name in ran)]

    def count(self) -> int:
        return sum(one.found for one in self.known)
