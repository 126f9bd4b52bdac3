/*
 * Says which process opens and closes which file, and what that process is, for the agent's tier T2. Needs CAP_SYS_ADMIN for its first
 * lines, and takes CAP_SYS_NICE and CAP_SYS_RESOURCE where it has them, to be run before others; then drops every right for good.
 *
 *   usage: outweigh-watch UID GID MOUNT...        whom to become when started by root, and the file systems to watch
 *   input:  8 byte device, 8 byte inode           one watched file, in the machine's byte order
 *   output: frames, each 4 bytes of length and so many bytes. The first is its kind. Numbers in the machine's byte order; a text is two
 *           bytes of length and its bytes, as the kernel gave them.
 *     r  ready
 *     l  something was missed: the kernel's queue was full, or a file system let us not look at a file
 *     m  the table of mounts became another one
 *     p  a process, before the first event that names it and after it became another program: 4 pid, 8 start in clock ticks since boot,
 *        text name, text arguments (each ended by NUL), 4 uid, 4 login uid, text cgroup, 1 count, so many parents upwards: 4 pid, text name
 *     o  opened, c closed, w closed after writing: 4 pid, 8 start of it (0: it had ended unseen), 8 device, 8 inode, 8 size, the path
 *
 * Told are closes after writing of files of at least MIN_WRITTEN bytes, and opens and closes of watched files and of those written of late:
 * whoever packs or sends a copy opens it before the agent can have asked for it.
 *
 * What a process is stands in files of /proc that everybody may read. Its program's path does not: that would take CAP_SYS_PTRACE, and
 * with it the memory of every process. Source: fanotify(7), fanotify_init(2), fanotify_mark(2), capabilities(7), proc(5), sched(7).
 */
#define _GNU_SOURCE
#include "rights.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The agent watches at most 100,000 files: a table half as full again stays fast. A power of two. */
#define SLOTS (1u << 18)
#define MAX_WATCHED 131072u
/* Files written of late that are remembered, one for each value of a hash; a newer one takes the place. A power of two. */
#define RECENT (1u << 12)
/* Below are logs and locks; the agent asks for more before it says that a file was made from weights. */
#define MIN_WRITTEN 65536
/* Processes that are remembered, by the end of their id. A power of two. */
#define KNOWN (1u << 12)
/* A process is looked at again after this: it may run the same program with other arguments by now, or be another one. */
#define KNOWN_MS 10000
/* And a process that is told as a parent after this. */
#define PARENT_MS 250
/* As many parents as the agent tells, and as much of each text: its first arguments say what a program does. */
#define MAX_PARENTS 16
#define MAX_TEXT 8192
#define MAX_FRAME 32768
/* Bytes that wait for the agent: some ten thousand events. Then the kernel's queue fills, which says when it is full. */
#define MAX_BEHIND (4u << 20)
/* Events read at a time. Each brings two descriptors, of which a process may have 1,024: the kernel drops events beyond, and says nothing. */
#define MAX_EVENTS 256
/* Longest that it may run before all others without a pause, in us: then it is flooded, and others come first. And when it asks again. */
#define MAX_FIRST_US 200000
#define FIRST_AGAIN_MS 1000

struct file { uint64_t device, inode; };
static struct file watched[SLOTS], recent[RECENT], passed[RECENT];
static unsigned count;
static int group;

/* What was last seen of a process and when; when it was told (0: never), and whether it has opened another program since. */
struct process { uint64_t start, told, looked; uint32_t pid, parent; int changed; char name[64]; };
static struct process known[KNOWN];
static int proc;

static uint64_t now_ms(void) {
  struct timespec it;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &it);
  return (uint64_t)it.tv_sec * 1000 + (uint64_t)it.tv_nsec / 1000000;
}

/* Files that are watched, and that were written of late. */

static uint64_t hash(uint64_t device, uint64_t inode) {
  uint64_t it = (inode * 0x9e3779b97f4a7c15u) ^ device;
  return it ^ it >> 32;
}

static struct file *slot(uint64_t device, uint64_t inode) {
  for (uint64_t at = hash(device, inode);; at++) {
    struct file *it = &watched[at & (SLOTS - 1)];
    if (it->inode == 0 || (it->inode == inode && it->device == device)) return it;
  }
}

