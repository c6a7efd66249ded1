/* app/app_plot.h - lines drawn with characters, for the terminal. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

typedef struct AppPlotSeries {
        Str name;
        const double *t, *v; /* rising seconds; points that are not finite are left out */
        size_t n;
} AppPlotSeries;

typedef struct AppPlotOptions {
        unsigned width, height; /* characters, axes included; small ones are widened to what can be read */
        bool colors;            /* escape sequences */
} AppPlotOptions;

enum { APP_PLOT_MAX_LEGEND = 20 };

/* The lines, the values at both ends of the y axis, the times (UTC) at both ends of the x axis, and who is who. */
void app_plot_draw(Buf *out, const AppPlotSeries *series, size_t n, const AppPlotOptions *options);
