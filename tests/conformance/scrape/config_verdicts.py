"""Judges every *.good.yml and *.bad.yml of a folder with `pharos check`: config_verdicts.py PHAROS FOLDER FLOOR.

A file is passed when it is judged as its name says. Below FLOOR passed files the test fails; a crash or a hang always does.
"""
import glob, os, subprocess, sys

pharos, folder, floor = sys.argv[1], os.path.join(os.environ["PHAROS_SHARED"], sys.argv[2]), int(sys.argv[3])
files = sorted(glob.glob(folder + "/*.good.yml") + glob.glob(folder + "/*.bad.yml"))
if not files:
    print("no corpus at", folder)
    sys.exit(77)
passed = wrong = broken = 0
for path in files:
    try:
        code = subprocess.run([pharos, "check", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20).returncode
    except subprocess.TimeoutExpired:
        code = -1
    want = 0 if path.endswith(".good.yml") else 1
    if code == want:
        passed += 1
    else:
        wrong += 1
        broken += code not in (0, 1)
        print(f"not ok {os.path.basename(path)}: exit code {code}, want {want}")
print(f"{passed} passed, {wrong} failed, 0 skipped")
sys.exit(passed < floor or broken > 0)
