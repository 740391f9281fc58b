// The projects that `leat init` can make, embedded by cmake/templates.cmake from examples/.
#pragma once

#include <string>
#include <vector>

namespace leat::cli {

struct TemplateFile {
  std::string name;  // of the template: "flights"
  std::string path;  // relative to the project: "assets/bronze/flights.yml"
  std::string content;
};

std::vector<TemplateFile> EmbeddedTemplateFiles();

}  // namespace leat::cli
