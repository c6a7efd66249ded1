import { dismiss, notices } from "../state/notices";
import { Icon } from "../ui/Icon";

const ICONS = { good: "check", bad: "cross", plain: "info" } as const;

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((n) => (
        <div key={n.id} class={`notice ${n.tone}`}>
          <Icon name={ICONS[n.tone]} />
          <span class="grow wrap">{n.text}</span>
          <button type="button" class="btn icon bare" aria-label="Dismiss" onClick={() => dismiss(n.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
