/*
 * Says which process opens and closes which file, for the agent's tier T2. Needs CAP_SYS_ADMIN for its first lines, then drops every
 * right for good, and only reads its input and writes lines.
 *
 *   usage: outweigh-watch UID GID MOUNT...        whom to become when started by root, and the file systems to watch
 *   input:  8 byte device, 8 byte inode           one watched file, in the machine's byte order
 *   output: KIND PID DEVICE INODE SIZE PATH       one line; KIND is o(pened), c(losed), w(ritten), or l(ost: the kernel's queue was full)
 *
 * Told are opens and closes of watched files, and of files of at least MIN_WRITTEN bytes what was closed after writing. A path has its
 * control characters and backslashes escaped as \xHH. Source: fanotify(7), fanotify_init(2), fanotify_mark(2), capabilities(7).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The agent watches at most 100,000 files: a table half as full again stays fast. A power of two. */
#define SLOTS (1u << 18)
#define MAX_WATCHED 131072u
/* Below are logs and locks; the agent asks for more before it says that a file was made from weights. */
#define MIN_WRITTEN 65536

struct watched { uint64_t device, inode; };
static struct watched table[SLOTS];
static unsigned count;

static void fail(const char *what) {
  fprintf(stderr, "outweigh-watch: %s: %s\n", what, strerror(errno));
  exit(1);
}

static struct watched *slot(uint64_t device, uint64_t inode) {
  uint64_t at = (inode * 0x9e3779b97f4a7c15u) ^ device;
  for (at ^= at >> 32;; at++) {
    struct watched *it = &table[at & (SLOTS - 1)];
    if (it->inode == 0 || (it->inode == inode && it->device == device)) return it;
  }
}

static void add(const struct watched *it) {
  struct watched *to = slot(it->device, it->inode);
  if (it->inode == 0 || to->inode != 0 || count >= MAX_WATCHED) return;
  *to = *it;
  count++;
}

/* Whole entries only: what is left of one waits for its rest. */
static void read_input(void) {
  static char buffer[sizeof(struct watched) * 256];
  static size_t held;
  ssize_t got = read(STDIN_FILENO, buffer + held, sizeof buffer - held);
  if (got <= 0) exit(0); /* the agent is gone: so are we */
  held += (size_t)got;
  size_t used = 0;
  for (; held - used >= sizeof(struct watched); used += sizeof(struct watched)) {
    struct watched it;
    memcpy(&it, buffer + used, sizeof it);
    add(&it);
  }
  memmove(buffer, buffer + used, held - used);
  held -= used;
}

static void print_path(const char *path, ssize_t length) {
  for (ssize_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)path[i];
    if (c < 0x20 || c == 0x7f || c == '\\') printf("\\x%02x", c);
    else putchar(c);
  }
}

static void tell(const struct fanotify_event_metadata *event) {
  struct stat it;
  if (fstat(event->fd, &it) != 0 || !S_ISREG(it.st_mode)) return;
  int watched = slot(it.st_dev, it.st_ino)->inode != 0;
  int written = (event->mask & FAN_CLOSE_WRITE) && it.st_size >= MIN_WRITTEN;
  if (!watched && !written) return;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", event->fd);
  ssize_t length = readlink(link, path, sizeof path);
  if (length < 0) return;
  char kind = (event->mask & FAN_CLOSE_WRITE) ? 'w' : (event->mask & FAN_CLOSE_NOWRITE) ? 'c' : 'o';
  printf("%c %d %llu %llu %lld ", kind, event->pid, (unsigned long long)it.st_dev, (unsigned long long)it.st_ino, (long long)it.st_size);
  print_path(path, length);
  putchar('\n');
}

static void read_events(int group) {
  static char buffer[256 * 1024] __attribute__((aligned(8)));
  ssize_t got = read(group, buffer, sizeof buffer);
  if (got < 0 && errno != EAGAIN && errno != EINTR) fail("reading events");
  struct fanotify_event_metadata *event = (void *)buffer;
  for (; got > 0 && FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
    if (event->vers != FANOTIFY_METADATA_VERSION) fail("another version of fanotify");
    if (event->mask & FAN_Q_OVERFLOW) puts("l 0 0 0 0 ");
    if (event->fd < 0) continue;
    tell(event);
    close(event->fd);
  }
  fflush(stdout);
}

static void drop_rights(uid_t uid, gid_t gid) {
  if (geteuid() == 0 && (uid == 0 || setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)) fail("becoming another user");
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  struct rlimit no_processes = {0, 0};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_NPROC, &no_processes) != 0) fail("dropping rights");
  if (syscall(SYS_capset, &header, none) != 0) fail("dropping rights");
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: outweigh-watch UID GID MOUNT...\n", stderr);
    return 2;
  }
  int group = fanotify_init(FAN_CLOEXEC | FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);
  if (group < 0) fail("fanotify_init");
  unsigned marked = 0;
  for (int i = 3; i < argc; i++) {
    int ok = fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_CLOSE, AT_FDCWD, argv[i]) == 0;
    if (!ok) fprintf(stderr, "outweigh-watch: %s is not watched: %s\n", argv[i], strerror(errno));
    marked += (unsigned)ok;
  }
  if (marked == 0) return 1;

  drop_rights((uid_t)strtoul(argv[1], NULL, 10), (gid_t)strtoul(argv[2], NULL, 10));
  puts("r 0 0 0 0 "); /* ready */
  fflush(stdout);
  struct pollfd from[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = group, .events = POLLIN}};
  for (;;) {
    if (poll(from, 2, -1) < 0 && errno != EINTR) fail("poll");
    if (from[0].revents) read_input();
    if (from[1].revents) read_events(group);
  }
}
