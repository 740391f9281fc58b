#!/usr/bin/env python3
"""Proves that the oracles of the proofs of exactness tell right from wrong: known values, and faults planted into what was stored."""

import sys
import unittest
from fractions import Fraction
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.corpora import csv_oracle  # noqa: E402
from tests.oracle import arrow, convert, leat_types as t  # noqa: E402
from tests.oracle.project import Rejected  # noqa: E402
from tests.pollute.clean import Dialect, Record, Table  # noqa: E402
from tests.pollute.file import Polluted, written  # noqa: E402
from tests.pollute.judge import judge  # noqa: E402

DAY = 86_400_000_000


def stored(rows: list, positions: list) -> pa.Table:
    columns = {f"c{index}": pa.array([row[index] for row in rows]) for index in range(len(rows[0]))} if rows else {}
    return pa.table({**columns, "_leat_position": pa.array(positions, pa.int64())})


class ConvertTest(unittest.TestCase):
    def test_texts_are_worth_their_exact_value_or_nothing(self):
        known = [("1e3", t.INT, 1000), ("1000.0", t.SHORT, 1000), ("-0", t.INT, 0), ("007", t.INT, 7), (" 42 ", t.BIGINT, 42), ("0.10", t.DOUBLE, 0.1),
                 ("0.10000000000000001", t.DOUBLE, 0.1), ("9999999999.990", t.decimal(12, 2), Fraction(999999999999, 100)), ("1e-38", t.decimal(38, 38), Fraction(1, 10**38)),
                 ("2024-02-29", t.DATE, ("date", 19782)), ("0001-01-01", t.DATE, ("date", -719162)), ("9999-12-31", t.DATE, ("date", 2932896)),
                 ("0044-03-15 (BC)", t.DATE, ("date", convert.days_from_civil(-43, 3, 15))), ("1970-01-02T00:00:00+24:00", t.TIMESTAMP, None),
                 ("1970-01-01T01:00:00+01:00", t.TIMESTAMP, ("time", 0)), ("1970-01-01T00:00:00.123456000", t.TIMESTAMP, ("time", 123456)),
                 ("2026-07-27 12:00:00 Asia/Tokyo", t.TIMESTAMP, ("time", 1785121200000000)), ("1970-01-01T24:00:00", t.TIMESTAMP, ("time", DAY))]
        for text, to, value in known:
            with self.subTest(text=text, to=str(to)):
                worth = convert.from_text(text, to)
                self.assertEqual(worth.values != [], value is not None)
                self.assertTrue(value is None or worth.admits(value))
        for text, to in [("1.5", t.INT), ("128", t.BYTE), ("0x10", t.INT), ("1_000", t.INT), ("١", t.INT), ("9007199254740993", t.DOUBLE), ("12345678901234567.89", t.DOUBLE),
                         ("16777217", t.FLOAT), ("1e400", t.DOUBLE), ("1e-400", t.DOUBLE), ("1.005", t.decimal(12, 2)), ("10000000000", t.decimal(12, 2)), ("7", t.BOOLEAN), ("truee", t.BOOLEAN),
                         ("2026-02-30", t.DATE), ("2026-01-06T23:30:00", t.DATE), ("2026-01-06abc", t.DATE), ("2026-01-06T12:00:60", t.TIMESTAMP), ("2026-01-06T12:00:00.1234567", t.TIMESTAMP),
                         ("2026-03-29 02:30:00 Europe/Berlin", t.TIMESTAMP), ("294247-01-10T04:00:54.775808Z", t.TIMESTAMP)]:
            with self.subTest(text=text, to=str(to)):
                self.assertEqual(convert.from_text(text, to).values, [])

    def test_json_is_read_from_its_own_text(self):
        whole = t.struct_of(a=t.decimal(20, 2), b=t.list_of(t.INT))
        token = convert.parse_json('{"a":12345678901234567.89,"b":[1,null]}')
        self.assertTrue(convert.from_json(token, whole).admits(("struct", (("a", Fraction(1234567890123456789, 100)), ("b", (1, None))))))
        for text in ['{"a":0.005}', '{"a":1,"a":1}', '{"a":1,"A":1}', '{"b":[1.5]}', '{"b":1}', '{"c":1}', "[]"]:
            self.assertEqual(convert.from_json(convert.parse_json(text), whole).values, [], text)
        self.assertIsNone(convert.parse_json("[NaN]"))
        self.assertTrue(convert.is_faithful_json(convert.parse_json("1e400"), "1e400"))
        self.assertFalse(convert.is_faithful_json(convert.parse_json("1e400"), float("inf")))
        self.assertFalse(convert.is_faithful_json(convert.parse_json('{"a":1}'), ("struct", ())))

    def test_arrow_values_of_other_types(self):
        self.assertEqual(arrow.canonical(pa.array([[1], None, []])), [(1,), None, ()])
        self.assertEqual(arrow.canonical(pa.array([[("a", 1)], None, [("b", 2)]], pa.map_(pa.string(), pa.int64())).slice(1)), [None, (("b", 2),)])
        self.assertTrue(arrow.from_value(0.1, pa.float64(), t.decimal(12, 2)).admits(Fraction(1, 10)))
        self.assertEqual(arrow.from_value(0.1, pa.float64(), t.FLOAT).values, [])
        self.assertEqual(arrow.from_value(2**53 + 1, pa.int64(), t.DOUBLE).values, [])
        self.assertEqual(arrow.from_value(("nanoseconds", 1), pa.timestamp("ns"), t.TIMESTAMP).values, [])
        self.assertEqual(arrow.from_value(7, pa.int32(), t.BOOLEAN).values, [])


