/** State is always icon, word and colour together: none of them carries it alone. */
import { Icon, type IconName } from "./Icon";

export type Tone = "danger" | "warn" | "good" | "info" | "mute";

const STATES: Record<string, [Tone, IconName]> = {
  firing: ["danger", "cross"],
  critical: ["danger", "cross"],
  page: ["danger", "cross"],
  error: ["danger", "cross"],
  down: ["danger", "cross"],
  unhealthy: ["danger", "cross"],
  fail: ["danger", "cross"],
  err: ["danger", "cross"],
  pending: ["warn", "pending"],
  warning: ["warn", "warning"],
  warn: ["warn", "warning"],
  degraded: ["warn", "warning"],
  inactive: ["good", "check"],
  ok: ["good", "check"],
  up: ["good", "check"],
  healthy: ["good", "check"],
  pass: ["good", "check"],
  info: ["info", "info"],
  silenced: ["info", "silences"],
  none: ["mute", "info"],
};

export function toneOf(state: string): Tone {
  return STATES[state.toLowerCase()]?.[0] ?? "mute";
}

export function StateTag({ state, text }: { state: string; text?: string }) {
  const [tone, icon] = STATES[state.toLowerCase()] ?? (["mute", "question"] as const);
  return (
    <span class={`tag ${tone}`}>
      <Icon name={icon} />
      {text ?? state}
    </span>
  );
}
