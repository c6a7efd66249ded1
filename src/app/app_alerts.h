/* app/app_alerts.h - `pharos explain alert`, `pharos alerts ack|unack|acks|history|noise`: questions to a running server. */
#pragma once

int app_alerts_explain_run(int argc, char **argv);
int app_alerts_run(int argc, char **argv);
