// SPDX-License-Identifier: GPL-2.0
/*
 * An iSCSI initiator in user space, for one extent of LUN 0.
 *
 *	initiator read HOW ADDR PORT IQN LBA BLOCKS
 *	initiator write SIZE ADDR PORT IQN LBA BLOCKS
 *
 * read: takes the answer from its socket in one of the ways that the kernel has.
 * Everything that comes after the READ has been sent goes to standard output,
 * until head and data are complete or the connection ends; the reason of that
 * to standard error.
 *
 * write: gives standard input to the socket in pieces of SIZE bytes, each of a
 * call of its own, and waits for the status.
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

#define WAYS	(sizeof(ways) / sizeof(*ways))

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
		      "iqn.2024-01.test.asym:program", 0, 0, iqn, 0);
	pdu[6] = len >> 8;
	pdu[7] = len;
	pdu[8] = 0x80;			/* ISID: random */
	pdu[27] = 1;			/* CmdSN */
	send_all(fd, pdu, BHS + (len + 3) / 4 * 4);
	skip_pdu(fd);
}

/* A SCSI command; the data of a WRITE are all immediate. */
static size_t command(unsigned char *pdu, int number, const void *cdb,
		      uint32_t len, int writes)
{
	uint32_t number_of_bytes = htonl(len);

	memset(pdu, 0, BHS);
	pdu[0] = 0x01;
	pdu[1] = writes ? 0xa1 : 0xc1;	/* final, writes or reads, simple */
	if (writes) {
		pdu[5] = len >> 16;
		pdu[6] = len >> 8;
		pdu[7] = len;
	}
	pdu[19] = number;		/* ITT */
	memcpy(pdu + 20, &number_of_bytes, 4);
	pdu[27] = number;		/* CmdSN */
	memcpy(pdu + 32, cdb, 10);
	return BHS;
}

static void learn_capacity(int fd)
{
	static const unsigned char cdb[10] = { 0x25 };
	unsigned char pdu[BHS];

	send_all(fd, pdu, command(pdu, 1, cdb, 8, 0));
	skip_pdu(fd);
}

static void read_blocks(int fd, size_t way, const unsigned char *cdb,
			size_t len)
{
	unsigned char pdu[BHS];
	size_t left;
	ssize_t n;

	send_all(fd, pdu, command(pdu, 2, cdb, len, 0));
	for (left = BHS + len; left; left -= n) {
		n = await(ways[way].take, fd, left);
		if (n <= 0)
			break;
		if (write(STDOUT_FILENO, buf, n) != n)
			die("write");
	}
	if (left)
		fprintf(stderr, "the end: %s\n",
			n ? strerror(errno) : "end of the stream");
}

static void write_blocks(int fd, size_t size, const unsigned char *cdb,
			 size_t len)
{
	static unsigned char pdu[BHS + LOWAT];
	size_t at, n;

	if (len > LOWAT || read(STDIN_FILENO, pdu + BHS, len) != (ssize_t)len)
		die("standard input");
	len += command(pdu, 2, cdb, len, 1);
	for (at = 0; at < len; at += n) {
		n = len - at < size ? len - at : size;
		send_all(fd, pdu + at, n);
	}
	skip_pdu(fd);
}

int main(int argc, char **argv)
{
	int writes = argc == 8 && !strcmp(argv[1], "write");
	unsigned char cdb[10] = { writes ? 0x2a : 0x28 };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	size_t way = 0, blocks;
	uint32_t lba;
	int fd;

	if (!writes && argc == 8 && !strcmp(argv[1], "read"))
		for (; way < WAYS; way++)
			if (!strcmp(argv[2], ways[way].name))
				break;
	if (argc != 8 || way == WAYS || (writes && atoi(argv[2]) < 1)) {
		fprintf(stderr, "initiator: wrong arguments\n");
		return 2;
	}
	sin.sin_port = htons(atoi(argv[4]));
	if (inet_pton(AF_INET, argv[3], &sin.sin_addr) != 1)
		die(argv[3]);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	if (!writes && ways[way].before)
		ways[way].before(fd);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("connect");
	log_in(fd, argv[5]);
	learn_capacity(fd);

	lba = htonl(atoi(argv[6]));
	blocks = atoi(argv[7]);
	memcpy(cdb + 2, &lba, 4);
	cdb[7] = blocks >> 8;
	cdb[8] = blocks;
	if (writes) {
		write_blocks(fd, atoi(argv[2]), cdb, blocks * BLOCK);
		return 0;
	}
	if (ways[way].after)
		ways[way].after(fd);
	tell_mark(fd);
	read_blocks(fd, way, cdb, blocks * BLOCK);
	return 0;
}
