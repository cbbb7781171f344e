// SPDX-License-Identifier: GPL-2.0
/*
 * rawtcp SOURCE PORT DESTINATION PORT FLAGS [COUNT]
 *
 * Send TCP segments without data from a raw socket: FLAGS of "SFRA".  With a
 * COUNT that many, each from another port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned int sum(const void *data, size_t len, unsigned int start)
{
	const unsigned short *p = data;

	for (; len; len -= 2)
		start += *p++;
	return start;
}

int main(int argc, char **argv)
{
	struct tcphdr tcp = {
		.doff = 5, .window = htons(1024), .ack_seq = htonl(7),
	};
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct pollfd room = { .events = POLLOUT };
	int fd, i, one = 1, count = argc > 6 ? atoi(argv[6]) : 1;
	unsigned int s;

	if (argc < 6 || inet_pton(AF_INET, argv[1], &from.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[3], &to.sin_addr) != 1) {
		fprintf(stderr, "rawtcp: wrong arguments\n");
		return 2;
	}
	tcp.dest = htons(atoi(argv[4]));
	tcp.syn = !!strchr(argv[5], 'S');
	tcp.fin = !!strchr(argv[5], 'F');
	tcp.rst = !!strchr(argv[5], 'R');
	tcp.ack = !!strchr(argv[5], 'A');

	/* Without a header of ours, which would hide the protocol from IPsec. */
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
	room.fd = fd;
	if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from))) {
		perror("rawtcp: bind");
		return 1;
	}
	for (i = 0; i < count; i++) {
		tcp.source = htons(atoi(argv[2]) + i);
		tcp.seq = htonl(1000 + i);
		tcp.check = 0;
		s = sum(&from.sin_addr, 4, htons(IPPROTO_TCP) +
			htons(sizeof(tcp)));
		s = sum(&to.sin_addr, 4, s);
		s = sum(&tcp, sizeof(tcp), s);
		s = (s & 0xffff) + (s >> 16);
		tcp.check = ~((s & 0xffff) + (s >> 16));
		while (sendto(fd, &tcp, sizeof(tcp), 0, (struct sockaddr *)&to,
			      sizeof(to)) != sizeof(tcp)) {
			/* A raw socket does not wait for room by itself. */
			if (errno != ENOBUFS || poll(&room, 1, -1) != 1) {
				perror("rawtcp");
				return 1;
			}
		}
	}
	return 0;
}