static void add(const struct file *it) {
  struct file *to = slot(it->device, it->inode);
  /* It may be among those that the kernel was told to pass over. */
  fanotify_mark(group, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
  if (it->inode == 0 || to->inode != 0 || count >= MAX_WATCHED) return;
  *to = *it;
  count++;
}

/* Whole entries only: what is left of one waits for its rest. */
static void read_input(void) {
  static char buffer[sizeof(struct file) * 256];
  static size_t held;
  ssize_t got = read(STDIN_FILENO, buffer + held, sizeof buffer - held);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) exit(0); /* the agent is gone: so are we */
  held += (size_t)got;
  size_t used = 0;
  for (; held - used >= sizeof(struct file); used += sizeof(struct file)) {
    struct file it;
    memcpy(&it, buffer + used, sizeof it);
    add(&it);
  }
  memmove(buffer, buffer + used, held - used);
  held -= used;
}

/* Frames. One is made at a time; the longest fits: four texts, sixteen short ones and numbers. */

static char frame[MAX_FRAME];
static uint32_t used;

static void put(const void *bytes, size_t length) {
  if (length > sizeof frame - used) return;
  memcpy(frame + used, bytes, length);
  used += (uint32_t)length;
}
static void begin(char kind) { used = 0; put(&kind, 1); }
static void put32(uint32_t it) { put(&it, sizeof it); }
static void put64(uint64_t it) { put(&it, sizeof it); }
static void put_text(const char *text, size_t length) {
  uint16_t it = (uint16_t)(length > MAX_TEXT ? MAX_TEXT : length);
  put(&it, sizeof it);
  put(text, it);
}

/* Written to the agent as it reads. Who waits for it finds processes gone: only when this much is behind does it wait. */
static char out[MAX_BEHIND];
static size_t behind;

static void flush(void) {
  size_t done = 0;
  for (ssize_t got; done < behind && (got = write(STDOUT_FILENO, out + done, behind - done)) > 0;) done += (size_t)got;
  memmove(out, out + done, behind - done);
  behind -= done;
}

static void end(void) {
  struct pollfd to = {.fd = STDOUT_FILENO, .events = POLLOUT};
  for (; sizeof out - behind < sizeof used + used; flush())
    if (poll(&to, 1, -1) > 0 && to.revents & (POLLERR | POLLHUP)) exit(0); /* the agent is gone: so are we */
  memcpy(out + behind, &used, sizeof used);
  memcpy(out + behind + sizeof used, frame, used);
  behind += sizeof used + used;
}

/* Processes. */

/* The start of a file of /proc, ended by NUL; empty when it is not there. */
static size_t slurp(uint32_t pid, const char *name, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "%u/%s", pid, name);
  int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);
  if (fd >= 0) close(fd);
  if (got < 0) got = 0;
  text[got] = '\0';
  return (size_t)got;
}

