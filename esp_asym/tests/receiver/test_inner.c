// SPDX-License-Identifier: GPL-2.0
/*
 * inner.c against packets written by hand.  Payloads are exactly as long as they
 * have to be, so that the sanitizers see every step beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "receiver.h"
#include "tap.h"

#include "../../packet.h"

#define TCP_BYTES	40
#define NONE		59
#define PAYLOAD_MAX	512

/**
 * struct payload - of ESP
 * @bytes: the bytes
 * @len: so many
 */
struct payload {
	u8	bytes[PAYLOAD_MAX];
	u32	len;
};

static const u8 left6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
static const u8 right6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
static const u8 left4[4] = { 10, 9, 0, 1 };
static const u8 right4[4] = { 10, 9, 0, 2 };

static void add(struct payload *p, const void *bytes, u32 len)
{
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

/* Zeros do for a segment. */
static void add_tcp(struct payload *p)
{
	p->len += TCP_BYTES;
}

static void add_ipv4(struct payload *p, u8 options, u16 behind, u8 proto,
		     u16 frag_off)
{
	u16 total = (u16)(20 + options + behind);
	u8 head[60] = {
		(u8)(0x40 | (20 + options) / 4), 0, (u8)(total >> 8),
		(u8)total, 0, 0, (u8)(frag_off >> 8), (u8)frag_off, 64, proto,
	};

	memcpy(head + 12, left4, 4);
	memcpy(head + 16, right4, 4);
	add(p, head, 20u + options);
}

static void add_ipv6(struct payload *p, u16 behind, u8 proto)
{
	u8 head[40] = {
		0x60, 0, 0, 0, (u8)(behind >> 8), (u8)behind, proto, 64,
	};

	memcpy(head + 8, left6, 16);
	memcpy(head + 24, right6, 16);
	add(p, head, sizeof(head));
}

static void add_extension(struct payload *p, u8 next, u8 units)
{
	u8 head[256] = { next, units };

	add(p, head, (units + 1u) * 8);
}

static void add_fragment(struct payload *p, u8 next, u16 off)
{
	u8 head[8] = { next, 0, (u8)(off >> 8), (u8)off };

	add(p, head, sizeof(head));
}

static const struct xfrm_state transport4 = {
	.props = { .family = AF_INET, .mode = XFRM_MODE_TRANSPORT },
};

static const struct xfrm_state transport6 = {
	.props = { .family = AF_INET6, .mode = XFRM_MODE_TRANSPORT },
};

static const struct xfrm_state tunnel = {
	.props = { .family = AF_INET6, .mode = XFRM_MODE_TUNNEL },
};

static const struct xfrm_state beet4 = {
	.props = { .family = AF_INET6, .mode = XFRM_MODE_BEET },
	.sel = { .family = AF_INET },
};

static const struct xfrm_state beet6 = {
	.props = { .family = AF_INET, .mode = XFRM_MODE_BEET },
	.sel = { .family = AF_INET6 },
};

static const char *find(const struct xfrm_state *sa, const struct payload *p,
			u32 seen, u8 proto, u32 len, struct asym_inner *inner)
{
	struct xfrm_state x = *sa;
	struct payload outer = {};
	struct sk_buff skb = {};
	const char *complaint;
	u8 *exact = malloc(len ?: 1);

	memcpy(exact, p->bytes, len);
	if (x.props.family == AF_INET)
		add_ipv4(&outer, 0, 0, IPPROTO_TCP, 0);
	else
		add_ipv6(&outer, 0, IPPROTO_TCP);
	skb.network = (struct iphdr *)outer.bytes;
	if (x.sel.family == AF_INET) {
		memcpy(&x.sel.saddr.a4, left4, 4);
		memcpy(&x.sel.daddr.a4, right4, 4);
	} else {
		memcpy(&x.sel.saddr.in6, left6, 16);
		memcpy(&x.sel.daddr.in6, right6, 16);
	}
	skb.data = exact;
	skb.len = len;
	complaint = asym_inner_find(&x, &skb, seen, proto, len, inner);
	free(exact);
	return complaint;
}

static bool between(const struct asym_inner *inner, bool ipv4)
{
	static const u8 prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (!ipv4)
		return !memcmp(&inner->saddr, left6, 16) &&
		       !memcmp(&inner->daddr, right6, 16);
	return !memcmp(&inner->saddr, prefix, 12) &&
	       !memcmp(inner->saddr.s6_addr + 12, left4, 4) &&
	       !memcmp(&inner->daddr, prefix, 12) &&
	       !memcmp(inner->daddr.s6_addr + 12, right4, 4);
}

/* Cut anywhere, or seen in part: the same, or not taken. */
static bool whole_or_refused(const struct xfrm_state *sa,
			     const struct payload *p, u8 proto,
			     const struct asym_inner *want)
{
	struct asym_inner inner;
	u32 n;

	for (n = 0; n < p->len; n++) {
		if (!find(sa, p, n, proto, p->len, &inner) &&
		    memcmp(&inner, want, sizeof(inner)))
			return false;
		if (!find(sa, p, n, proto, n, &inner) &&
		    inner.off + inner.len > n)
			return false;
	}
	return true;
}

static void takes(const char *what, const struct xfrm_state *sa,
		  const struct payload *p, u8 proto, bool ipv4, u32 off)
{
	struct asym_inner inner;
	const char *complaint = find(sa, p, p->len, proto, p->len, &inner);

	tap_ok(!complaint && inner.proto == IPPROTO_TCP && inner.off == off &&
	       inner.len == TCP_BYTES && between(&inner, ipv4) &&
	       whole_or_refused(sa, p, proto, &inner),
	       "inner: %s is a segment (%s, protocol %u, %u bytes at %u)", what,
	       complaint ?: "taken", inner.proto, inner.len, inner.off);
}

static void refuses(const char *what, const struct xfrm_state *sa,
		    const struct payload *p, u8 proto, const char *reason)
{
	struct asym_inner inner;
	const char *complaint = find(sa, p, p->len, proto, p->len, &inner);

	tap_ok(complaint && strstr(complaint, reason),
	       "inner: %s is refused (%s)", what, complaint ?: "taken");
}

static void lets_by(const char *what, const struct xfrm_state *sa,
		    const struct payload *p, u8 proto)
{
	struct asym_inner inner;
	const char *complaint = find(sa, p, p->len, proto, p->len, &inner);

	tap_ok(!complaint && inner.proto != IPPROTO_TCP,
	       "inner: %s passes (%s, protocol %u)", what,
	       complaint ?: "taken", inner.proto);
}

static void test_transport(void)
{
	struct payload p = {};

	add_tcp(&p);
	takes("TCP over IPv4", &transport4, &p, IPPROTO_TCP, true, 0);
	takes("TCP over IPv6", &transport6, &p, IPPROTO_TCP, false, 0);
	lets_by("UDP over IPv6", &transport6, &p, 17);

	p = (struct payload){};
	add_extension(&p, IPPROTO_ROUTING, 0);
	add_extension(&p, IPPROTO_TCP, 2);
	add_tcp(&p);
	takes("TCP behind extension headers", &transport6, &p,
	      IPPROTO_DSTOPTS, false, 32);
	lets_by("what IPv4 does not take for extension headers", &transport4,
		&p, IPPROTO_DSTOPTS);
	p.bytes[1] = 255;
	refuses("an extension header longer than the packet", &transport6, &p,
		IPPROTO_DSTOPTS, "cut off");
}

static void test_tunnel_ipv4(void)
{
	struct payload p = {};

	add_ipv4(&p, 0, TCP_BYTES, IPPROTO_TCP, 0x4000);
	add_tcp(&p);
	takes("TCP in IPv4", &tunnel, &p, IPPROTO_IPIP, true, 20);
	p.len += 7;
	takes("a segment with bytes behind it", &tunnel, &p, IPPROTO_IPIP,
	      true, 20);
	p.len -= 8;
	refuses("an IPv4 header that promises a byte more", &tunnel, &p,
		IPPROTO_IPIP, "lengths");
	p.len++;
	refuses("IPv4 that is said to be IPv6", &tunnel, &p, IPPROTO_IPV6,
		"lengths");
	refuses("a segment without IP header", &tunnel, &p, IPPROTO_TCP,
		"not IP");
	lets_by("a dummy packet", &tunnel, &p, NONE);
	p.bytes[0] = 0x44;
	refuses("an IPv4 header of 16 bytes", &tunnel, &p, IPPROTO_IPIP,
		"lengths");
	p.bytes[0] = 0x45;
	p.bytes[3] = 19;
	refuses("an IPv4 packet shorter than its header", &tunnel, &p,
		IPPROTO_IPIP, "lengths");

	p = (struct payload){};
	add_ipv4(&p, 40, TCP_BYTES, IPPROTO_TCP, 0);
	add_tcp(&p);
	takes("TCP behind options", &tunnel, &p, IPPROTO_IPIP, true, 60);

	p = (struct payload){};
	add_ipv4(&p, 0, TCP_BYTES, IPPROTO_TCP, 0x2000);
	add_tcp(&p);
	refuses("a first fragment of TCP", &tunnel, &p, IPPROTO_IPIP,
		"fragments");
	p.bytes[6] = 0;
	p.bytes[7] = 1;
	refuses("a later fragment of TCP", &tunnel, &p, IPPROTO_IPIP,
		"fragments");
	p.bytes[9] = 17;
	lets_by("a fragment of UDP", &tunnel, &p, IPPROTO_IPIP);
}

static void test_tunnel_ipv6(void)
{
	struct payload p = {};

	add_ipv6(&p, TCP_BYTES, IPPROTO_TCP);
	add_tcp(&p);
	takes("TCP in IPv6", &tunnel, &p, IPPROTO_IPV6, false, 40);
	p.len--;
	refuses("an IPv6 header that promises a byte more", &tunnel, &p,
		IPPROTO_IPV6, "lengths");
	memset(p.bytes + 8, 0, 16);
	memset(p.bytes + 18, 0xff, 2);
	p.len++;
	refuses("IPv6 from an address of IPv4", &tunnel, &p, IPPROTO_IPV6,
		"mapped");

	p = (struct payload){};
	add_ipv6(&p, 8 + 8 + TCP_BYTES, IPPROTO_HOPOPTS);
	add_extension(&p, IPPROTO_FRAGMENT, 0);
	add_fragment(&p, IPPROTO_TCP, 0);
	add_tcp(&p);
	takes("a fragment that is all of it", &tunnel, &p, IPPROTO_IPV6, false,
	      56);
	p.bytes[51] = 1;
	refuses("a first fragment of TCP in IPv6", &tunnel, &p, IPPROTO_IPV6,
		"fragments");
	p.bytes[51] = 8;
	lets_by("a later fragment, whose first one is judged", &tunnel, &p,
		IPPROTO_IPV6);
	p.bytes[4] = 0;
	p.bytes[5] = 0;
	refuses("a jumbogram", &tunnel, &p, IPPROTO_IPV6, "lengths");

	p = (struct payload){};
	add_ipv6(&p, 16, IPPROTO_DSTOPTS);
	add_extension(&p, IPPROTO_TCP, 1);
	add_tcp(&p);
	p.bytes[41] = 2;
	refuses("an extension header longer than its packet", &tunnel, &p,
		IPPROTO_IPV6, "cut off");
}

static void test_beet(void)
{
	struct payload p = {};

	add_tcp(&p);
	takes("TCP in BEET mode", &beet4, &p, IPPROTO_TCP, true, 0);
	takes("TCP over IPv6 in BEET mode", &beet6, &p, IPPROTO_TCP, false, 0);

	/* 12 bytes of options behind 4 of the header, without padding. */
	p = (struct payload){ .bytes = { IPPROTO_TCP, 1, 0 }, .len = 16 };
	add_tcp(&p);
	takes("TCP behind options in BEET mode", &beet4, &p, IPPROTO_BEETPH,
	      true, 16);
	lets_by("a pseudo header of IPv4 over IPv6", &beet6, &p,
		IPPROTO_BEETPH);
	p.bytes[2] = 1;
	refuses("options of 11 bytes", &beet4, &p, IPPROTO_BEETPH, "lengths");
	p.bytes[2] = 16;
	refuses("more padding than pseudo header", &beet4, &p, IPPROTO_BEETPH,
		"lengths");
	p.bytes[1] = 200;
	p.bytes[2] = 4;
	refuses("options longer than the packet", &beet4, &p, IPPROTO_BEETPH,
		"lengths");
	/* A header of IPv4 has no room for them. */
	p = (struct payload){ .bytes = { IPPROTO_TCP, 5, 0 }, .len = 48 };
	add_tcp(&p);
	refuses("options of 44 bytes", &beet4, &p, IPPROTO_BEETPH, "lengths");
}

/* Whatever the bytes are, what is found lies in them. */
static void test_noise(void)
{
	static const struct xfrm_state *const sas[] = {
		&transport4, &transport6, &tunnel, &beet4, &beet6,
	};
	static const u8 protos[] = {
		IPPROTO_TCP, IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_BEETPH,
		IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
		IPPROTO_DSTOPTS, NONE,
	};
	u32 round, i, tcp = 0, refused = 0, outside = 0;

	srand(1);
	for (round = 0; round < 200000; round++) {
		u8 proto = protos[rand() % ARRAY_SIZE(protos)];
		struct asym_inner inner;
		struct payload p = { .len = rand() % 200 };

		/* Mostly small numbers, and numbers of headers. */
		for (i = 0; i < p.len; i++)
			p.bytes[i] = rand() % 3 ?
				     protos[rand() % ARRAY_SIZE(protos)] :
				     rand() % 4 ? rand() % 4 : rand();
		if (rand() % 2 && p.len > 4) {
			p.bytes[0] = proto == IPPROTO_IPV6 ? 0x60 : 0x45;
			p.bytes[2] = 0;
			p.bytes[4] = 0;
		}
		if (find(sas[rand() % ARRAY_SIZE(sas)], &p,
			 rand() % (p.len + 1), proto, p.len, &inner)) {
			refused++;
			continue;
		}
		outside += inner.off + inner.len > p.len;
		tcp += inner.proto == IPPROTO_TCP;
	}
	tap_ok(!outside && tcp > 1000 && refused > 1000,
	       "inner: what is found in noise lies in it (%u segments, %u refused, %u outside)",
	       tcp, refused, outside);
}

void test_inner(void)
{
	test_transport();
	test_tunnel_ipv4();
	test_tunnel_ipv6();
	test_beet();
	test_noise();
}
