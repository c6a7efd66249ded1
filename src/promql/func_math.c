/* Functions that turn one row into one row, sample by sample: mathematics, clamping, rounding, calendar.
 *
 * Invariants:
 * 1. An absent sample stays absent; a present number stays present (clamp with max < min takes all away). Histograms go.
 * 2. Calendar functions count in UTC with the proleptic Gregorian calendar; what is no time is the time that upstream makes of it. */
#include <math.h>

#include "promql/exec.h"
#include "promql/gomath.h"

typedef double (*UnaryFn)(double v);

static double f_round(double v) { return floor(v + 0.5); }
static double f_sgn(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }
static double f_rad(double v) { return v * M_PI / 180; }
static double f_deg(double v) { return v * 180 / M_PI; }

/* --- calendar --- */

typedef struct Civil {
        int64_t year;
        int month, day, hour, minute, weekday, yearday; /* month and day from 1, Sunday is 0 */
} Civil;

static bool is_leap(int64_t y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

static int days_in(int64_t year, int month)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Upstream counts seconds without a sign from the first of March of the year -292277022400: times before that (and NaN, which
 * becomes the smallest number) are far in the future. */
static const int64_t FIRST_DAY = -106751991073400;

static Civil civil_of(int64_t seconds)
{
        uint64_t since = (uint64_t)seconds - (uint64_t)(FIRST_DAY * 86400);
        int64_t days = FIRST_DAY + (int64_t)(since / 86400), rest = (int64_t)(since % 86400);
        Civil c = { .hour = (int)(rest / 3600), .minute = (int)(rest / 60 % 60) };
        c.weekday = (int)(((days + 4) % 7 + 7) % 7);
        /* Years that begin on the first of March put the leap day at the end: eras of 400 years. */
        int64_t z = days + 719468, era = floor_div(z, 146097);
        int64_t doe = z - era * 146097;
        int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        int mp = (int)((5 * doy + 2) / 153);
        c.day = (int)(doy - (153 * mp + 2) / 5) + 1;
        c.month = mp < 10 ? mp + 3 : mp - 9;
        c.year = yoe + era * 400 + (c.month <= 2);
        c.yearday = c.day;
        for (int m = 1; m < c.month; m++)
                c.yearday += days_in(c.year, m);
        return c;
}

static int64_t to_seconds(double v)
{
        /* What an x86-64 conversion gives for NaN and for values out of range. */
        return v >= -9223372036854775808.0 && v < 9223372036854775808.0 ? (int64_t)v : INT64_MIN;
}

static double f_minute(double v) { return civil_of(to_seconds(v)).minute; }
static double f_hour(double v) { return civil_of(to_seconds(v)).hour; }
static double f_day_of_month(double v) { return civil_of(to_seconds(v)).day; }
static double f_day_of_week(double v) { return civil_of(to_seconds(v)).weekday; }
static double f_day_of_year(double v) { return civil_of(to_seconds(v)).yearday; }
static double f_month(double v) { return civil_of(to_seconds(v)).month; }
static double f_year(double v) { return (double)civil_of(to_seconds(v)).year; }
static double f_days_in_month(double v)
{
        Civil c = civil_of(to_seconds(v));
        return days_in(c.year, c.month);
}

static const UnaryFn UNARY[FN_MAX_] = {
        [FN_ABS] = fabs,
        [FN_CEIL] = ceil,
        [FN_FLOOR] = floor,
        [FN_EXP] = gomath_exp,
        [FN_SQRT] = sqrt,
        [FN_LN] = log,
        [FN_LOG2] = gomath_log2,
        [FN_LOG10] = log10,
        [FN_SIN] = sin,
        [FN_COS] = cos,
        [FN_TAN] = tan,
        [FN_ASIN] = gomath_asin,
        [FN_ACOS] = gomath_acos,
        [FN_ATAN] = gomath_atan,
        [FN_SINH] = gomath_sinh,
        [FN_COSH] = gomath_cosh,
        [FN_TANH] = tanh,
        [FN_ASINH] = asinh,
        [FN_ACOSH] = acosh,
        [FN_ATANH] = atanh,
        [FN_RAD] = f_rad,
        [FN_DEG] = f_deg,
        [FN_SGN] = f_sgn,
        [FN_ROUND] = f_round,
        [FN_MINUTE] = f_minute,
        [FN_HOUR] = f_hour,
        [FN_DAY_OF_MONTH] = f_day_of_month,
        [FN_DAY_OF_WEEK] = f_day_of_week,
        [FN_DAY_OF_YEAR] = f_day_of_year,
        [FN_DAYS_IN_MONTH] = f_days_in_month,
        [FN_MONTH] = f_month,
        [FN_YEAR] = f_year,
};

typedef struct MapState {
        const Source *in;
        UnaryFn fn;
        const double *p0, *p1; /* clamp: bounds; round: the unit; per step */
        bool clamp;
} MapState;

static double clamp_one(const MapState *st, size_t s, double v)
{
        double lo = st->p0 ? st->p0[s] : -EXEC_INF, hi = st->p1 ? st->p1[s] : EXEC_INF;
        return hi < lo ? EXEC_ABSENT : gomath_max(lo, gomath_min(hi, v));
}

static bool map_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const MapState *st = src->state;
        if (!exec_row(st->in, w, i, out, err))
                return false;
        for (size_t s = 0; s < src->steps; s++) {
                if (exec_absent(out[s]))
                        continue;
                if (exec_is_hist(out[s])) {
                        out[s] = EXEC_ABSENT;
                } else if (st->clamp) {
                        out[s] = clamp_one(st, s, out[s]);
                } else if (st->p0) {
                        double inverse = 1.0 / st->p0[s];
                        out[s] = floor(out[s] * inverse + 0.5) / inverse;
                } else {
                        out[s] = st->fn(out[s]);
                }
        }
        return true;
}

