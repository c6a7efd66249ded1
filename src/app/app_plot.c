/* Invariants:
 * 1. Every dot lies inside the canvas, whatever the values are; nothing finite: nothing drawn, and the text says so.
 * 2. A cell has the colour of the series that touched it last.
 * A cell is one braille character: two dots wide, four high. */
#include "app/app_plot.h"

#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/rfc3339.h"

enum { MIN_WIDTH = 30, MIN_HEIGHT = 4, MAX_SIDE = 1000, AXIS_WIDTH = 11, COLORS = 6 };

typedef struct Canvas {
        unsigned columns, rows; /* cells */
        uint8_t *dots, *color;  /* per cell; color: 0 none */
        double t0, t1, v0, v1;
} Canvas;

static void dot(Canvas *c, size_t x, size_t y, uint8_t color)
{
        static const uint8_t bits[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
        size_t at = y / 4 * c->columns + x / 2;
        c->dots[at] |= bits[y % 4][x % 2];
        c->color[at] = color;
}

/* Place of v between lo and hi on `n` dots. */
static size_t place(double v, double lo, double hi, size_t n)
{
        if (!(hi > lo))
                return n / 2;
        double at = (v / 2 - lo / 2) / (hi / 2 - lo / 2) * (double)(n - 1) +
                    0.5; /* halves: the difference may overflow */
        return at <= 0 ? 0 : at >= (double)(n - 1) ? n - 1 : (size_t)at;
}

static void draw_line(Canvas *c, long x0, long y0, long x1, long y1, uint8_t color)
{
        long steps = MAX_OF(labs(x1 - x0), labs(y1 - y0));
        for (long i = 0; i <= steps; i++) {
                double f = steps ? (double)i / (double)steps : 0;
                dot(c, (size_t)lround((double)x0 + f * (double)(x1 - x0)),
                    (size_t)lround((double)y0 + f * (double)(y1 - y0)), color);
        }
}

/* Points further apart than a few steps are not joined: there was nothing between them. */
static double gap_of(const AppPlotSeries *s)
{
        double least = HUGE_VAL;
        for (size_t i = 1; i < s->n; i++)
                least = fmin(least, s->t[i] - s->t[i - 1]);
        return least * 1.5;
}

static void draw_series(Canvas *c, const AppPlotSeries *s, uint8_t color)
{
        size_t w = (size_t)c->columns * 2, h = (size_t)c->rows * 4;
        double gap = gap_of(s);
        bool joined = false;
        long px = 0, py = 0;
        for (size_t i = 0; i < s->n; i++) {
                if (!isfinite(s->v[i])) {
                        joined = false;
                        continue;
                }
                long x = (long)place(s->t[i], c->t0, c->t1, w);
                long y = (long)(h - 1 - place(s->v[i], c->v0, c->v1, h));
                if (joined && s->t[i] - s->t[i - 1] <= gap)
                        draw_line(c, px, py, x, y, color);
                else
                        dot(c, (size_t)x, (size_t)y, color);
                px = x;
                py = y;
                joined = true;
        }
}

static bool find_extent(Canvas *c, const AppPlotSeries *series, size_t n)
{
        c->t0 = c->v0 = HUGE_VAL;
        c->t1 = c->v1 = -HUGE_VAL;
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < series[i].n; k++) {
                        if (!isfinite(series[i].v[k]))
                                continue;
                        c->t0 = fmin(c->t0, series[i].t[k]);
                        c->t1 = fmax(c->t1, series[i].t[k]);
                        c->v0 = fmin(c->v0, series[i].v[k]);
                        c->v1 = fmax(c->v1, series[i].v[k]);
                }
        return c->v0 <= c->v1;
}

static void paint(Buf *out, uint8_t color, bool colors)
{
        static const unsigned codes[COLORS] = { 36, 33, 35, 32, 34, 31 };
        if (colors && color)
                buf_printf(out, "\x1b[%um", codes[(color - 1) % COLORS]);
        else if (colors)
                buf_lit(out, "\x1b[0m");
}

static void put_rows(Buf *out, const Canvas *c, bool colors)
{
        for (unsigned row = 0; row < c->rows; row++) {
                if (row == 0)
                        buf_printf(out, "%9.4g ┤", c->v1);
                else if (row + 1 == c->rows)
                        buf_printf(out, "%9.4g ┤", c->v0);
                else
                        buf_printf(out, "%9s │", "");
                uint8_t color = 0;
                for (unsigned col = 0; col < c->columns; col++) {
                        size_t at = (size_t)row * c->columns + col;
                        if (c->color[at] != color)
                                paint(out, color = c->color[at], colors);
                        uint8_t dots = c->dots[at];
                        if (!dots)
                                buf_char(out, ' ');
                        else /* U+2800 and the dots, in UTF-8 */
                                buf_printf(out, "\xe2%c%c", (char)(0xa0 | dots >> 6), (char)(0x80 | (dots & 0x3f)));
                }
                if (color)
                        paint(out, 0, colors);
                buf_char(out, '\n');
        }
}

static void put_times(Buf *out, const Canvas *c)
{
        AUTO(buf_done) Buf from = { 0 };
        AUTO(buf_done) Buf to = { 0 };
        rfc3339_format(&from, (int64_t)(c->t0 * 1000));
        rfc3339_format(&to, (int64_t)(c->t1 * 1000));
        int room = (int)c->columns + AXIS_WIDTH - AXIS_WIDTH - (int)from.n;
        buf_printf(out, "%*s%s%*s\n", AXIS_WIDTH, "", buf_cstr(&from), MAX_OF(room, (int)to.n + 1), buf_cstr(&to));
}

void app_plot_draw(Buf *out, const AppPlotSeries *series, size_t n, const AppPlotOptions *options)
{
        unsigned width = MIN_OF(MAX_OF(options->width, (unsigned)MIN_WIDTH), (unsigned)MAX_SIDE);
        Canvas c = { .columns = width - AXIS_WIDTH,
                     .rows = MIN_OF(MAX_OF(options->height, (unsigned)MIN_HEIGHT), (unsigned)MAX_SIDE) };
        if (!find_extent(&c, series, n)) {
                buf_lit(out, "no points to draw\n");
                return;
        }
        c.dots = mem_zalloc((size_t)c.columns * c.rows);
        c.color = mem_zalloc((size_t)c.columns * c.rows);
        for (size_t i = 0; i < n; i++)
                draw_series(&c, &series[i], (uint8_t)(i % COLORS + 1));
        put_rows(out, &c, options->colors);
        put_times(out, &c);
        for (size_t i = 0; i < n && i < APP_PLOT_MAX_LEGEND; i++) {
                paint(out, (uint8_t)(i % COLORS + 1), options->colors);
                buf_cstr_add(out, "  ━ ");
                paint(out, 0, options->colors);
                buf_str_add(out, series[i].name);
                buf_char(out, '\n');
        }
        if (n > APP_PLOT_MAX_LEGEND)
                buf_printf(out, "  and %zu more\n", n - APP_PLOT_MAX_LEGEND);
        mem_free(c.dots);
        mem_free(c.color);
}
