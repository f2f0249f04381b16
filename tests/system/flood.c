/* SPDX-License-Identifier: MIT */
/*
 * Sends IPv4 datagrams from sources of which no two are the same: flood INTERFACE MAC ADDRESS PORT COUNT RATE.
 *
 * Needs CAP_NET_RAW. Says at the end how many went and how long it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define FIRST_SOURCE 0x0B000001u /* 11.0.0.1 */
#define SOURCES_BITS 24

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	char payload[18];
} __attribute__((packed));

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint16_t checksum(const void *from, size_t n)
{
	const uint8_t *bytes = from;
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	sum = (sum & 0xFFFF) + (sum >> 16);
	return htons((uint16_t) ~((sum & 0xFFFF) + (sum >> 16)));
}

static void fill(struct frame *f, uint32_t number)
{
	/* All the numbers of SOURCES_BITS in an order that looks like none. */
	uint32_t source = FIRST_SOURCE + (number * 0x9E3779B1u >> (32 - SOURCES_BITS));

	f->ip.saddr = htonl(source);
	f->udp.source = htons((uint16_t)(32768 + number % 20000));
	f->ip.check = 0;
	f->ip.check = checksum(&f->ip, sizeof(f->ip));
}

static int open_interface(const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static struct frame model(char **argv)
{
	struct frame f = { .eth.h_proto = htons(ETH_P_IP), .payload = "a flood, a drop" };
	unsigned mac[ETH_ALEN];

	if (sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != ETH_ALEN)
		exit(64);
	for (int i = 0; i < ETH_ALEN; i++)
		f.eth.h_dest[i] = (uint8_t)mac[i];
	f.ip.version = 4;
	f.ip.ihl = 5;
	f.ip.ttl = 64;
	f.ip.protocol = IPPROTO_UDP;
	f.ip.tot_len = htons(sizeof(f) - sizeof(f.eth));
	f.ip.daddr = inet_addr(argv[3]);
	f.udp.dest = htons((uint16_t)atoi(argv[4]));
	f.udp.len = htons(sizeof(f.udp) + sizeof(f.payload));
	return f;
}

int main(int argc, char **argv)
{
	static struct frame frames[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec pieces[BATCH];
	uint32_t count, sent = 0;
	double rate, began;
	int fd;

	if (argc != 7)
		return 64;
	fd = open_interface(argv[1]);
	count = (uint32_t)atol(argv[5]);
	rate = atof(argv[6]);
	for (int i = 0; i < BATCH; i++) {
		frames[i] = model(argv);
		pieces[i] = (struct iovec){ &frames[i], sizeof(frames[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
	}
	began = now_s();
	while (sent < count) {
		unsigned n = count - sent < BATCH ? count - sent : BATCH;
		int r;

		while (sent > (now_s() - began) * rate)
			usleep(100);
		for (unsigned i = 0; i < n; i++)
			fill(&frames[i], sent + i);
		r = sendmmsg(fd, messages, n, 0);
		if (r < 0 && errno != ENOBUFS && errno != EINTR)
			return perror("sendmmsg"), 1;
		sent += r > 0 ? (uint32_t)r : 0;
	}
	printf("%u %.2f\n", sent, now_s() - began);
	return 0;
}
