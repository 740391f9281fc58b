#include "cli/app.h"
#include "cli/command.h"

namespace leat::cli {

Command MakeCommandLine(App& app) {
  GlobalOptions& global = app.options();
  Command root{
      .name = "leat",
      .summary = "The whole data lifecycle over Delta Lake tables, from a folder of SQL and YAML.",
      .options =
          {
              {"-C", "DIR", "go to this folder first; the project is there or in a folder above",
               &global.directory},
              {"--env", "NAME", "environment of leat.yml (also LEAT_ENV)", &global.environment},
              {"-o,--output",
               "FORMAT",
               "plain, json or csv",
               &global.output,
               {"plain", "json", "csv"}},
              {"-v,--verbose", "", "say more", &global.verbose},
              {"-q,--quiet", "", "say nothing but results and errors", &global.quiet},
              {"--no-color", "", "no colours (also NO_COLOR)", &global.no_color},
              {"--version", "", "print the version", &global.version},
          },
      .examples = {{"leat init --template flights flights", "make a project that works"},
                   {"leat -C flights run", "run it"},
                   {"leat run --help", "help for one command"}},
  };
  root.subcommands = {
      MakeInit(),     MakeValidate(), MakePlan(),     MakeRun(),        MakeRetry(),
      MakeTest(),     MakeCheck(),    MakeRender(),   MakeQuery(),      MakeChange(),
      MakeLineage(),  MakeStatus(),   MakeLogs(),     MakeHistory(),    MakeQuarantine(),
      MakeGenerate(), MakeExport(),   MakeMaintain(), MakeRestore(),    MakeConvert(),
      MakeClone(),    MakeConnect(),  MakeDoctor(),   MakeCompletion(), MakeVersion()};
  return root;
}

}  // namespace leat::cli
