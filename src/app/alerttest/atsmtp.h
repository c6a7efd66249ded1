/* A mail server for one mail, on loopback: what a client said, and the mail. */
#pragma once
#include "app/alerttest/atkind.h"
#include "net/smtp_client.h"

/* Sends the mail to such a server in place of its own. Transcript: "C: EHLO ...\n" for every command but QUIT. Both live in
 * arena. */
bool atsmtp_record(const SmtpMail *mail, Arena *arena, Str *ret_transcript, Str *ret_data, Err *err);
