#!/usr/bin/env python3
"""Sources from PostgreSQL, by the real program against a real server: every value, increments, changes of shape, faults.

    tests/postgres/run.py --leat build/release/leat [-k NAME]
"""
import argparse
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from server import Server, free_port

ENDS_WITHIN_S = 2.0


class Failure(Exception):
    """What was promised is not so."""


def expect(is_so, what):
    if not is_so:
        raise Failure(what)


class Project:
    """A project folder with one connection, `db`."""

    def __init__(self, leat, server, in_database, **options):
        self.leat = leat
        self.folder = Path(tempfile.mkdtemp(prefix="leat-postgres-project-"))
        settings = {"type": "postgres", "host": "127.0.0.1", "port": server.port, "database": in_database, "user": "leat", "password": "${PW}",
                    **options}
        self.write("leat.yml", "name: t\nstorage: ./lake\n")
        self.write("connections.yml", "connections:\n  db: " + json.dumps(settings) + "\n")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def source(self, name, table, more=""):
        self.write(f"assets/bronze/{name}.yml", f"type: source\nfrom: {{connection: db, table: {json.dumps(table)}}}\n{more}")

    def start(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PW": "secret", "NO_COLOR": "1"}
        return subprocess.Popen([self.leat, "-C", self.folder, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment)

    def run(self, *arguments, exit_code=0):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        expect(process.returncode == exit_code, f"leat {' '.join(arguments)} ended with {process.returncode}, not {exit_code}:\n{out}{err}")
        expect("secret" not in out + err, f"the password is printed:\n{out}{err}")
        return out, out + err

    def load(self, name):
        out, _ = self.run("run", "-s", f"bronze.{name}", "-o", "json")
        return json.loads(out)["tasks"][0]

    def rows(self, sql):
        return list(csv.reader(io.StringIO(self.run("query", sql, "-o", "csv")[0])))[1:]

    def files(self):
        return sorted(path.name for path in self.folder.glob("lake/bronze/*/*.parquet"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def values(project, server, database):
    """Each type of PostgreSQL: what is stored is what the server prints, or the row is in quarantine with the reason."""
    server.sql("""
create type mood as enum ('sad', 'it''s ok');
create domain price as numeric(10,2) check (value >= 0);
create type pair as (a int, b text);
create table v (id int primary key, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(12,2),
  n38 numeric(38,1), nbig numeric(60,10), nneg numeric(5,-2), t text, vc varchar(20), c char(4), by bytea, d date, ts timestamp, tz timestamptz,
  tm time, ttz timetz, iv interval, u uuid, j json, jb jsonb, m mood, p price, pr pair, a int[], aa text[], r int4range, ip inet, mac macaddr,
  x xml, o oid, mo money, bt bit(4), pt point, g int generated always as (i4 / 2) stored, "Mixed ""Case" int);
insert into v values (1, true, -32768, -2147483648, -9223372036854775808, 'NaN', '-Infinity', 'NaN', -0.01, 9999999999999999999999999999999999999.9,
  12345678901234567890123456789012345678901234567890.0123456789, 12300, E'tab\\t "q" \\\\ \\n', 'ü', 'ab', '\\x00ff', '0001-01-01', '0001-01-01',
  '0001-01-01 00:00:00+00', '24:00', '12:34:56.789+05:30', '-1 year 2 mons -3 days 04:05:06.789', '00000000-0000-0000-0000-000000000000',
  '{"b":1,"a":[1.50]}', '{"b":1,"a":[1.50]}', 'it''s ok', 0.10, row(1, 'x,y'), '{1,NULL,3}', '{{"a b",c}}', '[1,5)', '::1/64', '08:00:2b:01:02:03',
  '<a/>', 4294967295, 12.34, B'0101', '(1,2)', default, 7);
insert into v (id, i2, i4, i8, f4, f8, n, n2, n38, t, d, ts, tz) values (2, 32767, 2147483647, 9223372036854775807, 1.17549435e-38, 5e-324,
  1e-20, 9999999999.99, 0.1, '', '9999-12-31', '9999-12-31 23:59:59.999999', '2026-03-29 02:30:00+02');
insert into v (id) values (3);
""", database)
    project.source("v", "v")
    project.load("v")
    as_text = ("select id, b::text, i2, i4, i8, n, n2, n38, nbig, nneg, t, vc, c, by, d, u, j, jb, m, p, pr, a, aa, r, ip, mac, x, o, mo, bt, pt, g, tm, ttz, "
               '"Mixed ""Case", coalesce(tz::text, \'\') from {} order by id')
    server_rows = server.sql("set timezone = 'UTC'; set intervalstyle = 'iso_8601'; copy (" + as_text.format("v") + ") to stdout (format csv)", database)
    wanted = list(csv.reader(io.StringIO(server_rows)))
    found = project.rows(as_text.format("bronze.v").replace("b::text", "case b when true then 'true' when false then 'false' end")
                         .replace(" by,", " '\\x' || lower(hex(\"by\")),"))
    for theirs, ours in zip(wanted, found, strict=True):
        theirs[-1] = theirs[-1].replace("+00", "")
        ours[-1] = ours[-1].replace("+00", "")
        expect(theirs == ours, f"PostgreSQL has\n{theirs}\nand the table\n{ours}")
    floats = project.rows("select f4::varchar, f8::varchar, iv, ts::varchar from bronze.v order by id")
    expect(floats == [["nan", "-inf", "P-10M-3DT4H5M6.789S", "0001-01-01 00:00:00+00"],
                      ["1.1754944e-38", "5e-324", "", "9999-12-31 23:59:59.999999+00"], ["", "", "", ""]], f"floats: {floats}")
    types = dict(row[:2] for row in project.rows("describe bronze.v"))
    expect(types["n38"] == "DECIMAL(38,1)" and types["nbig"] == "VARCHAR" and types["o"] == "BIGINT" and types["p"] == "DECIMAL(10,2)", f"types: {types}")


def values_without_a_place(project, server, database):
    """What no table can have goes to quarantine, column by column with its reason."""
    server.sql("""
create table odd (id int primary key, n numeric(10,2), d date, ts timestamptz);
insert into odd values (1, 1.5, '2026-01-01', '2026-01-01'), (2, 'NaN', null, null), (3, null, 'infinity', null), (4, null, '0044-03-15 BC', null),
  (5, null, null, '-infinity'), (6, null, '10000-01-01', null), (7, null, null, '294276-12-31');
""", database)
    project.source("odd", "odd")
    _, err = project.run("run", "-s", "bronze.odd", exit_code=1)
    expect("6 of 7 rows cannot be read" in err and "NaN is no value of decimal(10,2)" in err, err)
    project.source("odd", "odd", "error_budget: {rows: 6}\n")
    task = project.load("odd")
    expect((task["rows_written"], task["rows_quarantined"]) == (1, 6), f"{task}")
    errors = [row[0] for row in project.rows("select error from bronze.odd_quarantine order by raw")]
    expect(errors == ["column n: NaN is no value of decimal(10,2)", "column d: infinity is not between the years 1 and 9999",
                      "column d: 0044-03-15 BC is not between the years 1 and 9999", "column ts: -infinity is not between the years 1 and 9999",
                      "column d: 10000-01-01 is not between the years 1 and 9999",
                      "column ts: 294276-12-31 and 0 microseconds is not between the years 1 and 9999"], f"{errors}")


def relations(project, server, database):
    """Large tables in pieces, partitions whose columns stand otherwise, inheritance, views, queries, names in any case."""
    server.sql("""
create table big as select g::bigint as id, 'text ' || g as t from generate_series(1, 600000) g;
create table part (id int, d date, t text) partition by range (d);
create table part1 partition of part for values from ('2026-01-01') to ('2026-02-01');
create table part2 (t text, gone int, d date, id int);
alter table part2 drop column gone;
alter table part attach partition part2 for values from ('2026-02-01') to ('2026-03-01');
create table part3 partition of part for values from ('2026-03-01') to ('2026-04-01');
insert into part select g, date '2026-01-01' + g % 59, 'x' || g from generate_series(1, 1000) g;
create table parent (id int); create table child (more int) inherits (parent);
insert into parent values (1); insert into child values (2, 3);
create view shown as select id, t from part where id <= 10;
create materialized view kept as select * from shown;
create schema "Sales"; create table "Sales"."Order" ("Id" int); insert into "Sales"."Order" values (5);
create table nothing (id int);
""", database)
    for name, table in {"big": "big", "part": "public.part", "parent": "parent", "shown": "shown", "kept": "kept", "cased": "Sales.Order",
                        "quoted": '"Sales"."Order"', "nothing": "nothing"}.items():
        project.source(name, table)
    project.write("assets/bronze/asked.yml", 'type: source\nfrom: {connection: db, query: "select max(id) as top, 1.50 as price from big;"}\n')
    project.run("run", "-q")
    checks = {"select count(*), sum(id), count(distinct id), count(distinct _leat_position) from bronze.big": ["600000", "180000300000", "600000", "600000"],
              "select count(*), sum(id), count(*) filter (t = 'x' || id) from bronze.part": ["1000", "500500", "1000"],
              "select count(*), sum(id) from bronze.parent": ["2", "3"], "select count(*) from bronze.shown": ["10"],
              "select count(*) from bronze.kept": ["10"], 'select "Id" from bronze.cased': ["5"], 'select "Id" from bronze.quoted': ["5"],
              "select count(*) from bronze.nothing": ["0"], "select top, price from bronze.asked": ["600000", "1.50"]}
    for sql, wanted in checks.items():
        found = project.rows(sql)
        expect(found == [wanted], f"{sql}: {found}, not {wanted}")


def increments(project, server, database):
    """Rows behind a cursor, whose last values come again, late and without one: each is there once."""
    server.sql("create table e (id int primary key, at timestamptz, t text); "
               "insert into e select g, timestamptz '2026-01-01' + g * interval '1 minute', 'v1' from generate_series(1, 1000) g", database)
    project.source("merged", "e", "load: merge\nkey: [id]\nincremental: {cursor: at, lag: 10m}\n")
    project.source("appended", "e", "load: append\nincremental: {cursor: id}\n")

    def agrees(changed):
        for name, number in changed.items():
            task = project.load(name)
            expect(task["rows_written"] == number, f"{name}: {task['rows_written']} rows, not {number}")
        theirs = server.sql("select count(*), sum(id), string_agg(t, ',' order by id) from e", database)
        ours = "|".join(project.rows("select count(*), sum(id), string_agg(t, ',' order by id) from bronze.merged")[0])
        expect(theirs == ours, f"PostgreSQL has {theirs[:200]}, the table {ours[:200]}")

    agrees({"merged": 1000, "appended": 1000})
    agrees({"merged": 0, "appended": 0})
    server.sql("update e set t = 'v2', at = '2026-02-01' where id in (5, 6); insert into e values (1001, '2026-02-01', 'same time')", database)
    agrees({"merged": 3, "appended": 1})
    server.sql("insert into e values (1002, '2026-02-01', 'same time, later'), (1003, '2026-01-31 23:51:00+00', 'committed late'), (1004, null, 'no time')",
               database)
    agrees({"merged": 3, "appended": 3})
    agrees({"merged": 0, "appended": 0})
    project.source("merged", "e", "load: merge\nkey: [id]\nincremental: {cursor: t}\n")
    _, err = project.run("run", "-s", "bronze.merged", exit_code=1)
    expect("the table was read from db/e by at, and the source is db/e by t" in err and "--full-refresh" in err, err)
    project.run("run", "-q", "-s", "bronze.merged", "--full-refresh")
    expect(project.rows("select count(*) from bronze.merged") == [["1004"]], "a full refresh reads everything")


def shapes(project, server, database):
    """Columns that come, go and change, by schema_policy."""
    server.sql("create table s (id int primary key, a int); insert into s values (1, 1)", database)
    more = "load: append\nincremental: {cursor: id}\n"
    for policy in ("evolve", "freeze", "discard_value"):
        project.source(policy, "s", more + f"schema_policy: {policy}\n")
    project.run("run", "-q")
    server.sql("alter table s add column b text; insert into s values (2, 2, 'new')", database)
    _, err = project.run("run", exit_code=1)
    expect("new column 'b', and schema_policy is freeze" in err, err)
    expect("bronze.evolve: new column b" in err, err)
    expect("has a column b that the table lacks" in err, err)
    expect(project.rows("select id, a, b from bronze.evolve order by id") == [["1", "1", ""], ["2", "2", "new"]], "evolve takes it")
    expect(project.rows("select * exclude (_leat_run_id, _leat_source, _leat_position, _leat_ingested_at) from bronze.discard_value order by id")
           == [["1", "1"], ["2", "2"]], "discard_value does not")
    server.sql("alter table s drop column a; insert into s values (3, 'only b')", database)
    _, err = project.run("run", "-s", "bronze.evolve")
    expect("the source lacks a" in err, err)
    server.sql("alter table s alter column id type bigint; insert into s values (4, 'wide')", database)
    _, err = project.run("run", "-s", "bronze.evolve", exit_code=1)
    expect("column id has type integer in the table and long" in err and "--full-refresh" in err, err)


def refusals(project, server, database):
    """What is wrong is said with connection, object and remedy, and the exit code is right."""
    server.sql("create table twice (\"A\" int, a int); create table nokey (id int); create role reader login password 'secret'; "
               "create table hidden (id int); revoke all on hidden from public", database)
    cases = [("nosuch", "nosuch", "", 1, ["no table 'nosuch'", "leat connect browse db"]),
             ("twice", "twice", "", 1, ["columns named 'A' and 'a'"]),
             ("nokey", "nokey", "load: append\nincremental: {cursor: id}\n", 1, ["has no primary key", "key: [id]"]),
             ("nocursor", "nokey", "load: append\nkey: [id]\nincremental: {cursor: at}\n", 1, ["has no column 'at' for a cursor"]),
             ("nolag", "nokey", "load: append\nkey: [id]\nincremental: {cursor: id, lag: 1m}\n", 1, ["'lag' is a time", "integer"]),
             ("badkey", "nokey", "load: merge\nkey: [idd]\n", 1, ["has no column 'idd' for a key"]),
             ("typed", "nokey", "columns: {id: {type: date}}\n", 1, ["declared as date, and the source has integer"])]
    for name, table, more, code, texts in cases:
        project.source(name, table, more)
        _, err = project.run("run", "-s", f"bronze.{name}", exit_code=code)
        for text in texts:
            expect(text in err, f"{name}: '{text}' is not in\n{err}")
        (project.folder / f"assets/bronze/{name}.yml").unlink()
    for more, text in [("load: append\n", "needs a cursor"), ("load: merge\n", "needs a key"), ("incremental: {cursor: a}\n", "without 'load'"),
                       ("load: replace\nincremental: {cursor: a}\n", "has no use for 'incremental'")]:
        project.source("wrong", "nokey", more)
        out, err = project.run("validate", exit_code=2)
        expect(text in err and "bronze/wrong.yml:" in err, err)
    project.write("assets/bronze/wrong.yml", "type: source\nfrom: {connection: dbb, table: nokey}\n")
    _, err = project.run("validate", exit_code=2)
    expect("there is no connection 'dbb'" in err and "did you mean 'db'" in err, err)
    (project.folder / "assets/bronze/wrong.yml").unlink()
    for more, text in ((', password: "${NOT_SET_HERE}"', "the environment variable NOT_SET_HERE is not set"),
                       (", password: {env: NOT_SET_HERE}", "the environment variable NOT_SET_HERE is not set")):
        project.write("assets/bronze/unset.yml", "type: source\nfrom: {connection: unset, table: nokey}\n")
        known = (project.folder / "connections.yml").read_text()
        project.write("connections.yml", known + f"  unset: {{type: postgres, host: 127.0.0.1, port: {server.port}, user: leat{more}}}\n")
        _, err = project.run("run", "-s", "bronze.unset", exit_code=2)
        expect("connection 'unset' cannot be used" in err and text in err and "connections.yml:3:" in err, err)
        project.write("connections.yml", known)
    project.write("connections.yml", known + "  unset: {type: mysql, host: h}\n")
    _, err = project.run("validate", exit_code=2)
    expect("sources of type mysql are not available" in err, err)
    project.write("connections.yml", known)
    (project.folder / "assets/bronze/unset.yml").unlink()
    project.source("hidden", "hidden")
    for options, texts in [({"password": "wrong"}, ["password authentication failed", "correct user and password"]),
                           ({"database": "nosuch"}, ["does not exist", "correct database"]),
                           ({"user": "reader"}, ["permission denied", "grant select"]),
                           ({"port": free_port()}, ["Connection refused", "is the server up?"]),
                           ({"sslmode": "require"}, ["SSL", "sslmode"])]:
        other = Project(project.leat, server, database, **options)
        try:
            other.source("hidden", "hidden")
            _, err = other.run("run", "-s", "bronze.hidden", exit_code=1)
            for text in texts:
                expect(text in err, f"{options}: '{text}' is not in\n{err}")
            expect("connection 'db'" in err, err)
        finally:
            other.close()


def faults(project, server, database):
    """The server ends, the connection is cut, the program is stopped or killed: the table is as before, the next run has all rows."""
    server.sql("create table f (id bigint primary key, t text, at timestamptz default now()); "
               "insert into f select g, repeat(md5(g::text), 20) from generate_series(1, 300000) g", database)
    project.source("f", "f", "retry: 1\n")
    expect(project.load("f")["rows_written"] == 300000, "the first load")
    before = project.files()
    slow = "select f.*, pg_sleep(0.0005) from f"
    project.write("assets/bronze/slow.yml", f'type: source\nfrom: {{connection: db, query: "{slow}"}}\nretry: 1\n')
    project.run("validate")

    def during(action, exit_code, within=30.0):
        process = project.start("run", "-s", "bronze.slow")
        time.sleep(1.0)
        begin = time.monotonic()
        action(process)
        _, err = process.communicate(timeout=60)
        took = time.monotonic() - begin
        expect(process.returncode == exit_code, f"ended with {process.returncode}, not {exit_code}:\n{err}")
        expect(took < within, f"ended after {took:.1f} s")
        return err

    err = during(lambda process: process.send_signal(signal.SIGINT), 1, ENDS_WITHIN_S)
    deadline = time.monotonic() + 5
    while server.sql("select count(*) from pg_stat_activity where application_name = 'leat'", database) != "0":
        expect(time.monotonic() < deadline, "a session of the stopped run goes on")
    err = during(lambda _: server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'leat'", database), 1)
    expect("terminating connection" in err and "run again" in err, err)
    err = during(lambda _: (server.stop(at_once=True), server.start()), 1)
    expect("connection 'db'" in err, err)
    expect(project.files() == before, f"files are left: {set(project.files()) - set(before)}")
    during(lambda process: process.kill(), -signal.SIGKILL)
    project.write("assets/bronze/slow.yml", 'type: source\nfrom: {connection: db, table: f}\n')
    expect(project.load("slow")["rows_written"] == 300000, "the next run has all rows")


def snapshot(project, server, database):
    """While others move money, what several connections read is the table of one moment: the sum never changes."""
    server.sql("create table acc (id int primary key, v bigint, filler text); "
               "insert into acc select g, 1000, repeat('x', 400) from generate_series(1, 60000) g", database)
    project.source("acc", "acc")
    moves = ("do $$ declare a int; b int; begin for i in 1..40000 loop a := 1 + (random() * 59999)::int; b := 1 + (random() * 59999)::int; "
             "update acc set v = v - 7 where id = a; update acc set v = v + 7 where id = b; commit; end loop; end $$")
    writer = threading.Thread(target=server.sql, args=(moves, database))
    writer.start()
    seen = set()
    while writer.is_alive() or not seen:
        project.load("acc")
        found = project.rows("select count(*), sum(v), count(distinct id), sum(v * id) from bronze.acc")[0]
        expect(found[:3] == ["60000", "60000000", "60000"], f"a snapshot of no moment: {found}")
        seen.add(found[3])
    writer.join()
    expect(len(seen) > 1, "nobody wrote while it was read")


def command(project, server, database):
    """leat connect: list, test, browse."""
    server.sql("create table shown (id int primary key, name text); insert into shown values (1, 'first'); analyze shown", database)
    out, _ = project.run("connect", "list")
    expect("db" in out and "postgres" in out, out)
    out, _ = project.run("connect", "test")
    expect("PostgreSQL 15" in out and "1 table" in out, out)
    out, _ = project.run("connect", "browse", "db")
    expect("public.shown" in out, out)
    out, _ = project.run("connect", "browse", "db", "public.shown")
    expect("first" in out and "integer" in out, out)
    server.sql('create table "Odd Name" (a int, "b c" text, updated_at timestamptz, primary key (a, "b c")); create view seen as select 1 as x', database)
    out, _ = project.run("init", "--from", "db", "--tables", "public.*")
    expect(out.count("written") == 3, out)
    expect("# incremental: {cursor: updated_at, lag: 10m}" in (project.folder / "assets/bronze/odd_name.yml").read_text(), "a cursor is proposed")
    project.run("validate")
    project.run("run", "-q")
    expect(project.rows("select count(*) from bronze.shown") == [["1"]], "what was written runs")
    out, _ = project.run("init", "--from", "db")
    expect(out.count("is there already") == 3, out)
    _, err = project.run("init", "--from", "db", "--tables", "nosuch.*", exit_code=2)
    expect("no table of 'db' matches nosuch.*" in err, err)
    project.run("init", exit_code=2)
    secrets = project.folder / "secret.txt"
    secrets.write_text("secret\n")
    for password in ({"env": "PW"}, {"file": "secret.txt"}, {"file": str(secrets)}, {"command": f"cat {secrets}"}):
        other = Project(project.leat, server, database, password=password)
        (other.folder / "secret.txt").write_text("secret\n")
        out, _ = other.run("connect", "test", "db")
        expect("ok" in out, out)
        other.close()
    for password, text in (({"file": "none.txt"}, "none.txt"), ({"command": "exit 7"}, "ended with code 7")):
        other = Project(project.leat, server, database, password=password)
        _, err = other.run("connect", "test", "db", exit_code=1)
        expect(text in err and "connection 'db', password" in err, err)
        other.close()
    _, err = project.run("connect", "test", "dbb", exit_code=2)
    expect("there is no connection 'dbb'" in err, err)


SCENARIOS = [values, values_without_a_place, relations, increments, shapes, refusals, faults, snapshot, command]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--leat", type=Path, required=True)
    parser.add_argument("-k", default="", help="only scenarios whose name contains this")
    options = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if options.k in scenario.__name__]
    failed = []
    with Server() as server:
        for scenario in chosen:
            database = scenario.__name__
            server.sql(f"create database {database}")
            project = Project(options.leat.resolve(), server, database)
            begin = time.monotonic()
            try:
                scenario(project, server, database)
                print(f"passed {database} ({time.monotonic() - begin:.1f} s)", flush=True)
            except Failure as failure:
                failed.append(database)
                print(f"FAILED {database}: {failure}", flush=True)
            finally:
                project.close()
    if not chosen:
        sys.exit(f"no scenario is named like {options.k}")
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
