/** The top bar: what page, which time, how fresh, how it looks. */
import { setTheme, themeChoice, type ThemeChoice } from "../state/theme";
import { helpOpen } from "../state/shortcuts";
import { Icon, Logo, type IconName } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { ConnectionDot } from "./ConnectionDot";
import { RangePicker } from "./RangePicker";
import { RefreshPicker } from "./RefreshPicker";

const THEMES: { value: ThemeChoice; text: string; icon: IconName }[] = [
  { value: "auto", text: "As the system", icon: "auto" },
  { value: "light", text: "Light", icon: "sun" },
  { value: "dark", text: "Dark", icon: "moon" },
];

function ThemePicker() {
  const current = THEMES.find((t) => t.value === themeChoice.value) ?? THEMES[0]!;
  return (
    <Menu label={`Theme: ${current.text}`} class="icon bare theme" button={<Icon name={current.icon} />}>
      {(close) => (
        <ul class="menu-list">
          {THEMES.map((t) => (
            <li key={t.value}>
              <button type="button" class="menu-item" aria-pressed={t === current} onClick={() => (setTheme(t.value), close())}>
                <Icon name={t.icon} />
                {t.text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Menu>
  );
}

export function Bar({ title }: { title: string }) {
  return (
    <header class="topbar">
      <span class="bar-logo"><Logo /></span>
      <h1>{title}</h1>
      <ConnectionDot />
      <span class="grow" />
      <RangePicker />
      <RefreshPicker />
      <ThemePicker />
      <button type="button" class="btn icon bare help" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => (helpOpen.value = true)}>
        <Icon name="help" />
      </button>
    </header>
  );
}
