/* Invariants:
 * 1. Arithmetic is in seconds as doubles, and only the result is rounded to milliseconds: 20*500ms is exact.
 * 2. A parsed tree is at most AST_MAX_DEPTH high, so recursion is bounded. */
#include "promql/durexpr.h"

#include <math.h>

#include "base/duration.h"
#include "codec/floats.h"

static bool evaluate(const DurationExpr *e, double range_s, double step_s, double *ret, Err *err)
{
        double l = 0, r = 0;
        if (e->lhs && !evaluate(e->lhs, range_s, step_s, &l, err))
                return false;
        if (e->rhs && !evaluate(e->rhs, range_s, step_s, &r, err))
                return false;
        switch (e->op) {
        case DUR_NUMBER: *ret = e->seconds; break;
        case DUR_STEP: *ret = step_s; break;
        case DUR_RANGE: *ret = range_s; break;
        case DUR_NEGATE: *ret = -r; break;
        case DUR_PAREN: *ret = r; break;
        case DUR_ADD: *ret = l + r; break;
        case DUR_SUB: *ret = l - r; break;
        case DUR_MUL: *ret = l * r; break;
        case DUR_DIV:
                if (r == 0)
                        return err_set(err, ERR_INVALID, "division by zero");
                *ret = l / r;
                break;
        case DUR_MOD:
                if (r == 0)
                        return err_set(err, ERR_INVALID, "modulo by zero");
                *ret = fmod(l, r);
                break;
        case DUR_POW: *ret = pow(l, r); break;
        case DUR_MIN: *ret = isnan(l) || isnan(r) ? (double)NAN : fmin(l, r); break;
        case DUR_MAX: *ret = isnan(l) || isnan(r) ? (double)NAN : fmax(l, r); break;
        }
        return true;
}

bool durexpr_eval(const DurationExpr *e, int64_t start_ms, int64_t end_ms, int64_t step_ms, bool allow_negative,
                  int64_t *ret_ms, Err *err)
{
        double s = 0;
        if (!evaluate(e, ((double)end_ms - (double)start_ms) / 1000, (double)step_ms / 1000, &s, err))
                return false;
        double ms = round(s * 1000);
        if (isnan(ms) || fabs(ms) > (double)(INT64_MAX / 1000000))
                return err_set(err, ERR_INVALID, "duration is out of range");
        if (ms <= 0 && !allow_negative)
                return err_set(err, ERR_INVALID, "duration must be greater than 0");
        *ret_ms = (int64_t)ms;
        return true;
}

bool durexpr_seconds_to_ms(double seconds, int64_t *ret_ms)
{
        double ms = trunc(round(seconds * 1e9) / 1e6);
        if (isnan(ms) || fabs(ms) > (double)(INT64_MAX / 1000000))
                return false;
        *ret_ms = (int64_t)ms;
        return true;
}

static void print_number(Buf *out, const DurationExpr *e)
{
        int64_t ms;
        if (e->is_duration && durexpr_seconds_to_ms(e->seconds, &ms))
                duration_format(out, ms);
        else
                floats_format_f(out, e->seconds);
}

static void print_call(Buf *out, const char *name, const DurationExpr *e)
{
        buf_cstr_add(out, name);
        durexpr_print(out, e->lhs);
        buf_lit(out, ", ");
        durexpr_print(out, e->rhs);
        buf_char(out, ')');
}

void durexpr_print(Buf *out, const DurationExpr *e)
{
        static const char *const BINARY[] = {
                [DUR_ADD] = " + ", [DUR_SUB] = " - ", [DUR_MUL] = " * ",
                [DUR_DIV] = " / ", [DUR_MOD] = " % ", [DUR_POW] = " ^ ",
        };
        switch (e->op) {
        case DUR_NUMBER: print_number(out, e); break;
        case DUR_STEP: buf_lit(out, "step()"); break;
        case DUR_RANGE: buf_lit(out, "range()"); break;
        case DUR_NEGATE:
                buf_char(out, '-');
                durexpr_print(out, e->rhs);
                break;
        case DUR_PAREN:
                buf_char(out, '(');
                durexpr_print(out, e->rhs);
                buf_char(out, ')');
                break;
        case DUR_MIN: print_call(out, "min_of(", e); break;
        case DUR_MAX: print_call(out, "max_of(", e); break;
        case DUR_ADD:
        case DUR_SUB:
        case DUR_MUL:
        case DUR_DIV:
        case DUR_MOD:
        case DUR_POW:
                durexpr_print(out, e->lhs);
                buf_cstr_add(out, BINARY[e->op]);
                durexpr_print(out, e->rhs);
                break;
        }
}
