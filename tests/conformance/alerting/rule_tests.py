"""Runs the corpus' rule unit tests with `pharos test rules` and compares each verdict with what its file is there to show.

A file that the corpus' own runner accepts must exit 0, one that it refuses 1; anything else is a crash.
"""
import os, subprocess, sys

pharos = sys.argv[1]
folder = os.path.join(os.environ["PHAROS_SHARED"], "conformance/prometheus/cmd/promtool/testdata")
if not os.path.isdir(folder):
    print("no corpus at", folder)
    sys.exit(77)
CASES = [
    (0, ["long-period.yml"]),
    (0, ["no-test-group-interval.yml"]),
    (0, ["start-time-test.yml"]),
    (0, ["at-modifier-test.yml"]),
    (0, ["negative-offset-test.yml"]),
    (0, ["unittest.yml"]),
    (1, ["bad-input-series.yml"]),
    (1, ["bad-promql.yml"]),
    (1, ["bad-rules-error-test.yml"]),
    (1, ["bad-rules-syntax-test.yml"]),
    (1, ["failing.yml"]),
    (1, ["rules_run.yml"]),
    (0, ["--run", "correct", "rules_run.yml"]),
    (1, ["--run", "correct", "--run", "wrong", "rules_run.yml"]),
    (1, ["rules_run_extrafields.yml"]),
    (0, ["--ignore-unknown-fields", "rules_run_extrafields.yml"]),
    (1, ["rules_run_fuzzy.yml"]),
    (0, ["--run", "correct", "rules_run_fuzzy.yml"]),
    (1, ["--run", "wrong", "rules_run_fuzzy.yml"]),
    (1, ["rules_run_no_fuzzy.yml"]),
]
failed = 0
for want, args in CASES:
    done = subprocess.run([pharos, "test", "rules", *args], cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode != want:
        failed += 1
        print(f"not ok {' '.join(args)}: exit code {done.returncode}, want {want}\n{done.stdout}{done.stderr}")
print(f"{len(CASES) - failed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
