"""A data folder is copied by `pharos tsdb snapshot`: through its server while that runs, by itself when it is at rest; and restored."""
import os, shutil, subprocess, sys, time

from harness import WORK, Server, check, finish, write

PHAROS = os.path.abspath(os.path.join(sys.argv[1], "pharos"))
CONFIG = "collect: {host: {enabled: false}, self: {interval: 1s}}\ndefault_rules: false\n"


def serve(name, data, *more):
    server = Server(name, [PHAROS, "serve", "--config", write(name + ".yml", CONFIG), "--data", data, "--listen", "127.0.0.1:PORT", *more])
    check(f"{name} starts", server.ready())
    return server


def snapshot(*args):
    r = subprocess.run([PHAROS, "tsdb", "snapshot", *args], capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout.strip(), r.stderr


def count(server):
    result = (server.data("/query", {"query": "sum(count_over_time(pharos_build_info[1h]))"}) or {}).get("result")
    return float(result[0]["value"][1]) if result else 0.0


def wait_for(server, least):
    until = time.time() + 20
    while count(server) < least and time.time() < until:
        time.sleep(0.2)
    return count(server)


def stop(server):
    server.process.terminate()
    check(f"{server.name} ends", server.process.wait(20) == 0)


data = os.path.join(WORK, "data")
plain = serve("plain", data)
wait_for(plain, 2)
status, said, errors = snapshot("--url", f"http://127.0.0.1:{plain.port}", data)
check("without the admin API the reason is told", status == 1 and "start the server with --web.enable-admin-api" in errors, errors)
stop(plain)

server = serve("server", data, "--web.enable-admin-api")
before = wait_for(server, 3)
status, running, errors = snapshot("--url", f"http://127.0.0.1:{server.port}/", data)
check("a server makes the copy", status == 0 and os.path.isdir(os.path.join(running, "metrics")), errors)
other = os.path.join(WORK, "other")
os.makedirs(other)
shutil.copytree(running, os.path.join(other, "data"))
held = serve("held", os.path.join(other, "data"))
status, said, errors = snapshot("--url", f"http://127.0.0.1:{server.port}", os.path.join(other, "data"))
check("a copy of another folder is told", status == 1 and "of another folder" in errors, errors)
stop(held)
stop(server)

status, resting, errors = snapshot(data)
check("a folder at rest is copied", status == 0 and os.path.isfile(os.path.join(resting, "state.db")), errors)

# Restore, as docs/operations.md says: the copy in place of the folder.
copy = os.path.join(WORK, "copy")
shutil.copytree(resting, copy)
shutil.rmtree(data)
os.rename(copy, data)
restored = serve("restored", data)
check("a restored folder has the samples", count(restored) >= before, (count(restored), before))
stop(restored)
finish()
