/* The mail and the program's words are in files without names: nothing waits for a reader, and SIGPIPE cannot come.
 *
 * Invariants:
 * 1. The program gets three descriptors and no signal that is blocked or ignored here; it leads a group of its own, which is
 *    ended as a whole.
 * 2. Addresses stand behind "--": none is taken for an option. */
#include "net/mail_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "os/clock.h"

enum { LOOK_EVERY_MS = 200, NO_PROGRAM = 127, NS_PER_MS = 1000000, FIXED_ARGUMENTS = 5 };

/* As Unix programs want it: lines end with a line feed. */
static bool write_mail(int fd, Str data)
{
        Buf text = { 0 };
        for (size_t i = 0; i < data.n; i++)
                if (data.p[i] != '\r' || i + 1 == data.n || data.p[i + 1] != '\n')
                        buf_char(&text, data.p[i]);
        size_t done = 0;
        while (done < text.n) {
                ssize_t n = write(fd, text.p + done, text.n - done);
                if (n <= 0)
                        break;
                done += (size_t)n;
        }
        bool ok = done == text.n && lseek(fd, 0, SEEK_SET) == 0;
        buf_done(&text);
        return ok;
}

static char **arguments(const char *program, const SmtpMail *mail, Arena *arena)
{
        char **argv = arena_array(arena, char *, mail->n_to + FIXED_ARGUMENTS + 1);
        size_t n = 0;
        argv[n++] = (char *)(uintptr_t)program;
        argv[n++] = str_dupz(arena, STR("-i"));
        argv[n++] = str_dupz(arena, STR("-f"));
        argv[n++] = str_dupz(arena, mail->from);
        argv[n++] = str_dupz(arena, STR("--"));
        for (size_t i = 0; i < mail->n_to; i++)
                argv[n++] = str_dupz(arena, mail->to[i]);
        argv[n] = NULL;
        return argv;
}

static int start(const char *program, char **argv, int in, int out, pid_t *ret)
{
        static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char *env[] = { path, NULL };
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attr;
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_init(&attr);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setsigdefault(&attr, &all);
        posix_spawnattr_setpgroup(&attr, 0);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
        int failed = posix_spawn(ret, program, &files, &attr, argv, env);
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attr);
        return failed;
}

/* The wait status, or -1: it was ended because its time was over. */
static int wait_for(pid_t pid, int64_t timeout_ms, const atomic_bool *stop)
{
        const Clock *clock = clock_system();
        int64_t until_ns = clock->mono_ns(clock) + timeout_ms * NS_PER_MS;
        int status = 0;
        int fd = pidfd_open(pid, 0);
        struct pollfd ended = { .fd = fd, .events = POLLIN };
        bool over = false;
        while (!over && (fd < 0 || poll(&ended, 1, LOOK_EVERY_MS) <= 0)) {
                if (fd < 0 && waitpid(pid, &status, WNOHANG) == pid)
                        return status;
                if (fd < 0)
                        poll(NULL, 0, LOOK_EVERY_MS);
                over = clock->mono_ns(clock) >= until_ns || (stop && atomic_load(stop));
        }
        if (over)
                kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (fd >= 0)
                close(fd);
        return over ? -1 : status;
}

static void last_words(int out, char text[MAIL_COMMAND_MAX_TEXT_BYTES])
{
        ssize_t n = pread(out, text, MAIL_COMMAND_MAX_TEXT_BYTES - 1, 0);
        n = MAX_OF(n, 0);
        while (n > 0 && (unsigned char)text[n - 1] <= ' ')
                n--;
        for (ssize_t i = 0; i < n; i++)
                if ((unsigned char)text[i] < ' ')
                        text[i] = ' ';
        text[n] = '\0';
}

static bool judge(const char *program, int status, int out, SmtpAnswer *ret, Err *err)
{
        char text[MAIL_COMMAND_MAX_TEXT_BYTES];
        if (status == 0)
                return true;
        last_words(out, text);
        if (status < 0)
                return err_set(err, ERR_UNAVAILABLE, "%s did not end in time and was stopped%s%s", program,
                               *text ? ": " : "", text);
        if (!WIFEXITED(status))
                return err_set(err, ERR_UNAVAILABLE, "%s was ended by signal %d", program, WTERMSIG(status));
        int code = WEXITSTATUS(status);
        ret->permanent = code == EX_USAGE || code == EX_DATAERR || code == EX_NOUSER || code == EX_NOHOST;
        snprintf(ret->text, sizeof ret->text, "%s", text);
        if (code == NO_PROGRAM && !*text)
                return err_set(err, ERR_UNAVAILABLE, "%s cannot be run", program);
        return err_set(err, ERR_UNAVAILABLE, "%s ended with status %d%s%s", program, code, *text ? ": " : "", text);
}

bool mail_command_send(const char *program, const SmtpMail *mail, const atomic_bool *stop, SmtpAnswer *ret_answer,
                       Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        SmtpAnswer answer = { 0 };
        pid_t pid;
        int in = memfd_create("mail", MFD_CLOEXEC);
        int out = memfd_create("words", MFD_CLOEXEC);
        bool ok = false;
        *ret_answer = answer;
        if (in < 0 || out < 0 || !write_mail(in, mail->data)) {
                err_sys(err, errno, "keep the mail for %s", program);
        } else {
                int failed = start(program, arguments(program, mail, arena), in, out, &pid);
                int64_t timeout_ms = mail->timeout_ms ? mail->timeout_ms : SMTP_CLIENT_TIMEOUT_MS;
                ok = failed ? err_sys(err, failed, "%s cannot be run", program)
                            : judge(program, wait_for(pid, timeout_ms, stop), out, ret_answer, err);
        }
        if (in >= 0)
                close(in);
        if (out >= 0)
                close(out);
        return ok;
}
