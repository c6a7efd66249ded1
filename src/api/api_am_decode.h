/* api/api_am_decode.h - the bodies of Alertmanager's API v2 as its decoder reads them. Private. */
#pragma once
#include "base/buf.h"
#include "codec/json.h"

/* Checks the types of one alert's (silence's) members, and spells its keys as this API does. False: why tells, in the
 * words of Alertmanager 0.25 (old) or of newer ones. why->arena must be that of the body. */
MUST_CHECK bool api_am_decode_alert(JsonValue *alert, bool old, Buf *why);
MUST_CHECK bool api_am_decode_silence(JsonValue *silence, bool old, Buf *why);
/* "number": how Go names what stands there. */
const char *api_am_decode_kind(const JsonValue *v);
