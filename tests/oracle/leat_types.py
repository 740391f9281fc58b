"""Types as Leat writes them, parsed into small trees, with their Arrow counterparts."""

import re
from dataclasses import dataclass

INTEGER_BITS = {"byte": 8, "short": 16, "int": 32, "bigint": 64}
LEAT_NAMES = {"byte": "tinyint", "short": "smallint", "int": "integer"}


@dataclass(frozen=True)
class Type:
    """`kind` is a scalar's name, or list, struct, map; `children` are (name, Type); decimals have precision and scale."""

    kind: str
    children: tuple = ()
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.kind == "list":
            return f"{self.children[0][1]}[]"
        if self.kind == "struct":
            return "struct(" + ", ".join(f"{name} {child}" for name, child in self.children) + ")"
        if self.kind == "map":
            return f"map({self.children[0][1]}, {self.children[1][1]})"
        return LEAT_NAMES.get(self.kind, self.kind)

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "_", str(self)).strip("_")


def scalar(kind: str) -> Type:
    return Type(kind)


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", precision=precision, scale=scale)


def list_of(element: Type) -> Type:
    return Type("list", (("element", element),))


def struct_of(**fields: Type) -> Type:
    return Type("struct", tuple(fields.items()))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (("key", key), ("value", value)))


BOOLEAN, BYTE, SHORT, INT, BIGINT = (scalar(kind) for kind in ("boolean", "byte", "short", "int", "bigint"))
FLOAT, DOUBLE, STRING, BINARY = (scalar(kind) for kind in ("float", "double", "string", "binary"))
DATE, TIMESTAMP = scalar("date"), scalar("timestamp")
SCALARS = [BOOLEAN, BYTE, SHORT, INT, BIGINT, decimal(12, 2), decimal(38, 0), decimal(38, 38), decimal(18, 9), FLOAT, DOUBLE,
           STRING, BINARY, DATE, TIMESTAMP]