class PolluteTest(unittest.TestCase):
    def setUp(self):
        table = Table(["id", "a"], ["bigint", "string"], [["1", "x"], ["2", "y"], ["3", None]])
        self.file = Polluted("planted", table, written(table, Dialect()), told={"delimiter": ","})
        self.rows, self.positions = [[1, "x"], [2, "y"], [3, None]], [5, 9, 13]

    def outcome(self, rows: list, positions: list, rejected: list) -> str:
        return judge(self.file, stored(rows, positions), rejected, None, None, True).outcome

    def test_right_rows_are_exact(self):
        self.assertEqual(self.outcome(self.rows, self.positions, []), "exact")

    def test_a_rejected_row_is_quarantined(self):
        self.assertEqual(self.outcome(self.rows[1:], self.positions[1:], [Rejected("f", 5, "1,x", "a", "no")]), "quarantined")

    def test_planted_faults_are_found(self):
        self.assertEqual(self.outcome([[1, "x"], [2, None], [3, None]], self.positions, []), "wrong")
        self.assertEqual(self.outcome([[1, "x"], [2, "y"], [3, "y"]], self.positions, []), "wrong")
        self.assertEqual(self.outcome(self.rows[1:], self.positions[1:], []), "lost")
        self.assertEqual(self.outcome(self.rows, [5, 9, 14], []), "lost")
        self.assertEqual(self.outcome(self.rows, self.positions, [Rejected("f", 9, "2,y", "", "no")]), "wrong")
        self.assertEqual(self.outcome(self.rows[1:], self.positions[1:], [Rejected("f", 5, "1,x", "a", "")]), "unclear")

    def test_a_row_of_another_width_is_not_to_be_stored(self):
        self.file.records[2] = Record(["2", "y", None], "bad", "2,y,\n")
        self.assertEqual(self.outcome(self.rows, [5, 9, 14], []), "wrong")

    def test_a_refusal_that_stored_rows_is_wrong(self):
        self.assertEqual(judge(self.file, stored(self.rows, self.positions), [], "no", None, True).outcome, "wrong")


class CsvOracleTest(unittest.TestCase):
    def test_the_dialect_that_explains_the_rows_is_found(self):
        content = b"id;a\n1;'x;y'\n2;z\n"
        self.assertEqual(csv_oracle.judge(content, [(5, [1, "x;y"]), (13, [2, "z"])], []).outcome, "exact")
        self.assertEqual(csv_oracle.judge(content, [(5, [1, "x"]), (13, [2, "z"])], []).outcome, "wrong")
        self.assertEqual(csv_oracle.judge(content, [(5, [1, "x;y"])], []).outcome, "lost")
        self.assertEqual(csv_oracle.judge(content, [(5, [1, "x;y"])], [Rejected("f", 13, "2;z", "", "no")]).outcome, "quarantined")

    def test_a_column_of_days_has_one_order(self):
        content = b"d\n01/02/2026\n31/01/2026\n"
        days = [("date", convert.days_from_civil(2026, 2, 1)), ("date", convert.days_from_civil(2026, 1, 31))]
        self.assertEqual(csv_oracle.judge(content, [(2, [days[0]]), (13, [days[1]])], []).outcome, "exact")
        self.assertEqual(csv_oracle.judge(content, [(2, [("date", convert.days_from_civil(2026, 1, 2))]), (13, [days[1]])], []).outcome, "wrong")


if __name__ == "__main__":
    unittest.main()
