/* base/attr.h - compiler attributes, spelled once. */
#pragma once

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define RETURNS_NONNULL __attribute__((returns_nonnull))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* AUTO(x_free) X *x = NULL;  calls x_free(x) at the end of the scope unless TAKE(x) moved it out. */
#define AUTO(fn) __attribute__((cleanup(auto_##fn)))
#define DEFINE_AUTO(Type, fn)                                                          \
        static inline void auto_##fn(Type *p) /* NOLINT(bugprone-macro-parentheses) */ \
        {                                                                              \
                if (*p)                                                                \
                        fn(*p);                                                        \
        }                                                                              \
        _Static_assert(1, "")
#define TAKE(p)                            \
        ({                                 \
                __typeof__(p) take_ = (p); \
                (p) = NULL;                \
                take_;                     \
        })

/* Drops the outcome of a MUST_CHECK function on purpose. */
#define IGNORE(expr)         \
        do {                 \
                if (expr) {} \
        } while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

/* What clang knows about locks. Write GUARDED_BY(&mu) behind a field that stands after mu. */
#if defined(__clang__) && __clang_major__ >= 19
#define GUARDED_BY(mu) __attribute__((guarded_by(mu)))
#define REQUIRES(mu) __attribute__((requires_capability(mu)))
#define RELEASES(mu) __attribute__((release_capability(mu)))
#define LOCKS_UNCHECKED __attribute__((no_thread_safety_analysis))
#else
#define GUARDED_BY(mu)
#define REQUIRES(mu)
#define RELEASES(mu)
#define LOCKS_UNCHECKED
#endif
