#include "testing.h"

#include "base/rand.h"
#include "tsdb/postings.h"

enum { SLOTS = 3000, NAMES = 4 };
static uint32_t value_of[SLOTS][NAMES]; /* 0: absent; else value number */
static const uint32_t CARDINALITY[NAMES] = { 1, 3, 40, 2000 };

typedef struct World {
        Symtab *symbols;
        Postings *postings;
        Arena *arena;
        bool live[SLOTS];
} World;

static Str value_text(World *w, uint32_t v) { return v ? str_printf(w->arena, "v%u", v) : (Str){ 0 }; }
static Str name_text(World *w, unsigned n) { return str_printf(w->arena, "n%u", n); }

static size_t pairs_of(World *w, uint32_t slot, PostingsPair *pairs, bool add)
{
        size_t n = 0;
        for (unsigned k = 0; k < NAMES; k++) {
                if (!value_of[slot][k])
                        continue;
                Str name = name_text(w, k), value = value_text(w, value_of[slot][k]);
                pairs[n++] = add ? (PostingsPair){ symtab_intern(w->symbols, name), symtab_intern(w->symbols, value) }
                                 : (PostingsPair){ symtab_find(w->symbols, name), symtab_find(w->symbols, value) };
        }
        return n;
}

static void check_matcher(World *w, MatchType type, unsigned name, const char *pattern)
{
        Matcher m;
        Err err;
        assert_ok(matcher_make(w->arena, type, name_text(w, name), str_of(pattern), &m, &err), err);
        roaring_bitmap_t *set;
        assert_ok(postings_select(w->postings, (Matchers){ &m, 1 }, NULL, &set, &err), err);
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
                bool want = w->live[slot] && matcher_matches(&m, value_text(w, value_of[slot][name]));
                if (roaring_bitmap_contains(set, slot) != want)
                        fail_msg("slot %u, n%u %d %s: want %d", slot, name, (int)type, pattern, want);
        }
        roaring_bitmap_free(set);
}

/* Never fewer than match, and exactly those for one label. */
static void check_at_most(World *w, Rand *r)
{
        Matcher m[2];
        Err err;
        for (unsigned k = 0; k < 2; k++) {
                unsigned name = (unsigned)rand_below(r, NAMES);
                Str value = value_text(w, (uint32_t)rand_below(r, CARDINALITY[name] + 2));
                MatchType type = k && rand_below(r, 3) == 0 ? MATCH_NE : MATCH_EQ;
                assert_ok(matcher_make(w->arena, type, name_text(w, name), value, &m[k], &err), err);
        }
        for (size_t n = 0; n <= 2; n++) {
                roaring_bitmap_t *set;
                assert_ok(postings_select(w->postings, (Matchers){ m, n }, NULL, &set, &err), err);
                size_t have = roaring_bitmap_get_cardinality(set),
                       at_most = postings_at_most(w->postings, (Matchers){ m, n });
                roaring_bitmap_free(set);
                assert_true(at_most >= have);
                if (n == 0 || (n == 1 && m[0].value.n))
                        assert_int_equal(at_most, have);
        }
}

static void check_all(World *w)
{
        static const char *const PATTERNS[] = {
                "v1", "", "v1|v2", "v1|", "v.*", ".*", ".+", "v1.*", "nothing", "v[0-9]"
        };
        for (unsigned name = 0; name < NAMES; name++)
                for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++)
                        for (MatchType type = MATCH_EQ; type <= MATCH_NRE; type++)
                                check_matcher(w, type, name, PATTERNS[i]);
        size_t pairs = 0;
        uint32_t *names;
        size_t n = postings_names(w->postings, w->arena, &names);
        for (size_t i = 0; i < n; i++) {
                PostingsCount *values;
                size_t n_values = postings_values(w->postings, names[i], NULL, w->arena, &values);
                pairs += n_values;
                for (size_t k = 0; k < n_values; k++)
                        assert_true(values[k].series > 0);
        }
        assert_int_equal(pairs, postings_pairs(w->postings));
}

static void agrees_with_the_matchers(void **state)
{
        (void)state;
        World w = { .symbols = symtab_new(), .arena = arena_new() };
        w.postings = postings_new(w.symbols);
        Rand r;
        rand_init(&r, 5);
        PostingsPair pairs[NAMES];
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
                for (unsigned k = 0; k < NAMES; k++)
                        value_of[slot][k] = rand_below(&r, 5) ? 1 + (uint32_t)rand_below(&r, CARDINALITY[k]) : 0;
                postings_add(w.postings, slot, pairs, pairs_of(&w, slot, pairs, true));
                w.live[slot] = true;
        }
        check_all(&w);
        for (unsigned i = 0; i < 2000; i++)
                check_at_most(&w, &r);
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
                if (slot % 50 == 0)
                        continue;
                postings_remove(w.postings, slot, pairs, pairs_of(&w, slot, pairs, false));
                w.live[slot] = false;
        }
        check_all(&w);
        for (unsigned i = 0; i < 2000; i++)
                check_at_most(&w, &r);
        assert_true(postings_bytes(w.postings) > 0);
        postings_free(w.postings);
        symtab_unref(w.symbols);
        arena_free(w.arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(agrees_with_the_matchers) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
