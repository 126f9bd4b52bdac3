/* What the parts of the helper share. Source: capabilities(7). */
#pragma once
#include <stdint.h>

/* Ends the program with this and the last error on standard error. */
void fail(const char *what);

/* Gives up every right but these, as bits by the numbers of linux/capability.h, for good; and starts no process any more. */
void keep_only(uint64_t rights);

/* Started by root, becomes the user and group that own nothing, for good. */
void become_nobody(void);

/* Each a verb of the program; returns its exit code. */
int watch(int argc, char **argv);
int attributes(void);
int sockets(void);
