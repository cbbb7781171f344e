// SPDX-License-Identifier: GPL-2.0
/*
 * Many TCP connections that begin like iSCSI, without an iSCSI initiator or
 * target behind them.
 *
 *	serve PORT		accept everything and read it
 *	sink PORT FILE		write what comes on one connection after the
 *				other to FILE
 *	hold ADDR PORT N	open N connections that log in, and keep them
 *	churn ADDR PORT N	open and close N connections, 16 at a time
 *
 * serve, sink and hold say "ready" and stay until they are killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOGETHER	16

static const char keys[] =
	"InitiatorName=iqn.2024-01.test.asym:many\0"
	"SessionType=Discovery\0";

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* A Login Request (RFC 7143 section 11.12). */
static size_t login(unsigned char *pdu)
{
	size_t text = sizeof(keys) - 1, padded = (text + 3) / 4 * 4;

	memset(pdu, 0, 48 + padded);
	pdu[0] = 0x43;			/* immediate, Login */
	pdu[1] = 0x87;			/* to full feature, from operational */
	pdu[6] = text >> 8;
	pdu[7] = text;
	memcpy(pdu + 48, keys, text);
	return 48 + padded;
}

static struct sockaddr_in address(const char *addr, const char *port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
	};

	if (inet_pton(AF_INET, addr, &sin.sin_addr) != 1)
		die(addr);
	return sin;
}

static int begin(const struct sockaddr_in *sin)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	if (connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) &&
	    errno != EINPROGRESS)
		die("connect");
	return fd;
}

static void log_in(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	unsigned char pdu[256];
	size_t len = login(pdu);

	if (poll(&p, 1, 60000) != 1 || p.revents & (POLLERR | POLLHUP))
		die("connection");
	if (send(fd, pdu, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
}

static void connections(const char *addr, const char *port, int n, int keep)
{
	struct sockaddr_in sin = address(addr, port);
	int fd[TOGETHER], i, k;

	for (i = 0; i < n; i += k) {
		for (k = 0; k < TOGETHER && i + k < n; k++)
			fd[k] = begin(&sin);
		for (k = 0; k < TOGETHER && i + k < n; k++)
			log_in(fd[k]);
		while (!keep && k)
			close(fd[--k]);
		k = TOGETHER;
	}
}

static int listen_on(const char *port, int flags)
{
	struct sockaddr_in sin = address("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 4096))
		die("listen");
	return fd;
}

static void sink(const char *port, const char *file)
{
	int listener = listen_on(port, 0), fd, out;
	char buf[65536];
	ssize_t n;

	puts("ready");
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (write(out, buf, n) != n)
				die(file);
		if (out < 0 || close(out))
			die(file);
		close(fd);
	}
	die("accept");
}

static void serve(const char *port)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int listener, ep, n, fd;
	char buf[4096];

	listener = listen_on(port, SOCK_NONBLOCK);
	ep = epoll_create1(0);
	ev.data.fd = listener;
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
		die("epoll");
	puts("ready");
	for (;;) {
		n = epoll_wait(ep, &ev, 1, -1);
		if (n < 1)
			continue;
		if (ev.data.fd != listener) {
			if (read(ev.data.fd, buf, sizeof(buf)) <= 0)
				close(ev.data.fd);
			continue;
		}
		while ((fd = accept(listener, NULL, NULL)) >= 0) {
			ev.events = EPOLLIN;
			ev.data.fd = fd;
			if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
				die("epoll_ctl");
		}
		if (errno != EAGAIN)
			die("accept");
	}
}

int main(int argc, char **argv)
{
	struct rlimit many = { 65536, 65536 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (setrlimit(RLIMIT_NOFILE, &many))
		die("setrlimit");
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		serve(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "sink")) {
		sink(argv[2], argv[3]);
	} else if (argc == 5 && !strcmp(argv[1], "hold")) {
		connections(argv[2], argv[3], atoi(argv[4]), 1);
		puts("ready");
		pause();
	} else if (argc == 5 && !strcmp(argv[1], "churn")) {
		connections(argv[2], argv[3], atoi(argv[4]), 0);
	} else {
		fprintf(stderr, "connections: wrong arguments\n");
		return 2;
	}
	return 0;
}
