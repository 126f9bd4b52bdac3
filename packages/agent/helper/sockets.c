/*
 * Tells how many bytes the other side of a TCP connection has acknowledged, while it lasts and when it ends. Takes no right: the kernel tells
 * everybody of the connections of their own network namespace.
 *
 *   usage: outweigh-watch sockets
 *   input:  a connection to follow: struct connection below
 *   output: the same, 8 bytes of count, 8 bytes of how it stands: 1 it lasts, 2 it has ended and that is all, 3 it is gone and may have
 *           carried more. Numbers in the machine's byte order, ports and addresses in the network's.
 *
 * Source: sock_diag(7), linux/inet_diag.h, linux/tcp.h (struct tcp_info).
 */
#define _GNU_SOURCE
#include "rights.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Looks in a row that do not find a connection before it is gone: that it has ended may still be on its way to us. */
#define MAX_ABSENT 4
/* As many as the agent follows at a time, and how often each is looked at, in ms. */
#define MAX_FOLLOWED 1024u
#define LOOK_MS 500
/* Where the kernel says that a connection has ended (TCP_CLOSE), and how it names its groups for that. */
#define ENDED 7
static const int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};

enum { LASTS = 1, OVER = 2, GONE = 3 };
struct connection { uint32_t family; uint16_t local_port, peer_port; uint32_t local[4], peer[4]; };
struct told { struct connection of; uint64_t bytes, how; };
static struct told followed[MAX_FOLLOWED];
static unsigned char absent[MAX_FOLLOWED];
static unsigned count;
static int kernel;

static int64_t now_ms(void) {
  struct timespec it;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &it);
  return (int64_t)it.tv_sec * 1000 + it.tv_nsec / 1000000;
}

/* While none is followed, the kernel need not tell of any that ends. */
static void listen_for_ends(int wanted) {
  for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++)
    setsockopt(kernel, SOL_NETLINK, wanted ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &groups[i], sizeof groups[i]);
}

static void tell(struct told *it, uint64_t how) {
  it->how = how;
  if (fwrite(it, sizeof *it, 1, stdout) != 1) exit(0); /* the agent is gone: so are we */
  if (how == LASTS) return;
  count--;
  absent[it - followed] = absent[count];
  *it = followed[count];
  if (count == 0) listen_for_ends(0);
}

static struct told *find(const struct connection *it) {
  for (unsigned i = 0; i < count; i++)
    if (memcmp(&followed[i].of, it, sizeof *it) == 0) return &followed[i];
  return NULL;
}

/* Data that was acknowledged: that count alone has the handshake in it, the other what was lost on its way. */
static uint64_t bytes_of(const struct tcp_info *it, size_t length) {
  uint64_t acked = length >= offsetof(struct tcp_info, tcpi_bytes_acked) + 8 ? it->tcpi_bytes_acked : 0;
  if (length < offsetof(struct tcp_info, tcpi_bytes_retrans) + 8) return acked;
  uint64_t left = it->tcpi_bytes_sent - it->tcpi_bytes_retrans;
  return left < acked ? left : acked;
}

static void hear(const struct nlmsghdr *message) {
  if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return;
  const struct inet_diag_msg *about = NLMSG_DATA(message);
  struct connection of = {about->idiag_family, about->id.idiag_sport, about->id.idiag_dport, {0}, {0}};
  memcpy(of.local, about->id.idiag_src, sizeof of.local);
  memcpy(of.peer, about->id.idiag_dst, sizeof of.peer);
  struct told *it = find(&of);
  if (!it) return;
  const struct nlattr *part = (const void *)((const char *)about + NLMSG_ALIGN(sizeof *about));
  for (int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *about)); left >= (int)sizeof *part && part->nla_len >= sizeof *part && part->nla_len <= left;) {
    if (part->nla_type == INET_DIAG_INFO) {
      struct tcp_info info = {0};
      size_t length = part->nla_len - NLA_HDRLEN;
      memcpy(&info, (const char *)part + NLA_HDRLEN, length < sizeof info ? length : sizeof info);
      uint64_t bytes = bytes_of(&info, length);
      if (bytes > it->bytes) it->bytes = bytes;
      tell(it, about->idiag_state == ENDED ? OVER : LASTS);
      return;
    }
    left -= (int)NLA_ALIGN(part->nla_len);
    part = (const void *)((const char *)part + NLA_ALIGN(part->nla_len));
  }
}

/* Whatever waits. When the kernel had more to tell than it keeps, the next look finds what is gone. */
static int read_kernel(void) {
  static char buffer[65536] __attribute__((aligned(8)));
  int refused = 0;
  for (ssize_t got; (got = recv(kernel, buffer, sizeof buffer, MSG_DONTWAIT)) >= 0 || errno == ENOBUFS;) {
    struct nlmsghdr *message = (void *)buffer;
    for (int left = (int)(got < 0 ? 0 : got); NLMSG_OK(message, (unsigned)left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_ERROR) refused = 1;
      else hear(message);
    }
  }
  return refused;
}

static void look_at(unsigned which) {
  struct connection it = followed[which].of;
  struct { struct nlmsghdr head; struct inet_diag_req_v2 ask; } request = {
    {sizeof request, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0},
    {(uint8_t)it.family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, ~0u, {it.local_port, it.peer_port, {0}, {0}, 0, {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
  };
  memcpy(request.ask.id.idiag_src, it.local, sizeof it.local);
  memcpy(request.ask.id.idiag_dst, it.peer, sizeof it.peer);
  if (send(kernel, &request, sizeof request, 0) < 0 || !read_kernel()) return;
  struct told *still = find(&it);
  if (still && ++absent[still - followed] >= MAX_ABSENT) tell(still, GONE);
}

static void read_input(void) {
  struct connection it;
  char *to = (char *)&it;
  for (size_t done = 0; done < sizeof it;) {
    ssize_t got = read(STDIN_FILENO, to + done, sizeof it - done);
    if (got <= 0) exit(0); /* the agent is gone: so are we */
    done += (size_t)got;
  }
  if (count >= MAX_FOLLOWED || find(&it)) return;
  if (count == 0) listen_for_ends(1);
  followed[count] = (struct told){it, 0, LASTS};
  absent[count] = 0;
  look_at(count++);
}

int sockets(void) {
  kernel = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (kernel < 0) fail("asking the kernel for connections");
  become_nobody();
  keep_only(0);
  for (int64_t due = 0;;) {
    struct pollfd from[2] = {{STDIN_FILENO, POLLIN, 0}, {kernel, POLLIN, 0}};
    int64_t left = due - now_ms();
    int ready = poll(from, 2, count == 0 ? -1 : left < 0 ? 0 : (int)left);
    if (ready < 0 && errno != EINTR) fail("poll");
    if (ready > 0 && from[0].revents) read_input();
    if (ready > 0 && from[1].revents) read_kernel();
    if (now_ms() >= due) {
      for (unsigned i = count; i-- > 0;) if (i < count) look_at(i);
      due = now_ms() + LOOK_MS;
    }
    fflush(stdout);
  }
}
