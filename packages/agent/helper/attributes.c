/*
 * Tells what stands in extended attributes of files, which Node does not read: access lists and capabilities.
 *
 *   usage: outweigh-watch attributes
 *   input:  paths, each ended by NUL
 *   output: for each path, in their order, two fields: its access list, its capability. A field is 4 bytes of the error's number (0: none),
 *           4 bytes of length, in the machine's byte order, and so many bytes as the kernel gave them.
 *
 * No file is opened and no link at the end of a path followed. It keeps the right to pass folders that are closed to others, where it has it.
 * Source: xattr(7), acl(5), capabilities(7).
 */
#define _GNU_SOURCE
#include "rights.h"
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/xattr.h>

static void tell(const char *path, const char *name) {
  static char value[XATTR_SIZE_MAX];
  ssize_t got = path ? lgetxattr(path, name, value, sizeof value) : -1;
  uint32_t head[2] = {got < 0 ? (uint32_t)(path ? errno : ENAMETOOLONG) : 0, got < 0 ? 0 : (uint32_t)got};
  fwrite(head, sizeof *head, 2, stdout);
  fwrite(value, 1, head[1], stdout);
}

int attributes(void) {
  static char path[PATH_MAX];
  size_t length = 0;
  keep_only((uint64_t)1 << CAP_DAC_READ_SEARCH);
  for (int it; (it = getchar()) != EOF;) {
    if (length < sizeof path) path[length] = (char)it;
    length++;
    if (it != '\0') continue;
    const char *whole = length <= sizeof path ? path : NULL;
    tell(whole, "system.posix_acl_access");
    tell(whole, "security.capability");
    length = 0;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}
