// SPDX-License-Identifier: GPL-2.0
/*
 * An end of a TCP connection: address and port.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "view.h"

static const unsigned char mapped[12] = { [10] = 0xff, 0xff };

/* The address as it is on the wire, 4 or 16 bytes. */
bool end_set(struct end *end, const void *addr, size_t len, unsigned int port)
{
	const unsigned char *bytes = addr;

	memset(end, 0, sizeof(*end));
	end->port = port;
	if (len == 16 && !memcmp(bytes, mapped, sizeof(mapped))) {
		bytes += sizeof(mapped);
		len -= sizeof(mapped);
	}
	if (len != 4 && len != 16)
		return false;
	end->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(end->addr, bytes, len);
	return true;
}

bool end_parse(struct end *end, const char *addr, unsigned int port)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, addr, bytes) == 1)
		return end_set(end, bytes, 4, port);
	if (inet_pton(AF_INET6, addr, bytes) == 1)
		return end_set(end, bytes, 16, port);
	memset(end, 0, sizeof(*end));
	return false;
}

bool end_same_addr(const struct end *a, const struct end *b)
{
	return a->family == b->family &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

bool end_same(const struct end *a, const struct end *b)
{
	return a->port == b->port && end_same_addr(a, b);
}

bool end_is_any(const struct end *end)
{
	static const unsigned char any[sizeof(end->addr)];

	return !memcmp(end->addr, any, sizeof(any));
}

/* text: END_TEXT bytes */
const char *end_addr(const struct end *end, char *text)
{
	if (!end->family || !inet_ntop(end->family, end->addr, text, END_TEXT))
		strcpy(text, "?");
	return text;
}

const char *end_text(const struct end *end, char *text)
{
	char addr[END_TEXT];

	end_addr(end, addr);
	snprintf(text, END_TEXT, end->family == AF_INET6 ? "[%.45s]:%u" :
		 "%.45s:%u", addr, end->port);
	return text;
}
