#include <sys/stat.h>
#include <unistd.h>

#include "net/mail_command.h"
#include "testing.h"

typedef struct Script {
        char dir[64], path[96], seen[96];
} Script;

static Script script(const char *body)
{
        Script s = { .dir = "/tmp/mail-command-XXXXXX" };
        assert_non_null(mkdtemp(s.dir));
        snprintf(s.path, sizeof s.path, "%s/sendmail", s.dir);
        snprintf(s.seen, sizeof s.seen, "%s/seen", s.dir);
        FILE *f = fopen(s.path, "w");
        fprintf(f, "#!/bin/sh\n%s\n", body);
        fclose(f);
        chmod(s.path, 0755);
        return s;
}

static void script_done(const Script *s)
{
        unlink(s->path);
        unlink(s->seen);
        rmdir(s->dir);
}

static const Str TO[] = { STR_INIT("ops@example.com"), STR_INIT("-oQ/tmp@example.com") };

static SmtpMail mail_of(const char *data, int64_t timeout_ms)
{
        return (SmtpMail){
                .from = STR("am@example.com"), .to = TO, .n_to = 2, .data = str_of(data), .timeout_ms = timeout_ms
        };
}

static void the_program_gets_envelope_and_mail(void **state)
{
        (void)state;
        Script s = script("{ echo \"$@\"; cat; } > \"$(dirname \"$0\")/seen\"");
        SmtpMail mail = mail_of("To: x\r\n\r\n.a\r\nb\rc\r\n", 20000);
        SmtpAnswer answer;
        Err err;
        char text[200];
        assert_ok(mail_command_send(s.path, &mail, NULL, &answer, &err), err);
        FILE *f = fopen(s.seen, "r");
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
        assert_string_equal(text, "-i -f am@example.com -- ops@example.com -oQ/tmp@example.com\nTo: x\n\n.a\nb\rc\n");
        script_done(&s);
}

static void failures_are_told_apart(void **state)
{
        (void)state;
        static const struct {
                const char *body, *want;
                bool permanent;
        } cases[] = {
                { "echo no such user >&2; exit 67", "status 67: no such user", true },
                { "echo later; exit 75", "status 75: later", false },
                { "kill -9 $$", "ended by signal 9", false },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Script s = script(cases[i].body);
                SmtpMail mail = mail_of("x", 20000);
                SmtpAnswer answer;
                Err err;
                assert_false(mail_command_send(s.path, &mail, NULL, &answer, &err));
                assert_contains(err.msg, cases[i].want);
                assert_int_equal(answer.permanent, cases[i].permanent);
                script_done(&s);
        }
        SmtpMail mail = mail_of("x", 20000);
        SmtpAnswer answer;
        Err err;
        assert_false(mail_command_send("/nonexistent/sendmail", &mail, NULL, &answer, &err));
        assert_contains(err.msg, "/nonexistent/sendmail");
        assert_false(answer.permanent);
}

static void what_hangs_is_ended(void **state)
{
        (void)state;
        Script s = script("sleep 1000 & wait");
        atomic_bool stop = true;
        SmtpMail mail = mail_of("x", 3600000);
        SmtpAnswer answer;
        Err err;
        assert_false(mail_command_send(s.path, &mail, &stop, &answer, &err));
        assert_contains(err.msg, "was stopped");
        mail.timeout_ms = 1;
        assert_false(mail_command_send(s.path, &mail, NULL, &answer, &err));
        script_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_program_gets_envelope_and_mail),
                cmocka_unit_test(failures_are_told_apart),
                cmocka_unit_test(what_hangs_is_ended),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
