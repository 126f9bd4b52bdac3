/*
 * The one program of ours that is no TypeScript: it asks the kernel what Node cannot, changes nothing, and keeps no right that the verb can do
 * without.
 *
 *   outweigh-watch UID GID MOUNT...   see watch.c
 *   outweigh-watch attributes         see attributes.c
 *   outweigh-watch sockets            see sockets.c
 */
#define _GNU_SOURCE
#include "rights.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void fail(const char *what) {
  fprintf(stderr, "outweigh-watch: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* `nobody` of every Linux. */
#define NOBODY 65534

void become_nobody(void) {
  if (geteuid() != 0) return;
  if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0) fail("becoming another user");
}

void keep_only(uint64_t rights) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct held[2];
  struct rlimit no_processes = {0, 0};
  if (syscall(SYS_capget, &header, held) != 0) fail("reading rights");
  for (int i = 0; i < 2; i++) {
    held[i].permitted &= (uint32_t)(rights >> (32 * i));
    held[i].effective = held[i].permitted;
    held[i].inheritable = 0;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_NPROC, &no_processes) != 0) fail("dropping rights");
  if (syscall(SYS_capset, &header, held) != 0) fail("dropping rights");
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "attributes") == 0) return attributes();
  if (argc == 2 && strcmp(argv[1], "sockets") == 0) return sockets();
  return watch(argc, argv);
}
