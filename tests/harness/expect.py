"""Compares what came out with what a case expects, after names that differ from run to run are replaced."""

import difflib
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

KEYS = {"expect", "contains", "lacks", "matches", "json", "empty"}
MAX_SHOWN_BYTES = 6000

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?(Z|\+00(?::?00)?)?")
DURATION = re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s)\b(?!/)")
DURATION_KEY = re.compile(r'("\w*(?:duration|elapsed)\w*"\s*:\s*)\d+(?:\.\d+)?')
# In a `json:` expectation: any value.
ANY = "<any>"


def normalise(text: str, temporary: Path, case: Path, started: datetime) -> str:
    """${TMP}, ${CASE}, <uuid>, <duration>, and <time> for instants that are readings of the clock during this run.

    Times in the data, which lie elsewhere, stay as they are.
    """

    def replace_time(match: re.Match) -> str:
        try:
            instant = datetime.fromisoformat(f"{match.group(1)}T{match.group(2)}+00:00")
        except ValueError:
            return match.group()
        now = datetime.now(timezone.utc)
        margin = timedelta(seconds=2)
        return "<time>" if started - margin <= instant <= now + margin else match.group()

    text = text.replace(str(temporary), "${TMP}").replace(str(case), "${CASE}")
    text = UUID.sub("<uuid>", text)
    text = TIME.sub(replace_time, text)
    text = DURATION_KEY.sub(r'\1"<duration>"', text)
    return DURATION.sub("<duration>", text)


def shorten(text: str) -> str:
    if len(text) <= MAX_SHOWN_BYTES:
        return text
    return text[:MAX_SHOWN_BYTES] + f"\n... ({len(text) - MAX_SHOWN_BYTES} more characters)"


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def compare(expected: dict, text: str) -> list:
    """The differences as text; none when all expectations hold."""
    found = []
    if expected.get("empty") and text:
        found.append("expected nothing")
    if "expect" in expected and expected["expect"] != text:
        diff = difflib.unified_diff(str(expected["expect"]).splitlines(), text.splitlines(), "expected", "actual",
                                    lineterm="")
        found.append("differs\n" + shorten("\n".join(diff)))
    for part in as_list(expected.get("contains", [])):
        if str(part) not in text:
            found.append(f"does not contain {part!r}")
    for part in as_list(expected.get("lacks", [])):
        if str(part) in text:
            found.append(f"contains {part!r}")
    for pattern in as_list(expected.get("matches", [])):
        if not re.search(pattern, text, re.M):
            found.append(f"does not match /{pattern}/")
    if "json" in expected:
        found += compare_json_text(expected["json"], text)
    return found


def compare_json_text(expected, text: str) -> list:
    try:
        actual = json.loads(text)
    except json.JSONDecodeError as error:
        return [f"is no JSON: {error}"]
    return compare_json(expected, actual, "$")


def compare_json(expected, actual, path: str) -> list:
    """`expected` is a subset: maps may have more keys; lists have the same length, or use {any_of: [...]}."""
    if expected == ANY:
        return []
    if isinstance(expected, dict) and set(expected) == {"any_of"}:
        return compare_any_of(expected["any_of"], actual, path)
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key, value in expected.items():
            if key not in actual:
                found.append(f"{path}.{key} is missing; there are {', '.join(actual)}")
            else:
                found += compare_json(value, actual[key], f"{path}.{key}")
        return found
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [f"{path} has {len(actual)} items, expected {len(expected)}"]
        return [difference for index, (want, have) in enumerate(zip(expected, actual))
                for difference in compare_json(want, have, f"{path}[{index}]")]
    if isinstance(expected, bool) != isinstance(actual, bool) or expected != actual:
        return [f"{path} is {json.dumps(actual)}, expected {json.dumps(expected)}"]
    return []


def compare_any_of(wanted: list, actual, path: str) -> list:
    """Every wanted item is found somewhere in the list `actual`."""
    if not isinstance(actual, list):
        return [f"{path} is no list"]
    return [f"{path} has no item like {json.dumps(want)}" for want in wanted
            if not any(not compare_json(want, have, path) for have in actual)]
