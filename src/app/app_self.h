/* app/app_self.h - pharos' metrics about its own process, beside those that the folders declare. */
#pragma once

/* Registers them. Once per process. */
void app_self_start(void);
