"""Rewrites the `expect:` texts of a case.yml in place; comments and layout of the rest stay."""

import json
from pathlib import Path

import yaml


def rewrite(path: Path, edits: list) -> None:
    """`edits` are (step index, "stdout" or "stderr", new text)."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text)
    replacements = []
    for index, stream, new in edits:
        step = child(root, "steps").value[index]
        node, column = child(step, stream), key_column(step, stream)
        if isinstance(node, yaml.MappingNode):
            node, column = child(node, "expect"), key_column(node, "expect")
        replacements.append((node.start_mark.index, node.end_mark.index, scalar(new, column + 2), node))
    for start, end, new, node in sorted(replacements, key=lambda r: r[0], reverse=True):
        # A block scalar ends at the start of the next key: keep the line break and indentation before that.
        if node.style == "|":
            end = text.rfind("\n", start, end) + 1 if end < len(text) else end
        elif new.startswith("|"):
            new = new.rstrip("\n")
        text = text[:start] + new + text[end:]
    path.write_text(text, encoding="utf-8")


def child(node: yaml.MappingNode, name: str) -> yaml.Node:
    return next(value for key, value in node.value if key.value == name)


def key_column(node: yaml.MappingNode, name: str) -> int:
    return next(key.start_mark.column for key, _ in node.value if key.value == name)


def scalar(text: str, indent: int) -> str:
    """A block scalar where the text can be one, else a quoted one; a block scalar ends with a line break."""
    printable = all(c == "\n" or c == "\t" or c.isprintable() for c in text)
    if not printable or not text.strip():
        return json.dumps(text, ensure_ascii=False) + ("" if not text else "\n")
    chomp = "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
    hint = "2" if text[0] in " \n\t" else ""
    lines = text[:-1].split("\n") if text.endswith("\n") else text.split("\n")
    body = "\n".join(" " * indent + line if line else "" for line in lines)
    return f"|{hint}{chomp}\n{body}\n"