/* minute() and its kin without an argument: of the evaluation time. */
static Source *of_eval_time(Exec *x, UnaryFn fn, const Grid *grid, Stage *stage, Err *err)
{
        Source *src = exec_source(stage, 1, grid->n);
        if (!exec_source_rows(x, stage, src, err))
                return NULL;
        for (size_t s = 0; s < grid->n; s++)
                src->rows[0][s] = fn((double)(grid_time(grid, s) / 1000) /* NOLINT: whole seconds, as upstream */);
        return src;
}

static bool map_args(Exec *x, const PlanNode *call, MapState *st, const Grid *grid, Stage *stage, Err *err)
{
        FunctionId id = call->expr->call.fn->id;
        st->clamp = id == FN_CLAMP || id == FN_CLAMP_MIN || id == FN_CLAMP_MAX;
        for (size_t k = 1; k < call->n_kids; k++) {
                double *p = exec_scalar_array(x, call->kids[k], grid, stage, err);
                if (!p)
                        return false;
                if (k == 2 || id == FN_CLAMP_MAX)
                        st->p1 = p;
                else
                        st->p0 = p;
        }
        return true;
}

Source *func_math_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        UnaryFn fn = UNARY[call->expr->call.fn->id];
        if (call->n_kids == 0)
                return of_eval_time(x, fn, grid, stage, err);
        MapState *st = arena_new_of(stage->arena, MapState);
        st->fn = fn;
        if (!map_args(x, call, st, grid, stage, err))
                return NULL;
        if (!st->fn && !st->clamp) {
                err_set(err, ERR_UNSUPPORTED, "function '%s' is not supported", call->expr->call.fn->name);
                return NULL;
        }
        st->in = exec_vector(x, call->kids[0], grid, stage, err);
        if (!st->in)
                return NULL;
        Source *src = exec_source(stage, st->in->n, grid->n);
        if (!exec_drop_names(x, stage, st->in, src, err))
                return NULL;
        src->state = st;
        src->row = map_row;
        if (x->options->features.delayed_name_removal)
                return exec_reserve(x, stage, 0, err) ? src : NULL;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}
