"""A PostgreSQL server of Debian's in a temporary folder, on a free port of the loopback, that ends with the test."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """PostgreSQL refuses to run as root: there it runs as the user postgres, whom its package makes."""

    def __init__(self, version="15", settings=(), host_authentication="scram-sha-256"):
        self.bin = pathlib.Path(f"/usr/lib/postgresql/{version}/bin")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leat-postgres-"))
        self.settings = settings
        self.host_authentication = host_authentication
        self.port = free_port()
        self.process = None
        self.identity = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)

    def __enter__(self):
        try:
            subprocess.run([self.bin / "initdb", "-D", self.folder / "data", "-U", "leat", "--auth-local=trust",
                            f"--auth-host={self.host_authentication}", f"--pwfile={self.write('password', 'secret')}", "-E", "UTF8",
                            "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, **self.identity)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def start(self):
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", "fsync=off", *self.settings]
        command = [self.bin / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
        for setting in settings:
            command += ["-c", setting]
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self.identity)
        deadline = time.monotonic() + 60
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start:\n" + (self.folder / "server.log").read_text()[-3000:])
            time.sleep(0.05)

    def stop(self, at_once=False):
        if self.process is None:
            return
        self.process.send_signal(3 if at_once else 2)  # SIGQUIT: immediate; SIGINT: fast
        self.process.wait(timeout=60)
        self.process = None

    def sql(self, statements, database="postgres"):
        """What psql prints for them, unaligned, without headers."""
        done = subprocess.run([self.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-A", "-t", "-h", self.folder, "-p", str(self.port),
                               "-U", "leat", database], input=statements, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()
