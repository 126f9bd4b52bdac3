/* Fills a file through a mapping of memory, which the kernel does not count as writing: write-mapped FILE BYTES */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t size = (size_t)atol(argv[2]);
  int fd = open(argv[1], O_RDWR);
  char *at = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return 1;
  memset(at, 9, size);
  return munmap(at, size) != 0 || close(fd) != 0;
}
