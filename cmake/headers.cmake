# Precompiled headers: what most files include, and what is slow to read. They are read once per build instead of once
# per file. Files include what they use all the same: scripts/lint.py checks it, and -DLEAT_PRECOMPILE=OFF proves it.
option(LEAT_PRECOMPILE "Precompile the headers of the libraries" ON)

if(LEAT_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # The first lets ccache see through them. The others are said of the insides of std::string, wrongly
  # (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105329), where its header is precompiled.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>
                      $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds> $<$<COMPILE_LANGUAGE:CXX>:-Wno-stringop-overflow>)
endif()

# Nothing of src/ belongs here: a change to it would compile everything again.
set(LEAT_COMMON_HEADERS <algorithm> <array> <charconv> <cstdint> <functional> <map> <memory> <mutex> <optional> <set>
    <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
set(LEAT_TEST_HEADERS ${LEAT_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
set(LEAT_COMMAND_HEADERS ${LEAT_COMMON_HEADERS} <nlohmann/json.hpp>)
set(LEAT_DUCKDB_HEADERS ${LEAT_COMMON_HEADERS} <duckdb.hpp>)

# leat_headers(name LIBRARIES external... HEADERS header... OPTIONS option...): a set that leat_precompile takes.
function(leat_headers name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;HEADERS;OPTIONS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/generated/${name}.cc)
  if(NOT EXISTS ${source})
    file(WRITE ${source} "// CMake precompiles headers for a target, and a target has a source.\n")
  endif()
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# leat_precompile(target name): compiles the target's files with the headers of that set.
function(leat_precompile target name)
  get_target_property(type ${target} TYPE)
  if(LEAT_PRECOMPILE AND NOT type STREQUAL INTERFACE_LIBRARY)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# leat_test_options(target): tests are not optimized, which takes the compiler longer than reading them. What they test
# is, as it is in the program.
function(leat_test_options target)
  target_compile_options(${target} PRIVATE -O0)
endfunction()

# leat_command_options(target): commands parse their options and print what others have found; a fifth of the compiler's
# time is worth more there than its optimizer.
function(leat_command_options target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
endfunction()

if(LEAT_PRECOMPILE)
  leat_headers(leat_common_headers LIBRARIES fmt::fmt HEADERS ${LEAT_COMMON_HEADERS})
  leat_headers(leat_command_headers LIBRARIES fmt::fmt nlohmann_json::nlohmann_json HEADERS ${LEAT_COMMAND_HEADERS})
  leat_command_options(leat_command_headers)
  leat_headers(leat_duckdb_headers LIBRARIES fmt::fmt leat_duckdb HEADERS ${LEAT_DUCKDB_HEADERS})
  if(LEAT_BUILD_TESTS)
    leat_headers(leat_test_headers LIBRARIES fmt::fmt GTest::gmock HEADERS ${LEAT_TEST_HEADERS} OPTIONS -fPIE)
    leat_test_options(leat_test_headers)
  endif()
endif()
