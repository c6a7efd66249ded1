/** The promises of the palette: contrast with the panel, and distance between any two colours for every kind of colour vision. */
import { describe, expect, it } from "vitest";
import { PANEL, SERIES, type Theme, strokeOf } from "../src/base/palette";

type Triple = [number, number, number];
const MIN_CONTRAST = 3;
const MIN_DISTANCE = 0.1;

/** Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB. */
const VISION: Record<string, Triple[]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function linear(hex: string): Triple {
  return [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Triple;
}
function see(m: Triple[], v: Triple): Triple {
  return m.map((r) => Math.min(1, Math.max(0, r[0] * v[0] + r[1] * v[1] + r[2] * v[2]))) as Triple;
}
function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
function contrast(a: string, b: string): number {
  const [x, y] = [a, b].map((hex) => {
    const [r, g, bl] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl + 0.05;
  }) as [number, number];
  return Math.max(x, y) / Math.min(x, y);
}

describe.each(["light", "dark"] as Theme[])("the %s palette", (theme) => {
  it("stands out from the panel", () => {
    for (const color of SERIES[theme]) expect(contrast(color, PANEL[theme]), color).toBeGreaterThanOrEqual(MIN_CONTRAST);
  });

  it.each(Object.keys(VISION))("keeps colours apart in %s vision", (kind) => {
    const seen = SERIES[theme].map((c) => oklab(see(VISION[kind]!, linear(c))));
    seen.forEach((a, i) => seen.slice(i + 1).forEach((b, k) => {
      const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
      expect(distance, `${SERIES[theme][i]} and ${SERIES[theme][i + 1 + k]}`).toBeGreaterThanOrEqual(MIN_DISTANCE);
    }));
  });

  it("tells the ninth series from the first by its dashes", () => {
    expect(strokeOf(8, theme).color).toBe(strokeOf(0, theme).color);
    expect(strokeOf(8, theme).dash).not.toEqual(strokeOf(0, theme).dash);
  });
});
