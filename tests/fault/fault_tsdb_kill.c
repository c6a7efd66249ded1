/* Kills a writing process at random moments: whatever it said was acknowledged is there afterwards, once, with the right value. */
#include "faultrig.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 25, STEPS_A_ROUND = 150, MAX_RUN_MS = 60 };
static unsigned char seen[FAULT_MAX_STEPS];

/* Says each acknowledged step over the pipe. Never returns. */
static void writer(const char *dir, unsigned first, int out)
{
        Tsdb *db = fault_open(dir, NULL);
        Err err;
        for (unsigned step = first; step < first + STEPS_A_ROUND; step++) {
                if (!fault_commit(db, step, &err))
                        _exit(2);
                if (write(out, &step, sizeof step) != sizeof step)
                        _exit(3);
                if (step % 32 == 0)
                        tsdb_maintain(db);
                if (step % 128 == 127 && !tsdb_flush(db, &err))
                        _exit(4);
        }
        tsdb_close(db);
        _exit(0);
}

static void pause_ms(int64_t ms)
{
        struct timespec ts = { .tv_nsec = (long)(ms * 1000000) };
        nanosleep(&ts, NULL);
}

/* Runs the writer from `first` and kills it; returns the step behind the last acknowledged one. */
static unsigned kill_round(const char *dir, unsigned first, Rand *rand)
{
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                close(fds[0]);
                writer(dir, first, fds[1]);
        }
        close(fds[1]);
        pause_ms((int64_t)rand_below(rand, MAX_RUN_MS));
        kill(pid, SIGKILL);
        unsigned step, next = first;
        while (read(fds[0], &step, sizeof step) == sizeof step)
                next = step + 1;
        close(fds[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        return next;
}

static void survives_kill(void **state)
{
        (void)state;
        char dir[64];
        fault_temp_dir(dir);
        Rand rand;
        rand_init(&rand, (uint64_t)getpid());
        unsigned next = 0;
        for (int round = 0; round < ROUNDS && next + STEPS_A_ROUND < FAULT_MAX_STEPS; round++) {
                unsigned acked = kill_round(dir, next, &rand);
                /* On a copy every other time: then the next writer meets what two crashes left. */
                char copy[64];
                fault_temp_dir(copy);
                if (round % 2)
                        fault_copy_dir(dir, copy);
                Tsdb *db = fault_open(round % 2 ? copy : dir, NULL);
                fault_check(db, true, seen);
                for (unsigned step = 0; step < acked; step++)
                        if (seen[step] != FAULT_SERIES)
                                fail_msg("round %d: step %u was acknowledged and is lost", round, step);
                /* At most one batch was on its way. */
                for (unsigned step = acked + 1; step < FAULT_MAX_STEPS; step++)
                        assert_int_equal(seen[step], 0);
                TsdbStats stats;
                tsdb_stats(db, &stats);
                assert_true(stats.wal_corruptions <= 1);
                assert_int_equal(stats.chunk_corruptions, 0);
                next = acked + (seen[acked] ? 1 : 0);
                tsdb_close(db);
                fault_remove(copy);
        }
        fault_remove(dir);
}

int main(void)
{
        clock_manual_init(&fault_clock, FAULT_START_MS);
        const struct CMUnitTest tests[] = { cmocka_unit_test(survives_kill) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
