// SPDX-License-Identifier: GPL-2.0
/*
 * tap INTERFACE FILE
 *
 * Keep the frames of an interface in a packet socket, as the kernel's own clones
 * of the packets, and say "ready"; on SIGUSR1 write all of them to FILE as a pcap
 * and end.  tcpdump cannot do that: its ring has copies from the first moment.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65536, 1 };
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	int fd, room = 64 << 20, signo;
	static char frame[65536];
	uint32_t record[4] = {};
	sigset_t set;
	ssize_t n;
	FILE *out;

	if (argc != 3)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ll.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll))) {
		perror("tap");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	sigwait(&set, &signo);

	out = fopen(argv[2], "wb");
	if (!out || fwrite(head, sizeof(head), 1, out) != 1)
		return 1;
	while ((n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0) {
		record[2] = n;
		record[3] = n;
		if (fwrite(record, sizeof(record), 1, out) != 1 ||
		    fwrite(frame, n, 1, out) != 1)
			return 1;
	}
	return fclose(out) || errno != EAGAIN;
}
