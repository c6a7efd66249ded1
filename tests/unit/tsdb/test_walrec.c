#include "testing.h"

#include "base/rand.h"
#include "model/sample.h"
#include "tsdb/walrec.h"

enum { N = 2000 };
typedef struct Seen {
        uint64_t sid[N];
        int64_t t[N];
        double v[N];
        size_t samples, series, states, checkpoints;
        Buf text;
} Seen;

static void on_series(void *ctx, uint64_t sid, Labels labels)
{
        Seen *s = ctx;
        s->series++;
        buf_printf(&s->text, "%llu=", (unsigned long long)sid);
        labels_print(&s->text, labels);
        buf_char(&s->text, ';');
}
static void on_sample(void *ctx, uint64_t sid, int64_t t_ms, double v)
{
        Seen *s = ctx;
        s->sid[s->samples % N] = sid;
        s->t[s->samples % N] = t_ms;
        s->v[s->samples++ % N] = v;
}
static void on_state(void *ctx, const WalState *state)
{
        Seen *s = ctx;
        s->states++;
        buf_printf(&s->text, "%llu@%lld#%llx;", (unsigned long long)state->sid, (long long)state->closed_ms,
                   (unsigned long long)state->closed_bits);
}
static void on_checkpoint(void *ctx, const WalCheckpoint *c)
{
        Seen *s = ctx;
        s->checkpoints++;
        buf_printf(&s->text, "next %llu sealed %zu last %u;", (unsigned long long)c->next_sid, c->n_sealed,
                   c->n_sealed ? c->sealed[c->n_sealed - 1] : 0);
}
static WalrecHandler handler(Seen *s) { return (WalrecHandler){ s, on_series, on_sample, on_state, on_checkpoint }; }

static Seen seen;

static void samples_come_back_bit_for_bit(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        WalrecWriter w;
        Rand r;
        rand_init(&r, 3);
        static uint64_t sid[N];
        static int64_t t[N];
        static double v[N];
        walrec_begin(&w, &out, WALREC_SAMPLES);
        for (size_t i = 0; i < N; i++) {
                sid[i] = rand_below(&r, 3) ? (i ? sid[i - 1] + 1 : 1) : rand_u64(&r) >> rand_below(&r, 60);
                t[i] = rand_below(&r, 3) && i ? t[i - 1] : (int64_t)(rand_u64(&r) >> rand_below(&r, 60));
                switch (rand_below(&r, 6)) {
                case 0: v[i] = bits_to_double(rand_u64(&r)); break;
                case 1:
                        v[i] = (double)(int64_t)rand_below(&r, (uint64_t)1 << rand_below(&r, 60)) *
                               (rand_below(&r, 2) ? 1 : -1);
                        break;
                case 2: v[i] = -0.0; break;
                case 3: v[i] = sample_stale(); break;
                case 4: v[i] = (double)rand_below(&r, 1000) / 8; break;
                default: v[i] = 0;
                }
                walrec_sample(&w, sid[i], t[i], v[i]);
        }
        walrec_end(&w);
        memset(&seen, 0, sizeof seen);
        WalrecHandler h = handler(&seen);
        Err err;
        assert_ok(walrec_read(buf_str(&out), &h, &err), err);
        assert_int_equal(seen.samples, N);
        assert_memory_equal(seen.sid, sid, sizeof sid);
        assert_memory_equal(seen.t, t, sizeof t);
        assert_memory_equal(seen.v, v, sizeof v);
}

static void other_sections(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        WalrecWriter w;
        const Label pairs[] = { { STR("__name__"), STR("up") }, { STR("job"), STR("x") } };
        const uint32_t sealed[] = { 3, 9 };
        walrec_begin(&w, &out, WALREC_CHECKPOINT);
        walrec_checkpoint(&w, &(WalCheckpoint){ .next_sid = 50, .sealed = sealed, .n_sealed = 2 });
        walrec_end(&w);
        walrec_begin(&w, &out, 99); /* a kind of tomorrow */
        buf_lit(&out, "whatever");
        walrec_end(&w);
        walrec_begin(&w, &out, WALREC_SERIES);
        walrec_series(&w, 7, (Labels){ pairs, 2 });
        walrec_series(&w, 3, (Labels){ pairs, 1 });
        walrec_end(&w);
        walrec_begin(&w, &out, WALREC_STATES);
        walrec_state(&w, &(WalState){ 7, 1000, 0xabc });
        walrec_state(&w, &(WalState){ 3, -1000, 1 });
        walrec_end(&w);
        memset(&seen, 0, sizeof seen);
        WalrecHandler h = handler(&seen);
        Err err;
        assert_ok(walrec_read(buf_str(&out), &h, &err), err);
        assert_str(buf_str(&seen.text), "next 50 sealed 2 last 9;7=up{job=\"x\"};3=up;7@1000#abc;3@-1000#1;");
        for (size_t cut = 1; cut < out.n; cut++) {
                buf_clear(&seen.text);
                if (!walrec_read((Str){ out.p, cut }, &h, &err))
                        assert_int_equal(err.code, ERR_CORRUPT);
        }
        buf_done(&seen.text);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(samples_come_back_bit_for_bit),
                                            cmocka_unit_test(other_sections) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
