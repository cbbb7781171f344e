// SPDX-License-Identifier: GPL-2.0
/*
 * feed METHOD ADDR PORT FILE
 *
 * Send a file to a TCP port without copying it: its pages go into the socket.
 *
 *	sendfile	sendfile(2)
 *	splice		through a pipe
 *	tee		through a pipe of which a second one has the same pages; what
 *			is in that one afterwards is written to standard output
 *	vmsplice	from mapped memory, through a pipe
 *
 * Says "refused" and ends with status 3 if the connection takes not all of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE	65536

static void give_up(const char *what)
{
	fprintf(stderr, "refused: %s: %s\n", what, strerror(errno));
	exit(3);
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void drain(int pipe, int fd, size_t n)
{
	while (n) {
		ssize_t done = splice(pipe, NULL, fd, NULL, n, SPLICE_F_MORE);

		if (done <= 0)
			give_up("splice");
		n -= done;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int file, fd, a[2], b[2];
	struct stat st;
	char *map, buf[PIECE], end;
	size_t done;

	if (argc != 5 || inet_pton(AF_INET, argv[2], &sin.sin_addr) != 1) {
		fprintf(stderr, "feed: wrong arguments\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	sin.sin_port = htons(atoi(argv[3]));
	file = open(argv[4], O_RDONLY);
	if (file < 0 || fstat(file, &st) || pipe(a) || pipe(b))
		die(argv[4]);
	if (fcntl(a[1], F_SETPIPE_SZ, PIECE) < PIECE ||
	    fcntl(b[1], F_SETPIPE_SZ, PIECE) < PIECE)
		die("pipe");
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, file, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (map == MAP_FAILED ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("connect");

	for (done = 0; done < (size_t)st.st_size;) {
		size_t n = st.st_size - done, got;
		struct iovec iov = { .iov_base = map + done };
		loff_t off = done;
		ssize_t ret;

		if (n > PIECE)
			n = PIECE;
		iov.iov_len = n;
		if (!strcmp(argv[1], "sendfile")) {
			ret = sendfile(fd, file, &off, n);
			if (ret <= 0)
				give_up("sendfile");
			done += ret;
			continue;
		}
		if (!strcmp(argv[1], "vmsplice"))
			ret = vmsplice(a[1], &iov, 1, 0);
		else
			ret = splice(file, &off, a[1], NULL, n, 0);
		if (ret <= 0)
			die(argv[1]);
		n = ret;
		if (!strcmp(argv[1], "tee")) {
			if (tee(a[0], b[1], n, 0) != (ssize_t)n)
				die("tee");
			drain(a[0], fd, n);
			/* What the socket was given is still in the other pipe. */
			for (got = 0; got < n; got += ret) {
				ret = read(b[0], buf, n - got);
				if (ret <= 0 ||
				    write(1, buf, ret) != ret)
					die("pipe");
			}
		} else {
			drain(a[0], fd, n);
		}
		done += n;
	}
	/* Until the other end has read all of it and closes. */
	if (shutdown(fd, SHUT_WR) || read(fd, &end, 1) != 0)
		give_up("end");
	return 0;
}
