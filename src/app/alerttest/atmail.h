/* Mails as one text each, with what differs from run to run masked. */
#pragma once
#include "app/alerttest/atkind.h"

/* From a dialogue and a mail. */
Str atmail_made(Arena *arena, Str transcript, Str data);
/* From a recording: its transcript, data and, when the body was left out, visible_text and hrefs. */
Str atmail_recorded(Arena *arena, const JsonValue *recorded);
