#!/usr/bin/env python3
"""Breaks the program at its system calls (strace injection) and looks what became of the mail.

    .ci/faults.py PROGRAM [--long]

A job of two notices is killed, or its call fails, at the first, second, third … call of a kind; once, and
from then on. After each fault clean runs finish the job. The oracle: no message is taken twice, none is
lost, a taken one is `sent` or `uncertain`, the database is sound, and one more run changes nothing.
"""
import collections
import json
import pathlib
import re
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
LONG = "--long" in sys.argv
CONFIG = """
[company]
name = "Konet"
[database]
path = "konet.db"
[smtp]
transport = "smtp"
host = "127.0.0.1"
port = %d
tls = "none"
[staff]
language = "en"
[mail]
from = "Konet <accounting@konet.example>"
[policy.default]
notice_days_before = [30]
suspend_after_days = 7
"""


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    taken = collections.Counter()


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.converse()
        except OSError:
            pass

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def converse(self):
        self.say("220 mail.example")
        while line := self.rfile.readline():
            verb = line.strip().upper()
            if verb.startswith(b"RCPT"):
                address = re.search(rb"<(.*?)>", line).group(1).decode()
                self.say("250 ok")
            elif verb == b"DATA":
                self.say("354 go on")
                body = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body.append(part)
                if not part:
                    return
                message_id = re.search(rb"(?mi)^Message-ID: *(<.*?>)", b"".join(body)).group(1).decode()
                self.server.taken[(message_id, address)] += 1
                self.say("250 2.0.0 Ok: queued as 1ABC")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


def run(folder, *arguments, inject=None):
    command = [PROGRAM, "--config", f"{folder}/konet-billing.toml", *arguments]
    if inject:
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={inject}", *command]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{inject}: it hangs") from None


def prepare(port):
    folder = tempfile.mkdtemp(prefix="konet-faults-")
    config = pathlib.Path(folder, "konet-billing.toml")
    config.write_text(CONFIG % port)
    config.chmod(0o600)
    pathlib.Path(folder, "customers.csv").write_text("code;name;email\nK-1;A;a@a.example\nK-2;B;b@b.example\n")
    pathlib.Path(folder, "services.csv").write_text(
        "code;customer;kind;name;price;period_months;expires_on\n"
        "S-1;K-1;hosting;x;10;12;2025-03-31\nS-2;K-2;hosting;x;10;12;2025-03-31\n")
    for kind in ("customers", "services"):
        done = run(folder, "import", kind, f"{folder}/{kind}.csv", "--as-of", "2025-02-01")
        assert done.returncode == 0, done.stderr
    return folder


def oracle(folder, server, what):
    for _ in range(4):
        # what was deferred waits for its pause; the clock is not ours to move
        with sqlite3.connect(f"{folder}/konet.db") as database:
            database.execute("UPDATE deliveries SET retry_at = NULL")
        database.close()
        done = run(folder, "notify", "--as-of", "2025-03-02", "--json")
        assert done.returncode in (0, 3), (what, done.returncode, done.stderr)
    before = sum(server.taken.values())
    again = run(folder, "notify", "--as-of", "2025-03-02", "--json")
    assert json.loads(again.stdout)["totals"]["messages"] == 0 and sum(server.taken.values()) == before, what
    assert all(count == 1 for count in server.taken.values()), (what, server.taken)
    outbox = json.loads(run(folder, "outbox", "list", "--all", "--json").stdout)
    told, uncertain = set(), 0
    for message in outbox["messages"]:
        for delivery in message["deliveries"]:
            key = (message["message_id"], delivery["to"])
            state = delivery["state"]
            assert state in ("sent", "uncertain", "cancelled"), (what, key, state)
            if key in server.taken:
                assert state in ("sent", "uncertain"), (what, key, state)
            if state == "sent":
                assert key in server.taken, (what, key)
            if state != "cancelled":
                told.add(message["customer"])
                uncertain += state == "uncertain"
    assert told == {"K-1", "K-2"}, (what, told)
    assert run(folder, "check").returncode == 0, what
    return uncertain


def calls(folder, kind):
    """How often the job makes a system call."""
    trace = subprocess.run(["strace", "-f", "-c", "-e", f"trace={kind}", PROGRAM, "--config",
                            f"{folder}/konet-billing.toml", "notify", "--as-of", "2025-03-01", "--json"],
                           capture_output=True, text=True)
    found = re.search(rf"(\d+)\s+(?:\d+\s+)?{kind}\n", trace.stderr)
    return int(found.group(1)) if found else 0


def main():
    if not shutil.which("strace"):
        print("NOT CHECKED: strace is not installed", file=sys.stderr)
        return
    server = Server(("127.0.0.1", 0), Conversation)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    faults = [(kind, "signal=KILL") for kind in ("pwrite64", "fsync", "fdatasync", "sendto", "write", "recvfrom", "openat",
                                                 "unlink", "ftruncate")]
    faults += [(kind, f"error={error}") for kind in ("pwrite64", "fsync", "fdatasync", "write")
               for error in ("EIO", "ENOSPC")]
    faults += [(kind, f"error={error}") for kind in ("sendto", "recvfrom") for error in ("ECONNRESET",)]
    faults += [("connect", "error=ECONNREFUSED"), ("connect", "error=ETIMEDOUT")]
    points = uncertain = 0
    for kind, fault in faults:
        folder = prepare(port)
        server.taken.clear()
        count = calls(folder, kind)
        shutil.rmtree(folder)
        # the short form looks at seven points spread over the run, the long one at each
        chosen = range(1, count + 1) if LONG or count <= 7 else sorted({1 + i * (count - 1) // 6 for i in range(7)})
        for at in chosen:
            for when in ([str(at)] if "signal" in fault else [str(at), f"{at}+"]):
                folder = prepare(port)
                server.taken.clear()
                what = f"{kind}:{fault}:when={when}"
                done = run(folder, "notify", "--as-of", "2025-03-01", "--json", inject=what)
                assert done.returncode != 101 and "panicked" not in done.stderr, (what, done.stderr)
                uncertain += oracle(folder, server, what)
                points += 1
                shutil.rmtree(folder)
    print(f"{points} faults at system calls: 0 twice, 0 lost, 0 hangs, {uncertain} uncertain")


main()
