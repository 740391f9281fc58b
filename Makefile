# Everything a person or CI calls. Each target sets up what it needs: `make test` works from a bare clone.
.DEFAULT_GOAL := build
.PHONY: build configure setup setup-build test test-unit test-projects test-sanitize demo fmt lint tidy bench install package clean help

PREFIX ?= /usr/local
BUILD := build/release
PYTHON := .deps/venv/bin/python
# Compilers at the same time: one per core; ninja alone would start two more, which only costs memory.
JOBS ?= $(shell nproc)
# One at a time, so that `make -j2 test` runs two suites side by side.
NINJA := flock .deps/ninja.lock ninja -j $(JOBS)

# One ccache serves clones in different folders.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

help:  ## this list
	@sed -n 's/^\([a-z%-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

setup:  ## system packages and the pinned dependencies below .deps/, with those of the tests
	@scripts/setup.sh

# What building needs; the rest takes longer than it.
setup-build:
	@scripts/setup.sh build

configure: setup-build
	@test -f $(BUILD)/build.ninja || cmake --preset release

build: configure  ## the program: build/release/leat
	$(NINJA) -C $(BUILD) leat

.PHONY: build-tests
build-tests: setup configure  ## all that the tests run
	$(NINJA) -C $(BUILD) all leat_object_store_writer leat_many_writers

test: test-unit test-projects  ## all tests but the sanitizer runs

test-unit: setup build
	$(NINJA) -C $(BUILD)
	ctest --test-dir $(BUILD) --output-on-failure -j 2

test-projects: setup build
	$(PYTHON) tests/run_projects.py --leat $(BUILD)/leat -j 2

test-sanitize: setup  ## the unit tests but those of cli, generate and monitor with address and undefined-behavior sanitizers, those with threads also with that for threads
	scripts/test_sanitize.sh

demo: build  ## the flights example: from raw files to answers
	@scripts/demo.sh

fmt: setup  ## formats all C++ files in place
	git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-19 -i

lint: setup  ## layers, banned calls, sizes, formatting
	$(PYTHON) scripts/lint.py

tidy: setup configure  ## the lint with clang-tidy; LINT_TIDY=all also for tests and src/engine
	LINT_TIDY=$${LINT_TIDY:-src} $(PYTHON) scripts/lint.py

bench: setup build  ## benchmarks against peers, which it installs; BENCH=name for one
	$(PYTHON) bench/run.py $(BENCH)

bench-%: setup build  ## one of the benchmarks: bench-flights, bench-csv, bench-ndjson, bench-postgres, bench-files, bench-graph, bench-start, bench-delta, bench-merge, bench-tpch
	$(PYTHON) bench/run.py $*

install: build  ## into $(DESTDIR)$(PREFIX)
	cmake --install $(BUILD) --prefix $(PREFIX)

package: setup build  ## build/package/*.deb
	cd $(BUILD) && cpack -G DEB

clean:  ## removes build/, keeps .deps/
	rm -rf build

.PHONY: test-faults test-long
test: test-faults

test-faults: setup build
	$(NINJA) -C $(BUILD) leat_object_store_writer leat_many_writers
	$(PYTHON) tests/faults/object_store_writers.py --leat $(BUILD)/leat
	$(PYTHON) tests/faults/shared_storage.py --leat $(BUILD)/leat
	$(PYTHON) tests/faults/sync_order.py --leat $(BUILD)/leat
	$(PYTHON) tests/faults/kill_sweep.py --leat $(BUILD)/leat
	$(PYTHON) tests/faults/many_writers.py --program $(BUILD)/leat_many_writers
	$(PYTHON) tests/faults/interrupts.py --leat $(BUILD)/leat

test-long: setup build test-includes oracle  ## a fault at every call that changes the disk, many writers, much damage, all cells and thousands of files; half an hour. Results: docs/proofs.md
	$(NINJA) -C $(BUILD) leat_object_store_writer leat_many_writers engine_test
	$(PYTHON) tests/faults/object_store_writers.py --leat $(BUILD)/leat --all
	$(PYTHON) tests/run_projects.py --leat $(BUILD)/leat -j 2 --in-object-store
	$(PYTHON) tests/faults/kill_sweep.py --leat $(BUILD)/leat --all
	$(PYTHON) tests/faults/many_writers.py --program $(BUILD)/leat_many_writers --all
	$(PYTHON) tests/faults/interrupts.py --leat $(BUILD)/leat --times 50 --rows 2000000
	$(ORACLE) tests/matrix/run.py --leat $(BUILD)/leat --all
	$(ORACLE) tests/matrix/grouping.py --leat $(BUILD)/leat --sets 1000
	$(ORACLE) tests/pollute/run.py --leat $(BUILD)/leat --files 6000
	LEAT_DAMAGE_ROUNDS=100 $(BUILD)/engine_test --gtest_filter='*DamageTest*'
	scripts/test_sanitize.sh all
	@echo "test-long passed at commit $$(git rev-parse --short HEAD), $$(date -u +%F)"

.PHONY: test-includes
test-includes: setup  ## a build without precompiled headers: does every file include what it uses?
	@test -f build/includes/build.ninja || cmake -S . -B build/includes -G Ninja -DCMAKE_BUILD_TYPE=Debug \
	  "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0" -DLEAT_PRECOMPILE=OFF
	$(NINJA) -C build/includes

.PHONY: fuzz
FUZZ_SECONDS ?= 20
fuzz: setup  ## the fuzzers, FUZZ_SECONDS (20) seconds each; installs clang
	fuzz/setup.sh
	@test -f build/fuzz/build.ninja || cmake --preset fuzz
	$(NINJA) -C build/fuzz fuzzers
	fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: test-interop setup-interop
setup-interop: setup
	@tests/interop/setup.sh

test: test-interop
test-interop: build setup-interop  ## tables exchanged with delta-rs and Spark, which it installs into .deps/; some four minutes
	.deps/interop-venv/bin/python tests/interop/run.py --leat $(BUILD)/leat

# Proofs of exactness; see docs/proofs.md. They run in the machine's memory where it has a folder for that.
.PHONY: test-matrix test-pollute test-corpora oracle
ORACLE := TMPDIR=$$(test -w /dev/shm && echo /dev/shm || echo $${TMPDIR:-/tmp}) .deps/oracle-venv/bin/python
test: test-matrix test-pollute test-corpora
oracle: setup
	tests/oracle/setup.sh
	.deps/oracle-venv/bin/python tests/oracle/oracle_test.py

test-matrix: build oracle  ## every format, type and boundary value; and the order in which files arrive
	$(ORACLE) tests/matrix/run.py --leat $(BUILD)/leat
	$(ORACLE) tests/matrix/grouping.py --leat $(BUILD)/leat

test-pollute: build oracle  ## dirty CSV files of all kinds
	$(ORACLE) tests/pollute/run.py --leat $(BUILD)/leat

test-corpora: build oracle  ## CSV, JSON and Parquet files of others
	$(ORACLE) tests/corpora/run.py --leat $(BUILD)/leat

.PHONY: test-postgres
test: test-postgres
test-postgres: setup build  ## sources from a real PostgreSQL server, which it starts in a temporary folder
	$(PYTHON) tests/postgres/run.py --leat $(BUILD)/leat

.PHONY: test-round-trip
test: test-round-trip
test-round-trip: build  ## values written by query and export, read by pyarrow, pandas and DuckDB, which it installs into .deps/
	tests/round_trip/setup.sh
	.deps/round-trip-venv/bin/python tests/round_trip/run.py --leat $(BUILD)/leat
