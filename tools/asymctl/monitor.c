// SPDX-License-Identifier: GPL-2.0
/*
 * asymctl monitor
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "asymctl.h"

static const char usage[] =
	"Usage: asymctl monitor\n"
	"Events until it is interrupted, one per line; with -j one JSON object per line.\n";

static const char *now(void)
{
	static char text[40];
	struct timespec ts;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, sizeof(text) - len, ".%03ldZ",
		 ts.tv_nsec / 1000000);
	return text;
}

static void event_print_json(const struct nlattr *const *attrs, uint32_t reason)
{
	json_open(NULL, '{');
	json_string("time", now());
	json_string("reason", reason_name(reason));
	if (attrs[ASYM_A_EVENT_TARGET])
		json_string("target",
			    mnl_attr_get_str(attrs[ASYM_A_EVENT_TARGET]));
	if (attrs[ASYM_A_EVENT_LUN])
		json_number("lun", mnl_attr_get_u32(attrs[ASYM_A_EVENT_LUN]));
	if (attrs[ASYM_A_EVENT_LUN_FIELD]) {
		char field[20];

		snprintf(field, sizeof(field), "%016" PRIx64,
			 mnl_attr_get_u64(attrs[ASYM_A_EVENT_LUN_FIELD]));
		json_string("lun-field", field);
	}
	if (attrs[ASYM_A_EVENT_DETAIL])
		json_string("detail",
			    mnl_attr_get_str(attrs[ASYM_A_EVENT_DETAIL]));
	json_number("suppressed", attrs[ASYM_A_EVENT_SUPPRESSED] ?
		    mnl_attr_get_u32(attrs[ASYM_A_EVENT_SUPPRESSED]) : 0);
	json_close('}');
	json_end();
}

static void event_print(const struct nlattr *const *attrs)
{
	uint32_t reason;

	if (!attrs[ASYM_A_EVENT_REASON])
		return;
	reason = mnl_attr_get_u32(attrs[ASYM_A_EVENT_REASON]);
	if (json_output) {
		event_print_json(attrs, reason);
		return;
	}
	printf("%s %s", now(), reason_name(reason));
	if (attrs[ASYM_A_EVENT_TARGET]) {
		printf(" target ");
		print_safe(stdout, mnl_attr_get_str(attrs[ASYM_A_EVENT_TARGET]));
	}
	if (attrs[ASYM_A_EVENT_LUN])
		printf(" lun %u", mnl_attr_get_u32(attrs[ASYM_A_EVENT_LUN]));
	else if (attrs[ASYM_A_EVENT_LUN_FIELD])
		printf(" lun 0x%016" PRIx64,
		       mnl_attr_get_u64(attrs[ASYM_A_EVENT_LUN_FIELD]));
	if (attrs[ASYM_A_EVENT_DETAIL]) {
		printf(": ");
		print_safe(stdout, mnl_attr_get_str(attrs[ASYM_A_EVENT_DETAIL]));
	}
	if (attrs[ASYM_A_EVENT_SUPPRESSED])
		printf(" (%u not shown before)",
		       mnl_attr_get_u32(attrs[ASYM_A_EVENT_SUPPRESSED]));
	putchar('\n');
}

/* The socket was full: the kernel cannot say how many events were lost. */
static void event_print_lost(void)
{
	if (json_output) {
		json_open(NULL, '{');
		json_string("time", now());
		json_bool("lost", true);
		json_close('}');
		json_end();
	} else {
		printf("%s events were lost, this program was too slow\n",
		       now());
	}
}

static int monitor(struct nl *nl)
{
	const struct nlattr *attrs[ASYM_A_EVENT_MAX + 1];
	const struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	ssize_t ret;
	int len;

	while (!ferror(stdout)) {
		ret = mnl_socket_recvfrom(nl->sock, nl->reply,
					  sizeof(nl->reply));
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0 && errno == ENOBUFS) {
			event_print_lost();
			fflush(stdout);
			continue;
		}
		if (ret < 0) {
			error("cannot receive events: %s", strerror(errno));
			return EXIT_FAILED;
		}
		len = ret;
		for (nlh = (struct nlmsghdr *)nl->reply; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			genl = mnl_nlmsg_get_payload(nlh);
			if (nlh->nlmsg_type != nl->family ||
			    genl->cmd != ASYM_CMD_EVENT)
				continue;
			nl_attrs(nlh, attrs, ASYM_A_EVENT_MAX);
			event_print(attrs);
		}
		fflush(stdout);
	}
	return EXIT_FAILED;
}

int cmd_monitor(int argc, char **argv)
{
	int room = 1 << 20;
	struct nl *nl;
	int group;
	int ret = EXIT_FAILED;

	if (argc && !strcmp(*argv, "help")) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (argc)
		return usage_error(usage, "what is \"%s\"?", *argv);
	nl = nl_open(&nl_asym);
	if (!nl)
		return EXIT_FAILED;
	group = nl->events;
	setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVBUF, &room,
		   sizeof(room));
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		error("cannot listen to events: %s", strerror(errno));
	else
		ret = monitor(nl);
	nl_close(nl);
	return ret;
}
