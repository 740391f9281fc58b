// The program: hands its arguments, the real world, the connectors and the terminal to the command
// line.
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/console.h"
#include "connect/connector.h"
#include "connect/postgres/postgres.h"
#include "io/environment.h"
#include "io/terminal.h"

namespace {

leat::connect::Connectors MakeConnectors() {
  leat::connect::Connectors connectors;
  connectors.Add("postgres", leat::connect::MakePostgres());
  return connectors;
}

}  // namespace

int main(int argc, char** argv) {
  leat::io::PrepareStandardStreams();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const leat::connect::Connectors connectors = MakeConnectors();
  return leat::cli::Main(leat::io::SystemEnvironment(), connectors, leat::cli::SystemConsole(),
                         arguments);
}
