import { formatDuration } from "../base/duration";
import { REFRESH_CHOICES, type Refresh, follows, refresh, refreshNow, setRefresh } from "../state/timerange";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";

function nameOf(choice: Refresh): string {
  if (choice === "live") return "live";
  return choice === "off" ? "off" : formatDuration(choice * 1000);
}

function explain(choice: Refresh): string {
  if (choice === "live") return "Live: after each scrape";
  return choice === "off" ? "Off: only by hand" : `Every ${nameOf(choice)}`;
}

export function RefreshPicker() {
  const frozen = !follows.value;
  return (
    <div class="btn-group">
      <button type="button" class="btn icon" aria-label="Load again" title="Load again (r)" onClick={refreshNow}>
        <Icon name="refresh" />
      </button>
      <Menu label={`Refresh: ${explain(refresh.value)}${frozen ? ", but the range ends in the past" : ""}`} class="wide-only" button={<span class={frozen ? "soft" : ""}>{nameOf(refresh.value)}</span>}>
        {(close) => (
          <ul class="menu-list">
            {REFRESH_CHOICES.map((choice) => (
              <li key={String(choice)}>
                <button type="button" class="menu-item" aria-pressed={choice === refresh.value} onClick={() => (setRefresh(choice), close())}>{explain(choice)}</button>
              </li>
            ))}
          </ul>
        )}
      </Menu>
    </div>
  );
}
