/* api/api_watch.h - handlers about what is watched: targets, rules, alerts; self is the ApiContext. Private. */
#pragma once
#include "api/api.h"

void api_watch_targets(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_target_metadata(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_scrape_pools(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_rules(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_alerts(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_alertmanagers(void *self, const HttpRequest *req, HttpResponse *resp);
void api_watch_alert_groups(void *self, const HttpRequest *req, HttpResponse *resp);
