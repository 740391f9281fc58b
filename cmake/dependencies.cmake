# Debian packages (scripts/setup.sh installs them) and the pinned DuckDB and CRoaring below .deps/.
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(date REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(EXPAT REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
# Only its header: the library is loaded when a connection to PostgreSQL is first opened.
find_path(LEAT_LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
if(LEAT_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()

set(LEAT_DUCKDB_ROOT ${CMAKE_SOURCE_DIR}/.deps/duckdb-1.5.5)
if(NOT EXISTS ${LEAT_DUCKDB_ROOT}/lib/libduckdb.so)
  message(FATAL_ERROR "DuckDB is missing below .deps/: run scripts/setup.sh (or make build)")
endif()
add_library(leat_duckdb SHARED IMPORTED)
set_target_properties(leat_duckdb PROPERTIES
  IMPORTED_LOCATION ${LEAT_DUCKDB_ROOT}/lib/libduckdb.so
  IMPORTED_NO_SONAME TRUE
  INTERFACE_INCLUDE_DIRECTORIES ${LEAT_DUCKDB_ROOT}/include)

set(LEAT_CROARING_ROOT ${CMAKE_SOURCE_DIR}/.deps/croaring-5.2.2)
if(NOT EXISTS ${LEAT_CROARING_ROOT}/roaring.c)
  message(FATAL_ERROR "CRoaring is missing below .deps/: run scripts/setup.sh (or make build)")
endif()
add_library(leat_croaring STATIC ${LEAT_CROARING_ROOT}/roaring.c)
target_include_directories(leat_croaring SYSTEM PUBLIC ${LEAT_CROARING_ROOT})
target_compile_options(leat_croaring PRIVATE -w)  # not ours to mend

# The S3 server of the tests.
set(LEAT_VERSITYGW ${CMAKE_SOURCE_DIR}/.deps/versitygw-1.8.0/versitygw)
