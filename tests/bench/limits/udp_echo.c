/* SPDX-License-Identifier: MIT */
/*
 * The least a UDP echo does: udp_echo PORT -m plain|mmsg|full.
 *
 * plain: recvfrom, sendto. mmsg: recvmmsg and sendmmsg of up to 64. full: that with UDP_GRO; super-datagrams go back as they
 * came, and datagrams of one size from one peer that follow each other as one (UDP_SEGMENT).
 */
#include "limits.h"

#include <netinet/udp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

#define BATCH 64
#define SLOT_BYTES 65536
#define MERGED_BYTES_MAX 65000

struct control {
	_Alignas(struct cmsghdr) unsigned char bytes[CMSG_SPACE(sizeof(int))];
};

static unsigned char *slots;
static struct sockaddr_in peers[BATCH];
static struct iovec in_at[BATCH], out_at[BATCH];
static struct mmsghdr in[BATCH], out[BATCH];
static struct control in_control[BATCH], out_control[BATCH];
static size_t segment[BATCH]; /* of a super-datagram; 0: it is none */

static _Noreturn void plain(int fd)
{
	for (;;) {
		socklen_t len = sizeof(peers[0]);
		ssize_t n = recvfrom(fd, slots, SLOT_BYTES, 0, (struct sockaddr *)&peers[0], &len);
		if (n >= 0)
			sendto(fd, slots, (size_t)n, 0, (const struct sockaddr *)&peers[0], len);
	}
}

static void expect(int i, int gro)
{
	in_at[i] = (struct iovec){ slots + (size_t)i * SLOT_BYTES, SLOT_BYTES };
	in[i].msg_hdr = (struct msghdr){
		.msg_name = &peers[i],
		.msg_namelen = sizeof(peers[i]),
		.msg_iov = &in_at[i],
		.msg_iovlen = 1,
		.msg_control = gro ? &in_control[i] : NULL,
		.msg_controllen = gro ? sizeof(in_control[i]) : 0,
	};
}

static size_t segment_of(struct mmsghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr);
	int size = 0;

	if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
		memcpy(&size, CMSG_DATA(c), sizeof(size));
	return (unsigned)size < m->msg_len ? (size_t)size : 0;
}

static void set_segment(struct mmsghdr *m, struct control *at, size_t size)
{
	struct cmsghdr *c;
	uint16_t value = (uint16_t)size;

	m->msg_hdr.msg_control = at;
	m->msg_hdr.msg_controllen = CMSG_SPACE(sizeof(value));
	c = CMSG_FIRSTHDR(&m->msg_hdr);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(c), &value, sizeof(value));
}

/* How many datagrams from the i-th on can leave as one. */
static int run_of(int i, int n)
{
	size_t len = in[i].msg_len;
	int k = 1;

	while (len && !segment[i] && i + k < n && !segment[i + k] && in[i + k].msg_len == len &&
	       (size_t)(k + 1) * len <= MERGED_BYTES_MAX && peers[i + k].sin_port == peers[i].sin_port &&
	       peers[i + k].sin_addr.s_addr == peers[i].sin_addr.s_addr)
		k++;
	return k;
}

static int answers_of(int n, int merge)
{
	int answers = 0;

	for (int i = 0, k; i < n; i += k) {
		struct mmsghdr *m = &out[answers];
		k = merge ? run_of(i, n) : 1;
		for (int j = i; j < i + k; j++)
			out_at[j] = (struct iovec){ in_at[j].iov_base, in[j].msg_len };
		m->msg_hdr = (struct msghdr){ .msg_name = &peers[i],
					      .msg_namelen = sizeof(peers[i]),
					      .msg_iov = &out_at[i],
					      .msg_iovlen = (size_t)k };
		if (k > 1 || segment[i])
			set_segment(m, &out_control[answers], segment[i] ? segment[i] : in[i].msg_len);
		answers++;
	}
	return answers;
}

static _Noreturn void batches(int fd, int full)
{
	int one = 1;

	if (full && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0)
		limits_die("UDP_GRO");
	for (int i = 0; i < BATCH; i++)
		expect(i, full);
	for (;;) {
		int n = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL), answers, sent;
		for (int i = 0; full && i < n; i++)
			segment[i] = segment_of(&in[i]);
		answers = answers_of(n, full);
		for (int i = 0; i<answers; i += sent> 0 ? sent : 1)
			sent = sendmmsg(fd, out + i, (unsigned)(answers - i), 0);
		for (int i = 0; i < n; i++)
			expect(i, full);
	}
}

int main(int argc, char **argv)
{
	const char *mode = "plain";
	int fd;

	for (int o; (o = getopt(argc, argv, "m:")) != -1;)
		mode = optarg;
	fd = limits_socket(SOCK_DGRAM, 0, argv[optind]);
	slots = mmap(NULL, (size_t)BATCH * SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		limits_die("mmap");
	if (strcmp(mode, "plain") == 0)
		plain(fd);
	batches(fd, strcmp(mode, "full") == 0);
}
