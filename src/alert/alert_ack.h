/* alert/alert_ack.h - acknowledgements: who has seen an alert. Private. Under the router's lock. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_store.h"

/* Reads what was saved and puts it to its alerts. */
void alert_ack_load(const AlertStore *store, StateDb *db);
void alert_ack_set(StoredAlert *alert, const AlertAck *ack, int64_t now_ms, AlertJournal *journal);
/* Takes it back or lets it end; why: "unacknowledged", or what ended it. */
void alert_ack_clear(StoredAlert *alert, Str kind, Str by, int64_t now_ms, AlertJournal *journal);
/* NULL: nobody has seen it, or that is over. */
const AlertAck *alert_ack_of(const StoredAlert *alert, int64_t now_ms);
/* Ends those whose alert or time is over. */
void alert_ack_expire(StoredAlert *alert, int64_t now_ms, AlertJournal *journal);
