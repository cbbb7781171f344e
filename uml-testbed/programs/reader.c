// SPDX-License-Identifier: GPL-2.0
/*
 * An iSCSI initiator in user space that reads one extent of LUN 0, and takes the
 * answer from its socket in one of the ways that the kernel has.
 *
 *	reader HOW ADDR PORT IQN LBA BLOCKS
 *
 * Everything that comes after the READ has been sent goes to standard output,
 * until head and data are complete or the connection ends; the reason of that
 * to standard error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BHS		48
#define BLOCK		512
#define LOWAT		65536
#define PATIENCE	60	/* seconds without a byte */

static char buf[1 << 17];

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/*
 * The ways: each takes up to @len bytes into buf and returns how many, 0 at the
 * end, or -1.  EAGAIN: there are none.
 */
static ssize_t by_recv(int fd, size_t len)
{
	return recv(fd, buf, len, MSG_DONTWAIT);
}

static ssize_t by_waiting_for_all(int fd, size_t len)
{
	return recv(fd, buf, len, MSG_WAITALL);
}

static ssize_t by_peeking(int fd, size_t len)
{
	ssize_t n = recv(fd, buf, len, MSG_PEEK | MSG_DONTWAIT);
	static char gone[sizeof(buf)];

	if (n > 0 && recv(fd, gone, n, MSG_DONTWAIT) != n)
		die("bytes that were seen are not there");
	return n;
}

static ssize_t by_epoll(int fd, size_t len)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ||
	    epoll_wait(ep, &ev, 1, PATIENCE * 1000) < 0)
		die("epoll");
	close(ep);
	return recv(fd, buf, len, MSG_DONTWAIT);
}

static ssize_t by_splice(int fd, size_t len)
{
	int p[2], err;
	ssize_t n;

	if (pipe(p))
		die("pipe");
	n = splice(fd, NULL, p[1], NULL, len, SPLICE_F_NONBLOCK);
	err = errno;
	if (n > 0)
		n = read(p[0], buf, n);
	close(p[0]);
	close(p[1]);
	errno = err;
	return n;
}

/* Whole pages are mapped, what comes before and after them is copied. */
static ssize_t by_mapping(int fd, size_t len)
{
	static char *map, copy[LOWAT];
	struct tcp_zerocopy_receive zc = {};
	socklen_t size = sizeof(zc);
	size_t got;
	ssize_t n;

	if (!map)
		map = mmap(NULL, LOWAT, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
	zc.address = (uintptr_t)map;
	zc.length = LOWAT;
	zc.copybuf_address = (uintptr_t)copy;
	zc.copybuf_len = len;
	if (getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &size))
		return -1;
	if (zc.err) {
		errno = -zc.err;
		return -1;
	}
	got = zc.length;
	memcpy(buf, map, got);
	if (zc.copybuf_len > 0) {
		memcpy(buf + got, copy, zc.copybuf_len);
		got += zc.copybuf_len;
	}
	if (zc.recv_skip_hint > 0) {
		n = recv(fd, buf + got, zc.recv_skip_hint, MSG_DONTWAIT);
		if (n > 0)
			got += n;
	}
	if (got)
		return got;
	/* It says of an empty queue neither that more may come nor that not. */
	return recv(fd, buf, 1, MSG_DONTWAIT);
}

static void poll_driver(int fd)
{
	int us = 1000;

	if (setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us)))
		die("SO_BUSY_POLL");
}

/* Do not wake up for less than there will ever be. */
static void raise_mark(int fd)
{
	int mark = LOWAT;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)))
		fprintf(stderr, "SO_RCVLOWAT: %s\n", strerror(errno));
}

static void tell_mark(int fd)
{
	socklen_t size = sizeof(int);
	int mark;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, &size))
		die("SO_RCVLOWAT");
	fprintf(stderr, "the mark is %d\n", mark);
}

