/* For tests alone: sets an extended attribute, which Node cannot. usage: set-attribute PATH NAME HEX */
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv) {
  unsigned char value[4096];
  size_t length = argc == 4 ? strlen(argv[3]) / 2 : 0;
  if (length == 0 || length > sizeof value) return 2;
  for (size_t i = 0; i < length; i++)
    if (sscanf(argv[3] + 2 * i, "%2hhx", &value[i]) != 1) return 2;
  if (setxattr(argv[1], argv[2], value, length, 0) == 0) return 0;
  perror(argv[2]);
  return 1;
}
