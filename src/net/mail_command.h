/* net/mail_command.h - hands a mail to this machine's sendmail program, which every mail server brings. Blocks: for a worker
 * thread. */
#pragma once
#include "net/smtp_client.h"

enum { MAIL_COMMAND_MAX_TEXT_BYTES = 200 };

/* program: its path; it is run as `program -i -f FROM -- TO...` with the mail on its standard input, without a shell. Ends it
 * when *stop (may be NULL) becomes true or mail->timeout_ms is over. An exit status that says that the mail itself will not do
 * (EX_USAGE, EX_DATAERR, EX_NOUSER, EX_NOHOST) is a permanent failure. The error has the program's last words. */
MUST_CHECK bool mail_command_send(const char *program, const SmtpMail *mail, const atomic_bool *stop,
                                  SmtpAnswer *ret_answer, Err *err);
