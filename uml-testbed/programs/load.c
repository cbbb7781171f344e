// SPDX-License-Identifier: GPL-2.0
/*
 * load OP ORDER BLOCK DEPTH BYTES PATTERN DISK...
 *
 * Direct I/O on disks, with little work of its own around it: what fio does to
 * get going costs a guest more than the I/O of a short measurement.
 *
 *	OP	read, write, a number (mixed, so many percent of reads) or check
 *		(read, and compare with the pattern)
 *	ORDER	seq or random
 *	BLOCK	bytes of a request
 *	DEPTH	requests under way on each disk
 *	BYTES	in all, on each disk; 0 does everything but I/O
 *	PATTERN	16 hex digits, 8 bytes that repeat over what is written
 *
 * Prints a line of JSON: requests, bytes, nanoseconds of I/O, percentiles of the
 * latency in nanoseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_DISKS 1024

struct disk {
	int fd;
	uint64_t blocks;
	uint64_t started;
};

struct slot {
	struct iocb iocb;
	struct disk *disk;
	uint8_t *buf;
	uint64_t began;
};

static struct disk disks[MAX_DISKS];
static int reads_of_100;
static int check;
static int random_order;
static uint64_t block, per_disk;
static uint64_t *latency;
static size_t finished;
static uint8_t *expected;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* xorshift64: the same requests in every run. */
static uint64_t draw(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static int submit(aio_context_t ctx, struct slot *s)
{
	struct iocb *iocb = &s->iocb;
	int reads = (int)(draw() % 100) < reads_of_100;
	uint64_t at;

	if (s->disk->started == per_disk)
		return 0;
	at = random_order ? draw() % s->disk->blocks :
	     s->disk->started % s->disk->blocks;
	s->disk->started++;
	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_data = (uintptr_t)s;
	iocb->aio_lio_opcode = reads ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
	iocb->aio_fildes = s->disk->fd;
	iocb->aio_buf = (uintptr_t)s->buf;
	iocb->aio_nbytes = block;
	iocb->aio_offset = at * block;
	s->began = now();
	if (syscall(SYS_io_submit, ctx, 1, &iocb) != 1)
		die("io_submit");
	return 1;
}

static void finish(const struct io_event *ev)
{
	struct slot *s = (struct slot *)(uintptr_t)ev->data;

	latency[finished++] = now() - s->began;
	if (ev->res != (int64_t)block) {
		fprintf(stderr, "load: offset %lld: %lld of %llu bytes\n",
			(long long)s->iocb.aio_offset, (long long)ev->res,
			(unsigned long long)block);
		exit(1);
	}
	if (check && memcmp(s->buf, expected, block)) {
		fprintf(stderr, "load: offset %lld: not what was written\n",
			(long long)s->iocb.aio_offset);
		exit(1);
	}
	/* What a mixed load has read must not be written elsewhere. */
	if (s->iocb.aio_lio_opcode == IOCB_CMD_PREAD && reads_of_100 < 100)
		memcpy(s->buf, expected, block);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t percentile(int percent)
{
	return finished ? latency[(finished - 1) * percent / 100] : 0;
}

static uint8_t *buffer(uint64_t pattern)
{
	uint8_t *buf = aligned_alloc(4096, block);
	uint64_t i;

	if (!buf)
		die("memory");
	for (i = 0; i < block; i += sizeof(pattern))
		memcpy(buf + i, &pattern, sizeof(pattern));
	return buf;
}

int main(int argc, char **argv)
{
	struct io_event events[64];
	aio_context_t ctx = 0;
	uint64_t pattern, bytes, size, begin, end;
	int i, n, depth, count, flying = 0;
	struct slot *slots;

	if (argc < 8 || argc > 7 + MAX_DISKS) {
		fprintf(stderr,
			"usage: load OP ORDER BLOCK DEPTH BYTES PATTERN DISK...\n");
		return 2;
	}
	check = !strcmp(argv[1], "check");
	reads_of_100 = check || !strcmp(argv[1], "read") ? 100 : atoi(argv[1]);
	random_order = !strcmp(argv[2], "random");
	block = strtoull(argv[3], NULL, 0);
	depth = atoi(argv[4]);
	bytes = strtoull(argv[5], NULL, 0);
	/* As the hex digits say, first byte first. */
	pattern = __builtin_bswap64(strtoull(argv[6], NULL, 16));
	count = argc - 7;
	per_disk = bytes / block;

	for (i = 0; i < count; i++) {
		disks[i].fd = open(argv[7 + i], O_RDWR | O_DIRECT);
		if (disks[i].fd < 0 || ioctl(disks[i].fd, BLKGETSIZE64, &size))
			die(argv[7 + i]);
		disks[i].blocks = size / block;
	}
	n = depth * count;
	slots = calloc(n, sizeof(*slots));
	latency = calloc(per_disk * count + 1, sizeof(*latency));
	if (!slots || !latency)
		die("memory");
	expected = buffer(pattern);
	for (i = 0; i < n; i++) {
		slots[i].disk = &disks[i % count];
		slots[i].buf = buffer(pattern);
	}
	if (syscall(SYS_io_setup, n, &ctx))
		die("io_setup");

	begin = now();
	for (i = 0; i < n; i++)
		flying += submit(ctx, &slots[i]);
	while (flying) {
		int got = syscall(SYS_io_getevents, ctx, 1, 64, events, NULL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("io_getevents");
		for (i = 0; i < got; i++) {
			finish(&events[i]);
			flying += submit(ctx, (struct slot *)(uintptr_t)
					 events[i].data) - 1;
		}
	}
	end = now();

	qsort(latency, finished, sizeof(*latency), by_size);
	printf("{\"requests\": %zu, \"bytes\": %llu, \"ns\": %llu, \"p50\": %llu, \"p99\": %llu}\n",
	       finished, (unsigned long long)(finished * block),
	       (unsigned long long)(end - begin),
	       (unsigned long long)percentile(50),
	       (unsigned long long)percentile(99));
	return 0;
}
