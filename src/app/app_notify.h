/* app/app_notify.h - pharos notify test: tries the integrations of a receiver with a sample group of alerts. */
#pragma once

int app_notify_run(int argc, char **argv);
