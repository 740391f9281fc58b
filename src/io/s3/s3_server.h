// A real S3 server for tests: versitygw over a folder of the disk, on a free port of the loopback
// interface.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/environment.h"
#include "io/file_system.h"
#include "io/http_client.h"
#include "io/http_test_server.h"
#include "io/s3/s3_client.h"

namespace leat::io {

class S3Server {
 public:
  static constexpr char kAccessKeyId[] = "leat-test";
  static constexpr char kSecretAccessKey[] = "leat-test-secret";

  // The program is where scripts/setup.sh has put it.
  explicit S3Server(std::string program) : program_(std::move(program)) {
    IgnoreProxies();
    folder_ = MakeTemporaryDirectory("leat-s3-").value();
    Start();
  }
  ~S3Server() {
    Stop();
    const Status removed = RemoveAll(folder_);
    static_cast<void>(removed);  // a temporary folder
  }
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  S3ClientOptions ClientOptions(const std::string& secret = kSecretAccessKey) const {
    return {.config = {.endpoint = url(), .use_checksums = true},
            .credentials = FixedCredentials(
                SystemClock(), {.access_key_id = kAccessKeyId, .secret_access_key = secret}),
            .http = SystemHttpClient(),
            .clock = SystemClock(),
            .random = SystemRandom(),
            .retry = {.max_attempts = 3}};
  }
  bool MakeBucket(const std::string& bucket) const {
    S3Client client(ClientOptions());
    const auto made =
        client.Send({.method = HttpMethod::kPut, .target = {.bucket = bucket}, .action = "make"});
    return made.ok() && made->ok();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  bool is_running() const { return pid_ > 0; }
  // What the server has printed: why it is not running.
  std::string log() const { return LocalFileSystem().ReadFile(folder_ + "/log").value(); }

  // Over what the folder holds already, and on the same port if that is still free; not running
  // when it does not answer after all.
  void Start() {
    constexpr int kPorts = 3;  // another program may take a free port first
    for (int attempt = 0; attempt < kPorts && pid_ <= 0; attempt++) {
      port_ = FreePort(attempt == 0 ? last_port_ : 0);
      pid_ = Spawn();
      if (!WaitUntilReady()) Stop();
    }
    last_port_ = port_;
  }

  // As a crash: the server has no time to finish anything.
  void Stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  // `wanted`, or any if that is 0 or taken.
  static int FreePort(int wanted) {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(wanted));
    socklen_t size = sizeof(address);
    bool is_bound = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0;
    if (!is_bound) {
      address.sin_port = 0;
      is_bound = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0;
    }
    if (!is_bound || getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();  // the tests cannot run without a loopback interface
    }
    close(probe);
    return ntohs(address.sin_port);
  }

  // Metadata is kept beside the data, since not every file system has extended attributes.
  std::vector<std::string> Arguments() {
    for (const char* name : {"/data", "/metadata"}) {
      if (!LocalFileSystem().CreateDirectories(folder_ + name).ok()) std::abort();
    }
    return {program_,         "--port",     "127.0.0.1:" + std::to_string(port_),
            "--access",       kAccessKeyId, "--secret",
            kSecretAccessKey, "--quiet",    "--keep-alive",
            "posix",          "--sidecar",  folder_ + "/metadata",
            folder_ + "/data"};
  }

  // By posix_spawn: a fork runs the handlers of every library, and DuckDB's allocator locks more
  // there than ThreadSanitizer can follow. 0 when it cannot be started.
  pid_t Spawn() {
    std::vector<std::string> arguments = Arguments();
    // It does not outlive a test that crashes.
    arguments.insert(arguments.begin(), {"setpriv", "--pdeathsig", "KILL"});
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string log_path = folder_ + "/log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : 0;
  }

  bool WaitUntilReady() {
    constexpr int kLooks = 200;
    for (int i = 0; i < kLooks; i++) {
      if (SystemHttpClient().Send(HttpMethod::kGet, {.url = url() + "/"}).ok()) return true;
      if (waitpid(pid_, nullptr, WNOHANG) != 0) {
        pid_ = -1;  // it has ended by itself
        return false;
      }
      SystemClock().Sleep(50 * kMicrosPerMilli);
    }
    return false;
  }

  static inline int last_port_ = 0;

  const std::string program_;
  std::string folder_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace leat::io