static const struct {
	const char	*name;
	ssize_t		(*take)(int fd, size_t len);
	void		(*before)(int fd);	/* a connection */
	void		(*after)(int fd);	/* the login */
} ways[] = {
	{ "recv",	by_recv, NULL, NULL },
	{ "waitall",	by_waiting_for_all, NULL, NULL },
	{ "peek",	by_peeking, NULL, NULL },
	{ "splice",	by_splice, NULL, NULL },
	{ "map",	by_mapping, NULL, NULL },
	{ "busy",	by_recv, poll_driver, NULL },
	{ "mark-before", by_recv, raise_mark, NULL },
	{ "mark-after",	by_recv, NULL, raise_mark },
	{ "mark-epoll",	by_epoll, NULL, raise_mark },
	{ "mark-splice", by_splice, raise_mark, raise_mark },
};

/* What there is, however long that takes. */
static ssize_t await(ssize_t (*take)(int, size_t), int fd, size_t len)
{
	time_t end = time(NULL) + PATIENCE;
	ssize_t n;

	while ((n = take(fd, len)) < 0 && errno == EAGAIN &&
	       time(NULL) < end)
		usleep(500);
	return n;
}

static void skip(int fd, size_t len)
{
	ssize_t n;

	for (; len; len -= n) {
		n = await(by_recv, fd, len);
		if (n <= 0)
			die("login");
	}
}

/* A PDU that nobody wants to look at. */
static void skip_pdu(int fd)
{
	unsigned char head[BHS];
	size_t have, n;

	for (have = 0; have < BHS; have += n) {
		n = await(by_recv, fd, BHS - have);
		if ((ssize_t)n <= 0)
			die("login");
		memcpy(head + have, buf, n);
	}
	skip(fd, ((head[6] << 8 | head[7]) + 3) / 4 * 4);
}

static void send_all(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
}

static void log_in(int fd, const char *iqn)
{
	unsigned char pdu[1024] = { 0x43, 0x87 };	/* to full feature */
	char *text = (char *)pdu + BHS;
	int len;

	len = sprintf(text, "InitiatorName=%s%cSessionType=Normal%cTargetName=%s%c",
		      "iqn.2024-01.test.asym:reader", 0, 0, iqn, 0);
	pdu[6] = len >> 8;
	pdu[7] = len;
	pdu[8] = 0x80;			/* ISID: random */
	pdu[27] = 1;			/* CmdSN */
	send_all(fd, pdu, BHS + (len + 3) / 4 * 4);
	skip_pdu(fd);
}

/* A SCSI command that reads @len bytes. */
static void command(int fd, int number, const void *cdb, uint32_t len)
{
	unsigned char pdu[BHS] = { 0x01, 0xc1 };	/* final, reads, simple */

	pdu[19] = number;		/* ITT */
	len = htonl(len);
	memcpy(pdu + 20, &len, 4);
	pdu[27] = number;		/* CmdSN */
	memcpy(pdu + 32, cdb, 10);
	send_all(fd, pdu, BHS);
}

int main(int argc, char **argv)
{
	static const unsigned char capacity[10] = { 0x25 };
	unsigned char cdb[10] = { 0x28 };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	size_t way, left, blocks;
	uint32_t lba;
	ssize_t n;
	int fd;

	for (way = 0; way < sizeof(ways) / sizeof(*ways); way++)
		if (argc == 7 && !strcmp(argv[1], ways[way].name))
			break;
	if (way == sizeof(ways) / sizeof(*ways)) {
		fprintf(stderr, "reader: wrong arguments\n");
		return 2;
	}
	sin.sin_port = htons(atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &sin.sin_addr) != 1)
		die(argv[2]);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	if (ways[way].before)
		ways[way].before(fd);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("connect");

	log_in(fd, argv[4]);
	command(fd, 1, capacity, 8);
	skip_pdu(fd);
	if (ways[way].after)
		ways[way].after(fd);
	tell_mark(fd);

	lba = htonl(atoi(argv[5]));
	blocks = atoi(argv[6]);
	memcpy(cdb + 2, &lba, 4);
	cdb[7] = blocks >> 8;
	cdb[8] = blocks;
	command(fd, 2, cdb, blocks * BLOCK);
	for (left = BHS + blocks * BLOCK; left; left -= n) {
		n = await(ways[way].take, fd, left);
		if (n <= 0)
			break;
		if (write(STDOUT_FILENO, buf, n) != n)
			die("write");
	}
	if (left)
		fprintf(stderr, "the end: %s\n",
			n ? strerror(errno) : "end of the stream");
	return 0;
}
