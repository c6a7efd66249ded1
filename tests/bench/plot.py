"""Lines over time as an SVG picture that reads on light and on dark pages. plot.write(path, title, x_name, xs, panels)
panels: [(name, [(line, ys), ...]), ...], one below the other, each from zero."""
import math
from xml.sax.saxutils import escape

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP, BOTTOM = 760, 150, 64, 16, 34, 34, 40
COLOURS = ["#3b7dd8", "#d9822b", "#3a9d6b"]


def nice_step(top):
    step = 10 ** math.floor(math.log10(top / 3)) if top > 0 else 1
    return next(step * k for k in (1, 2, 5, 10, 20) if top / (step * k) <= 4)


def number(v):
    return f"{v:,.0f}" if v == int(v) else f"{v:g}"


def panel(name, lines, xs, x_top, y0):
    plot_w, top = WIDTH - LEFT - RIGHT, max(max(ys, default=0) for _, ys in lines) * 1.05 or 1
    at_x, at_y = lambda x: LEFT + x / x_top * plot_w, lambda y: y0 + PANEL - y / top * PANEL
    out = [f'<text x="{LEFT}" y="{y0 - 8}" font-weight="600">{escape(name)}</text>']
    step, value = nice_step(top), 0
    while value <= top:
        out.append(f'<path class="grid" d="M{LEFT} {at_y(value):.1f}H{WIDTH - RIGHT}"/>'
                   f'<text x="{LEFT - 6}" y="{at_y(value) + 4:.1f}" text-anchor="end">{number(value)}</text>')
        value += step
    for i, (line, ys) in enumerate(lines):
        points = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in zip(xs, ys))
        out.append(f'<polyline fill="none" stroke="{COLOURS[i]}" stroke-width="1.5" points="{points}"/>')
        if len(lines) > 1:
            out.append(f'<text x="{WIDTH - RIGHT - 150 * (len(lines) - 1 - i)}" y="{y0 - 8}" text-anchor="end" style="fill:{COLOURS[i]}">{escape(line)}</text>')
    return out


def write(path, title, x_name, xs, panels):
    x_top = max(xs) or 1
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
           "<style>svg{background:#fff}text{fill:#333}.grid{stroke:#ddd}@media(prefers-color-scheme:dark){svg{background:#181b1f}text{fill:#ccc}.grid{stroke:#333}}</style>",
           f'<text x="{LEFT}" y="18" font-size="14" font-weight="600">{escape(title)}</text>']
    y = TOP + 20
    for name, lines in panels:
        out += panel(name, lines, xs, x_top, y)
        y += PANEL + GAP
    step, x = nice_step(x_top), 0
    while x <= x_top:
        out.append(f'<text x="{LEFT + x / x_top * (WIDTH - LEFT - RIGHT):.1f}" y="{y - GAP + 18}" text-anchor="middle">{number(x)}</text>')
        x += step
    out += [f'<text x="{WIDTH - RIGHT}" y="{y - GAP + 34}" text-anchor="end">{escape(x_name)}</text>', "</svg>"]
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")
