// SPDX-License-Identifier: GPL-2.0
/*
 * The asymmetric SAs of this network namespace, without their keys.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include "asymctl.h"
#include "view.h"

#define ALGORITHM_PREFIX	"asym("

static int sa_attr(const struct nlattr *attr, void *data)
{
	struct sa *sa = data;
	uint16_t type = mnl_attr_get_type(attr);

	/* Both begin with the name.  asym(...) as an encryption algorithm is
	 * the same as the AEAD.
	 */
	if ((type == XFRMA_ALG_AEAD || type == XFRMA_ALG_CRYPT) &&
	    mnl_attr_get_payload_len(attr) >= sizeof(sa->algorithm)) {
		memcpy(sa->algorithm, mnl_attr_get_payload(attr),
		       sizeof(sa->algorithm));
		sa->algorithm[sizeof(sa->algorithm) - 1] = '\0';
	}
	return MNL_CB_OK;
}

static int sa_add(const struct nlmsghdr *nlh, void *data)
{
	const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(nlh);
	size_t len = info->family == AF_INET ? 4 : 16;
	struct sa sa = { };

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info) ||
	    info->id.proto != IPPROTO_ESP)
		return MNL_CB_OK;
	mnl_attr_parse(nlh, sizeof(*info), sa_attr, &sa);
	if (strncmp(sa.algorithm, ALGORITHM_PREFIX, strlen(ALGORITHM_PREFIX)))
		return MNL_CB_OK;
	end_set(&sa.src, &info->saddr, len, 0);
	end_set(&sa.dst, &info->id.daddr, len, 0);
	sa.tunnel = info->mode != XFRM_MODE_TRANSPORT;
	sa.spi = ntohl(info->id.spi);
	sa.added = info->curlft.add_time;
	*(struct sa *)table_add(data, sizeof(sa)) = sa;
	return MNL_CB_OK;
}

static int sas_receive(struct mnl_socket *sock, uint32_t seq,
		       struct table *sas)
{
	char reply[32768] __attribute__((aligned(8)));
	ssize_t len;
	int ret;

	for (;;) {
		len = mnl_socket_recvfrom(sock, reply, sizeof(reply));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -1;
		ret = mnl_cb_run(reply, len, seq, mnl_socket_get_portid(sock),
				 sa_add, sas);
		/* The kernel tells the keys as well. */
		explicit_bzero(reply, sizeof(reply));
		if (ret <= 0)
			return ret;
	}
}

static bool same_address(const struct sockaddr *address, const struct end *end)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	struct end own;

	if (!address)
		return false;
	if (address->sa_family == AF_INET)
		end_set(&own, &in->sin_addr, 4, 0);
	else if (address->sa_family == AF_INET6)
		end_set(&own, &in6->sin6_addr, 16, 0);
	else
		return false;
	return end_same_addr(&own, end);
}

/* Which way does each go? */
static int sas_direct(struct table *sas)
{
	struct ifaddrs *list, *entry;
	size_t i;

	if (getifaddrs(&list))
		return -1;
	for (entry = list; entry; entry = entry->ifa_next) {
		for (i = 0; i < sas->count; i++) {
			struct sa *sa = table_row(sas, struct sa, i);

			if (same_address(entry->ifa_addr, &sa->src))
				sa->from_here = true;
			if (same_address(entry->ifa_addr, &sa->dst))
				sa->to_here = true;
		}
	}
	freeifaddrs(list);
	return 0;
}

int sas_get(struct table *sas)
{
	struct mnl_socket *sock = mnl_socket_open(NETLINK_XFRM);
	char request[MNL_NLMSG_HDRLEN + 64] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(request);
	int ret = EXIT_FAILED;

	nlh->nlmsg_type = XFRM_MSG_GETSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = time(NULL);
	mnl_attr_put_u8(nlh, XFRMA_PROTO, IPPROTO_ESP);
	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0 ||
	    sas_receive(sock, nlh->nlmsg_seq, sas) < 0 || sas_direct(sas))
		error("cannot ask for security associations: %s",
		      strerror(errno));
	else
		ret = EXIT_OK;
	if (sock)
		mnl_socket_close(sock);
	return ret;
}
