# `make install` and `make package`: the program finds its libduckdb.so in ../lib/leat, wherever it is installed.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the tests need not be built
install(TARGETS leat RUNTIME DESTINATION bin)
install(FILES ${LEAT_DUCKDB_ROOT}/lib/libduckdb.so DESTINATION lib/leat)
install(FILES ${LEAT_DUCKDB_ROOT}/LICENSE DESTINATION share/doc/leat RENAME LICENSE.duckdb)
install(FILES ${LEAT_CROARING_ROOT}/LICENSE DESTINATION share/doc/leat RENAME LICENSE.croaring)
install(DIRECTORY ${LEAT_DUCKDB_ROOT}/licenses/ DESTINATION share/doc/leat/duckdb)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/NOTICE ${CMAKE_SOURCE_DIR}/README.md
              ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION share/doc/leat)

# What `leat init --template flights` copies into a project.
install(FILES ${CMAKE_SOURCE_DIR}/.deps/data/flights/flights-3m.parquet
              ${CMAKE_SOURCE_DIR}/.deps/data/flights/airports.csv
              ${CMAKE_SOURCE_DIR}/cmake/flights-data.txt
        DESTINATION share/leat/flights)

# The shells' completion scripts are printed by the program itself.
set(LEAT_COMPLETIONS ${CMAKE_BINARY_DIR}/completions)
install(CODE "
  file(MAKE_DIRECTORY ${LEAT_COMPLETIONS})
  foreach(shell bash zsh fish)
    execute_process(COMMAND ${CMAKE_BINARY_DIR}/leat completion \${shell}
                    OUTPUT_FILE ${LEAT_COMPLETIONS}/\${shell} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")
install(FILES ${LEAT_COMPLETIONS}/bash DESTINATION share/bash-completion/completions RENAME leat)
install(FILES ${LEAT_COMPLETIONS}/zsh DESTINATION share/zsh/vendor-completions RENAME _leat)
install(FILES ${LEAT_COMPLETIONS}/fish DESTINATION share/fish/vendor_completions.d RENAME leat.fish)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME leat)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "The whole data lifecycle over Delta Lake tables, in one program")
set(CPACK_PACKAGE_CONTACT "The Leat maintainers <maintainers@leat.example>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${LEAT_DUCKDB_ROOT}/lib)
# Not seen by looking at the program: the system's time zones, and libcurl, which is loaded when it is needed.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata, libcurl4, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libpq5")  # loaded by sources from PostgreSQL
include(CPack)