/* Name, parent and start. The name stands in brackets and may hold any character; behind it are numbers. */
static int look(uint32_t pid, struct process *it) {
  char text[1024];
  slurp(pid, "stat", text, sizeof text);
  char *from = strchr(text, '('), *to = strrchr(text, ')');
  unsigned long long start;
  if (!from || !to || to < from) return 0;
  if (sscanf(to + 1, " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &it->parent, &start) != 2) return 0;
  *to = '\0';
  snprintf(it->name, sizeof it->name, "%s", from + 1);
  it->pid = pid;
  it->start = start;
  it->changed = 0;
  return 1;
}

static uint32_t uid_of(uint32_t pid) {
  char text[2048];
  slurp(pid, "status", text, sizeof text);
  /* A name with a newline is escaped there. */
  char *at = strstr(text, "\nUid:");
  return at ? (uint32_t)strtoul(at + 5, NULL, 10) : UINT32_MAX;
}

/* A parent is there as long as its child, and called what it was called a moment ago. */
static int look_at_parent(uint32_t pid, struct process *it) {
  struct process *before = &known[pid & (KNOWN - 1)];
  uint64_t now = now_ms();
  if (before->pid == pid && !before->changed && now - before->looked < PARENT_MS) {
    *it = *before;
    return 1;
  }
  if (!look(pid, it)) return 0;
  it->told = 0;
  it->looked = now;
  if (before->pid != pid || before->start != it->start) *before = *it;
  return 1;
}

/* What goes first when a process ends stands first: its arguments go with its memory. */
static void describe(const struct process *it) {
  static char text[MAX_TEXT + 1];
  begin('p');
  put32(it->pid);
  put64(it->start);
  put_text(it->name, strlen(it->name));
  put_text(text, slurp(it->pid, "cmdline", text, sizeof text));
  put32(uid_of(it->pid));
  put32(slurp(it->pid, "loginuid", text, sizeof text) ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX);
  put_text(text, slurp(it->pid, "cgroup", text, sizeof text));
  uint32_t at = used;
  struct process parent = {.parent = it->parent};
  put("\0", 1);
  for (; frame[at] < MAX_PARENTS && parent.parent != 0 && look_at_parent(parent.parent, &parent); frame[at]++) {
    put32(parent.pid);
    put_text(parent.name, strlen(parent.name));
  }
}

/* What this descriptor of a process says: it has ended and been waited for, so that its id may be another one's. */
static int is_gone(int pidfd) {
#ifdef FAN_REPORT_PIDFD
  if (pidfd == FAN_NOPIDFD) return 1;
  return pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) != 0 && errno == ESRCH;
#else
  return 0;
#endif
}

/* When the process of an event started, in clock ticks since boot, once it was told what it is; 0 when it had ended before. */
static uint64_t who(uint32_t pid, int pidfd) {
  struct process *before = &known[pid & (KNOWN - 1)], it;
  uint64_t now = now_ms();
  int remembered = before->pid == pid && before->told != 0 && now - before->looked < KNOWN_MS;
  if (remembered && !before->changed && before->looked == now) return before->start; /* no id is used again within a tick */
  if (is_gone(pidfd) || !look(pid, &it)) return remembered ? before->start : 0;
  uint64_t start = remembered ? before->start : 0; /* a parent may take the place while it is described */
  int same = remembered && !before->changed && before->start == it.start && strcmp(before->name, it.name) == 0 && now - before->told < KNOWN_MS;
  if (!same) describe(&it);
  if (is_gone(pidfd)) return start; /* it may have been another's that we read */
  if (!same) end();
  it.told = same ? before->told : now;
  it.looked = now;
  *before = it;
  return it.start;
}

/* It opens a program to run it: what it is after that has to be looked at. */
static void becomes_another(uint32_t pid) {
  struct process *it = &known[pid & (KNOWN - 1)];
  if (it->pid == pid) it->changed = 1;
}

/* Events. */

static int is_at(const struct file *place, const struct stat *it) { return place->inode == it->st_ino && place->device == it->st_dev; }

/*
 * A file that nobody watches, as most are: libraries, settings. From its second time on the kernel need not tell of it, until it is
 * written, when it forgets that by itself. That a program is opened to be run is told all the same. Only for files that all may read:
 * for others it takes a right.
 */
static void pass(const struct fanotify_event_metadata *event, const struct stat *it) {
#ifdef FAN_MARK_EVICTABLE
  struct file *before = &passed[hash(it->st_dev, it->st_ino) & (RECENT - 1)];
  unsigned flags = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE;
  if (is_at(before, it) && (it->st_mode & S_IROTH)) fanotify_mark(group, flags, FAN_OPEN | FAN_CLOSE_NOWRITE, event->fd, NULL);
  *before = (struct file){it->st_dev, it->st_ino};
#endif
}

/* What is written through a mapping of memory does not make the kernel forget that. */
static void pass_no_more(const struct fanotify_event_metadata *event) {
  fanotify_mark(group, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN | FAN_CLOSE_NOWRITE, event->fd, NULL);
}

static void tell(const struct fanotify_event_metadata *event, int pidfd) {
  struct stat it;
  if (fstat(event->fd, &it) != 0 || !S_ISREG(it.st_mode)) return;
  struct file *late = &recent[hash(it.st_dev, it.st_ino) & (RECENT - 1)];
  int written = (event->mask & FAN_CLOSE_WRITE) && it.st_size >= MIN_WRITTEN;
  if (!written && !is_at(late, &it) && slot(it.st_dev, it.st_ino)->inode == 0) {
    pass(event, &it);
    return;
  }
  if (written) {
    *late = (struct file){it.st_dev, it.st_ino};
    pass_no_more(event);
  }
  uint64_t start = who((uint32_t)event->pid, pidfd);
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", event->fd);
  ssize_t length = readlink(link, path, sizeof path);
  if (length < 0) return;
  begin((event->mask & FAN_CLOSE_WRITE) ? 'w' : (event->mask & FAN_CLOSE_NOWRITE) ? 'c' : 'o');
  put32((uint32_t)event->pid);
  put64(start);
  put64(it.st_dev);
  put64(it.st_ino);
  put64((uint64_t)it.st_size);
  put(path, (size_t)length);
  end();
}

/* The descriptor of the process, which the kernel puts behind the event. */
static int pidfd_of(const struct fanotify_event_metadata *event) {
#ifdef FAN_REPORT_PIDFD
  struct fanotify_event_info_pidfd it;
  if (event->event_len < event->metadata_len + sizeof it) return FAN_EPIDFD;
  memcpy(&it, (const char *)event + event->metadata_len, sizeof it);
  if (it.hdr.info_type == FAN_EVENT_INFO_TYPE_PIDFD) return it.pidfd;
  return FAN_EPIDFD;
#else
  (void)event;
  return -2;
#endif
}

static void read_events(void) {
  static char buffer[MAX_EVENTS * (FAN_EVENT_METADATA_LEN + 8)] __attribute__((aligned(8)));
  ssize_t got = read(group, buffer, sizeof buffer);
  if (got < 0 && (errno == EINVAL || errno == EBADF || errno == EFAULT)) fail("reading events");
  /* A file system of another machine lets nobody open this file, which loses this event and must not end all. */
  if (got < 0 && errno != EAGAIN && errno != EINTR) { begin('l'); end(); }
  struct fanotify_event_metadata *event = (void *)buffer;
  for (; got > 0 && FAN_EVENT_OK(event, got); event = FAN_EVENT_NEXT(event, got)) {
    if (event->vers != FANOTIFY_METADATA_VERSION) fail("another version of fanotify");
    if (event->mask & FAN_Q_OVERFLOW) { begin('l'); end(); }
    int pidfd = pidfd_of(event);
    if (event->fd >= 0) {
      tell(event, pidfd);
      if (event->mask & FAN_OPEN_EXEC) becomes_another((uint32_t)event->pid);
      close(event->fd);
    }
    if (pidfd >= 0) close(pidfd);
  }
}

/* Who is late finds the process gone: so it is run before others, for as long as it is not flooded. */

/* When it was flooded and stepped back, in ms; 0: it has not. */
static volatile uint64_t stepped_back;

static void be_first(int is_first) {
  struct sched_param it = {.sched_priority = is_first};
  struct rlimit time = {MAX_FIRST_US, RLIM_INFINITY};
  /* The kernel moves the limit on by a second each time that it is reached: set anew, or each flood lasts longer. */
  if (is_first && setrlimit(RLIMIT_RTTIME, &time) != 0) return;
  sched_setscheduler(0, is_first ? SCHED_FIFO : SCHED_OTHER, &it); /* without the right to it, it is as late as others */
}

static void step_back(int signal) {
  (void)signal;
  be_first(0);
  stepped_back = now_ms();
}

static void hurry(void) {
  struct rlimit priority = {1, 1};
  struct sigaction back = {.sa_handler = step_back, .sa_flags = SA_RESTART};
  setrlimit(RLIMIT_RTPRIO, &priority); /* to ask again without the right */
  setpriority(PRIO_PROCESS, 0, -20); /* after a flood too: at an ordinary place it finds no short process on a busy machine */
  if (sigaction(SIGXCPU, &back, NULL) == 0) be_first(1);
}

static void drop_rights(uid_t uid, gid_t gid) {
  if (geteuid() == 0 && (uid == 0 || setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)) fail("becoming another user");
  keep_only(0);
}

int watch(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: outweigh-watch UID GID MOUNT... | attributes | sockets\n", stderr);
    return 2;
  }
  unsigned flags = FAN_CLOEXEC | FAN_CLASS_NOTIF | FAN_NONBLOCK, mode = O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME;
  group = -1;
#ifdef FAN_REPORT_PIDFD
  group = fanotify_init(flags | FAN_REPORT_PIDFD, mode);
#endif
  if (group < 0) group = fanotify_init(flags, mode); /* before Linux 5.15 */
  if (group < 0) fail("fanotify_init");
  proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) fail("/proc");
  int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC); /* without it, poll passes it over */
  unsigned marked = 0;
  for (int i = 3; i < argc; i++) {
    int ok = fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_OPEN_EXEC | FAN_CLOSE, AT_FDCWD, argv[i]) == 0;
    if (!ok) fprintf(stderr, "outweigh-watch: %s is not watched: %s\n", argv[i], strerror(errno));
    marked += (unsigned)ok;
  }
  if (marked == 0) return 1;

  hurry();
  drop_rights((uid_t)strtoul(argv[1], NULL, 10), (gid_t)strtoul(argv[2], NULL, 10));
  if (fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK) != 0) fail("output");
  begin('r');
  end();
  struct pollfd from[4] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = group, .events = POLLIN}, {.fd = STDOUT_FILENO}, {.fd = mounts, .events = POLLPRI}};
  for (;;) {
    if (stepped_back != 0 && now_ms() - stepped_back > FIRST_AGAIN_MS) {
      stepped_back = 0;
      be_first(1);
    }
    flush();
    from[2].events = behind > 0 ? POLLOUT : 0;
    if (poll(from, 4, -1) < 0) {
      if (errno != EINTR) fail("poll");
      continue;
    }
    if (from[2].revents & (POLLERR | POLLHUP)) return 0;
    if (from[3].revents & POLLNVAL) from[3].fd = -1;
    else if (from[3].revents) { begin('m'); end(); }
    if (from[0].revents) read_input();
    if (from[1].revents) read_events();
  }
}
