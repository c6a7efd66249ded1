/**
 * Series colours. Eight per theme, chosen by search in OKLab: every colour has at least 3:1 contrast on its panel, and
 * every pair stays apart in normal, protan, deutan and tritan vision (tests/palette.test.ts holds the figures).
 * From the ninth series on the colours repeat with a dash pattern.
 */
export const PANEL = { light: "#ffffff", dark: "#101b2d" } as const;
export const SERIES = {
  light: ["#2b55b9", "#c5772c", "#308eec", "#6a1449", "#9f80a1", "#964101", "#2c2891", "#7a5d7d"],
  dark: ["#9ed5e4", "#e7732b", "#a196f1", "#06bfa8", "#ffbc64", "#8558c5", "#b3543b", "#22928f"],
} as const;
export type Theme = keyof typeof SERIES;

const DASHES: number[][] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export interface Stroke {
  color: string;
  dash: number[];
}

export function strokeOf(index: number, theme: Theme): Stroke {
  const colors = SERIES[theme];
  return {
    color: colors[index % colors.length]!,
    dash: DASHES[Math.floor(index / colors.length) % DASHES.length]!,
  };
}

export function fade(hex: string, alpha: number): string {
  return hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
}
