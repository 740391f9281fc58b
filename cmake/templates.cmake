# Embeds the text files of examples/<template> into the program, for `leat init`.
#
# Included by CMakeLists.txt: makes the library leat_templates of the generated source. Run as a script (cmake -P) it writes that source.
set(LEAT_TEMPLATES flights retail empty)
set(LEAT_TEMPLATE_EXTENSIONS md yml yaml sql csv txt json)

# leat_template_files(folder result): the text files of a template, relative to its folder, sorted.
function(leat_template_files folder result)
  set(all)
  foreach(extension ${LEAT_TEMPLATE_EXTENSIONS})
    if(CMAKE_SCRIPT_MODE_FILE)
      file(GLOB_RECURSE found RELATIVE ${folder} ${folder}/*.${extension})
    else()
      file(GLOB_RECURSE found RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*.${extension})
    endif()
    list(APPEND all ${found})
  endforeach()
  if(EXISTS ${folder}/.gitignore)
    list(APPEND all .gitignore)
  endif()
  # What a project makes when it runs is no part of it.
  list(FILTER all EXCLUDE REGEX "^(lake|\\.leat|landing|expected)/")
  list(SORT all)
  set(${result} ${all} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  set(body "#include \"cli/templates.h\"\n\nnamespace leat::cli {\n\n")
  string(APPEND body "std::vector<TemplateFile> EmbeddedTemplateFiles() {\n  return {\n")
  foreach(template ${LEAT_TEMPLATES})
    leat_template_files(${EXAMPLES}/${template} names)
    foreach(name ${names})
      file(READ ${EXAMPLES}/${template}/${name} content)
      string(APPEND body "    {\"${template}\", \"${name}\", R\"leat_file(${content})leat_file\"},\n")
    endforeach()
  endforeach()
  string(APPEND body "  };\n}\n\n}  // namespace leat::cli\n")
  file(WRITE ${OUTPUT} "${body}")
  return()
endif()

set(template_files)
foreach(template ${LEAT_TEMPLATES})
  leat_template_files(${CMAKE_SOURCE_DIR}/examples/${template} names)
  list(TRANSFORM names PREPEND ${CMAKE_SOURCE_DIR}/examples/${template}/)
  list(APPEND template_files ${names})
endforeach()
set(template_source ${CMAKE_BINARY_DIR}/generated/cli/template_files.cc)
add_custom_command(
  OUTPUT ${template_source}
  COMMAND ${CMAKE_COMMAND} -DEXAMPLES=${CMAKE_SOURCE_DIR}/examples -DOUTPUT=${template_source}
          -P ${CMAKE_CURRENT_LIST_DIR}/templates.cmake
  DEPENDS ${template_files} ${CMAKE_CURRENT_LIST_DIR}/templates.cmake
  COMMENT "Embedding the templates of leat init"
  VERBATIM)
# A library of its own: the files of leat_cli would wait for all other libraries before a generated one among them.
add_library(leat_templates STATIC ${template_source})
target_include_directories(leat_templates PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(leat_cli PUBLIC leat_templates)
target_compile_definitions(leat_cli PRIVATE LEAT_VERSION="${PROJECT_VERSION}")
