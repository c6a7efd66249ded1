import { useEffect, useRef } from "preact/hooks";
import { allShortcuts, helpOpen, setShortcutsOn, shortcutsOn } from "../state/shortcuts";
import { Icon } from "../ui/Icon";

const KEY_NAMES: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** Keys that live in the components they belong to, listed here for the reader. */
const FIXED = [
  { group: "Query editor", keys: ["Enter"], what: "Run" },
  { group: "Query editor", keys: ["Shift Enter"], what: "New line" },
  { group: "Query editor", keys: ["Ctrl Space"], what: "Complete" },
  { group: "Graphs", keys: ["drag"], what: "Zoom into a part" },
  { group: "Graphs", keys: ["double click"], what: "Back to the range before" },
  { group: "Graphs", keys: ["←", "→"], what: "Read values, when the graph has focus" },
  { group: "Legend", keys: ["click"], what: "Show one series alone" },
  { group: "Legend", keys: ["Ctrl click"], what: "Hide or show one series" },
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);

  const all = [...allShortcuts(), ...FIXED];
  const groups = [...new Set(all.map((s) => s.group))];
  return (
    <dialog ref={dialog} class="help-dialog" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)} onClick={(e) => e.target === dialog.current && (helpOpen.value = false)}>
      <div class="help-inner">
        <div class="row">
          <h2 id="help-title" class="grow">Keyboard and mouse</h2>
          <button type="button" class="btn icon bare" aria-label="Close" onClick={() => (helpOpen.value = false)}>
            <Icon name="close" />
          </button>
        </div>
        <div class="help-groups">
          {groups.map((group) => (
            <section key={group}>
              <h3>{group}</h3>
              <dl>
                {all.filter((s) => s.group === group).map((s) => (
                  <div key={s.what}>
                    <dt>{s.keys.map((k) => <kbd key={k}>{KEY_NAMES[k] ?? k}</kbd>)}</dt>
                    <dd>{s.what}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <label class="row">
          <input type="checkbox" checked={shortcutsOn.value} onChange={(e) => setShortcutsOn(e.currentTarget.checked)} />
          Single-key shortcuts are on (<kbd>?</kbd> always works)
        </label>
      </div>
    </dialog>
  );
}
