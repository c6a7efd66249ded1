"""Every rule file of the systems that were asked for loads with `pharos check --lint`, and these findings are among those of it."""
import glob, os, subprocess, sys

pharos = sys.argv[1]
folder = os.path.join(os.environ["PHAROS_SHARED"], "seeds")
if not os.path.isdir(folder):
    print("no rule files at", folder)
    sys.exit(77)
WANTED = {
    "marine-safety/prometheus/rules/slo_alerts.yml": ["[single-window-burn-rate] 'ErrorBudgetBurnRateFast'", "[single-window-burn-rate] 'ErrorBudgetBurnRateSlow'"],
    "marine-safety/prometheus/rules/marine_safety_low.yml": ["[long-interval]"],
    "openpolicy/alerts-slo.fragment.yaml": ["[rate-as-ratio] 'AvailabilitySLOBreach'", "[single-window-burn-rate] 'LatencySLOBreach'"],
    "openpolicy/alerts-critical.yaml": ["[rate-as-ratio] 'HighErrorRate'"],
}
files = sorted(glob.glob(folder + "/*/prometheus/rules/*.yml") + glob.glob(folder + "/*/alerts-*.yaml"))
failed = 0
for path in files:
    name = os.path.relpath(path, folder)
    done = subprocess.run([pharos, "check", "--lint", path], capture_output=True, text=True, timeout=20)
    missing = [w for w in WANTED.pop(name, []) if w not in done.stdout]
    if done.returncode or missing:
        failed += 1
        print(f"not ok {name}: exit code {done.returncode}, without {missing}\n{done.stdout}{done.stderr}")
for name in WANTED:
    failed += 1
    print(f"not ok {name}: is not there")
print(f"{len(files) - failed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0 or not files)
