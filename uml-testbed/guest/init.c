// SPDX-License-Identifier: GPL-2.0
/*
 * First process of a User Mode Linux guest: lays out the file system and then
 * runs the commands that come in on a serial line.
 *
 * A shell would do, but fork and exec cost tens of milliseconds in UML, and a
 * command should cost one of each.
 *
 * The kernel's command line sets the environment: asym_share is the directory
 * to mount on /share, asym_modules is where modprobe finds its modules.
 *
 * To the guest:	R <id> <length>\n<command>	run with sh -c
 *			K <id>\n			kill it
 * From the guest:	READY\n
 *			O <id> <length>\n<bytes>	output
 *			X <id> <exit status>\n		end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_JOBS 16
#define MAX_COMMAND (256 * 1024)

struct job {
	unsigned int id;
	pid_t pid;		/* 0: slot is free */
	int out;
};

static struct job jobs[MAX_JOBS];
static int line;		/* the serial line */

static void die(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void domount(const char *src, const char *dst, const char *type,
		    unsigned long flags, const char *opts)
{
	if (mount(src, dst, type, flags, opts))
		die(dst);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/*
 * The root is the machine's, read-only.  An overlay makes it writable and
 * forgets everything in the end.
 */
static void layout(void)
{
	const char *share = getenv("asym_share");
	const char *modules = getenv("asym_modules");
	char buf[4096];

	domount("tmpfs", "/mnt", "tmpfs", 0, "size=50%");
	if (mkdir("/mnt/upper", 0755) || mkdir("/mnt/work", 0755) ||
	    mkdir("/mnt/root", 0755))
		die("/mnt");
	domount("overlay", "/mnt/root", "overlay", 0,
		"lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work");
	if (chroot("/mnt/root") || chdir("/"))
		die("chroot");

	domount("proc", "/proc", "proc", 0, NULL);
	domount("sysfs", "/sys", "sysfs", 0, NULL);
	domount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 0755);
	domount("devpts", "/dev/pts", "devpts", 0, NULL);
	domount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	domount("tmpfs", "/run", "tmpfs", 0, NULL);
	domount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	domount("tmpfs", "/var/lib", "tmpfs", 0, NULL);
	domount("tmpfs", "/var/log", "tmpfs", 0, NULL);
	domount("configfs", "/sys/kernel/config", "configfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mkdir("/run/lock", 0755);
	if (share) {
		mkdir("/share", 0755);
		domount("share", "/share", "hostfs", 0, share);
	}
	if (modules) {
		/* The kernel's own requests for modules, and everybody's. */
		snprintf(buf, sizeof(buf),
			 "#!/bin/sh\nexec /sbin/modprobe -d '%s' \"$@\"\n",
			 modules);
		put("/run/modprobe", buf);
		put("/proc/sys/kernel/modprobe", "/run/modprobe");
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static void send_all(const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(line, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("serial line");
		p += n;
		len -= n;
	}
}

static void read_all(void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(line, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("serial line");
		p += n;
		len -= n;
	}
}

static void finish(struct job *job, int status)
{
	char head[64];

	if (job->out >= 0)
		close(job->out);
	job->pid = 0;
	snprintf(head, sizeof(head), "X %u %d\n", job->id, status);
	send_all(head, strlen(head));
}

/* Returns false when nothing more can be read at the moment. */
static bool forward(struct job *job)
{
	char buf[16384], head[64];
	ssize_t n = read(job->out, buf, sizeof(buf));

	if (n == 0) {
		close(job->out);
		job->out = -1;
	}
	if (n <= 0)
		return false;
	snprintf(head, sizeof(head), "O %u %zd\n", job->id, n);
	send_all(head, strlen(head));
	send_all(buf, n);
	return true;
}

static void start(unsigned int id, const char *cmd)
{
	struct job *job = NULL;
	int pipefd[2], i;
	sigset_t none;
	pid_t pid;

	for (i = 0; i < MAX_JOBS && !job; i++)
		if (!jobs[i].pid)
			job = &jobs[i];
	if (!job || pipe2(pipefd, O_CLOEXEC)) {
		struct job refused = { .id = id, .out = -1 };

		finish(&refused, 126);
		return;
	}
	pid = vfork();
	if (!pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setsid();
		dup2(pipefd[1], 1);
		dup2(pipefd[1], 2);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(127);
	}
	close(pipefd[1]);
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	*job = (struct job){ .id = id, .pid = pid, .out = pipefd[0] };
	if (pid < 0)
		finish(job, 126);
}

static void request(void)
{
	static char cmd[MAX_COMMAND + 1];
	unsigned int id, len;
	char head[64];
	size_t n = 0;
	int i;

	do {
		read_all(head + n, 1);
	} while (head[n++] != '\n' && n < sizeof(head) - 1);
	head[n] = '\0';

	if (sscanf(head, "R %u %u", &id, &len) == 2 && len <= MAX_COMMAND) {
		read_all(cmd, len);
		cmd[len] = '\0';
		start(id, cmd);
	} else if (sscanf(head, "K %u", &id) == 1) {
		for (i = 0; i < MAX_JOBS; i++)
			if (jobs[i].pid > 0 && jobs[i].id == id)
				kill(-jobs[i].pid, SIGKILL);
	} else {
		errno = EPROTO;
		die(head);
	}
}

static void reap(int sigfd)
{
	struct signalfd_siginfo info;
	int status, i;
	pid_t pid;

	if (read(sigfd, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < MAX_JOBS; i++) {
			struct job *job = &jobs[i];

			if (job->pid != pid)
				continue;
			/*
			 * What is in the pipe, no more: a daemon that the
			 * command left behind may hold the other end.
			 */
			while (job->out >= 0 && forward(job))
				;
			finish(job, WIFEXITED(status) ? WEXITSTATUS(status) :
			       128 + WTERMSIG(status));
		}
	}
}

int main(int argc, char **argv)
{
	const char *tty = getenv("asym_line");
	struct termios raw;
	sigset_t chld;
	int sigfd, fd, i;

	layout();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/tmp", 1);
	setenv("LC_ALL", "C", 1);
	/* no udev here: libdevmapper makes the nodes itself */
	setenv("DM_DISABLE_UDEV", "1", 1);

	line = open(tty ? tty : "/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (line < 0 || tcgetattr(line, &raw))
		die("serial line");
	cfmakeraw(&raw);
	if (tcsetattr(line, TCSANOW, &raw))
		die("serial line");

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	fd = open("/dev/null", O_RDWR);
	if (sigfd < 0 || fd < 0)
		die("init");
	dup2(fd, 0);
	send_all("READY\n", 6);

	for (;;) {
		struct pollfd fds[2 + MAX_JOBS];
		struct job *from[2 + MAX_JOBS];
		int n = 2;

		fds[0] = (struct pollfd){ .fd = line, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
		for (i = 0; i < MAX_JOBS; i++) {
			if (!jobs[i].pid || jobs[i].out < 0)
				continue;
			fds[n] = (struct pollfd){ .fd = jobs[i].out,
						  .events = POLLIN };
			from[n++] = &jobs[i];
		}
		if (poll(fds, n, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("poll");
		}
		for (i = 2; i < n; i++)
			if (fds[i].revents)
				forward(from[i]);
		if (fds[1].revents)
			reap(sigfd);
		if (fds[0].revents & POLLIN)
			request();
		else if (fds[0].revents)
			die("serial line");
	}
}
