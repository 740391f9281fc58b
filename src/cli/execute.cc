#include "cli/execute.h"

#include "cli/bind.h"
#include "cli/notify.h"
#include "cli/run_progress.h"
#include "cli/run_summary.h"

namespace leat::cli {

io::CancelToken& CancelledByUser() {
  static io::CancelToken token;
  io::CancelOnSignals(token);
  return token;
}

int Execute(App& app, orchestrate::Workspace& workspace, orchestrate::RunRequest request,
            bool strict) {
  const DeclaredTypes types =
      request.full_refresh ? DeclaredTypes::kMayDiffer : DeclaredTypes::kLikeStored;
  if (!CheckBinds(app, workspace, types)) return kError;
  request.command = app.command_line();
  RunProgress progress(app);
  const auto result = orchestrate::Run(workspace, request, progress, CancelledByUser());
  progress.Stop();
  if (!result.ok()) return app.Fail(result.error());
  const int exit_code = FinishRun(app, *result, strict);
  SendNotifications(app, workspace.project(), *result);
  return exit_code;
}

}  // namespace leat::cli
