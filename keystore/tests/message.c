// SPDX-License-Identifier: GPL-2.0
#include "../keystore.h"
#include "choice.h"
#include "keyring.h"
#include "message.h"
#include "value.h"

static void add_bytes(struct message *m, const void *bytes, u32 len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

/* @claimed: length of the value, true or not */
static void add_attr(struct message *m, u16 type, const void *bytes, u32 len,
		     u32 claimed)
{
	struct nlattr nla = {
		.nla_len	= (u16)(NLA_HDRLEN + claimed),
		.nla_type	= type,
	};

	if (sizeof(m->bytes) - m->len < NLA_HDRLEN + len + NLA_ALIGNTO)
		return;
	add_bytes(m, &nla, sizeof(nla));
	if (len)
		add_bytes(m, bytes, len);
	memset(m->bytes + m->len, 0, NLA_ALIGNTO);
	m->len = (u32)NLA_ALIGN(m->len);
}

static void add_string(struct message *m, u16 type, const char *text)
{
	u32 len = (u32)strlen(text) + 1;

	add_attr(m, type, text, len, len);
}

static void add_u32(struct message *m, u16 type, u32 value)
{
	add_attr(m, type, &value, sizeof(value), sizeof(value));
}

/* A value that fits its type at least. */
static void add_fitting(struct message *m, bool key, u16 type)
{
	u64 offset;

	if (key) {
		switch (type) {
		case ASYM_A_KEY_NAME:
			add_string(m, type, take_key_name());
			break;
		case ASYM_A_KEY_CIPHER:
			add_string(m, type, take_cipher());
			break;
		case ASYM_A_KEY_KEYRING_TYPE:
			add_string(m, type, take_keyring_type());
			break;
		case ASYM_A_KEY_KEYRING_DESC:
			add_string(m, type,
				   keyring_descriptions[take_index(keyring_count)]);
			break;
		default:
			add_u32(m, type, take(256));
		}
		return;
	}
	switch (type) {
	case ASYM_A_BINDING_TARGET:
		add_string(m, type, take_target());
		break;
	case ASYM_A_BINDING_LUN:
		add_u32(m, type, take_lun());
		break;
	case ASYM_A_BINDING_KEY:
		add_string(m, type, take_key_name());
		break;
	case ASYM_A_BINDING_SECTOR_SIZE:
	case ASYM_A_BINDING_BLOCK_SIZE:
		add_u32(m, type, take_size());
		break;
	case ASYM_A_BINDING_IV_OFFSET:
		offset = take(2) ? take_bytes(8) : take(32);
		add_attr(m, type, &offset, sizeof(offset), sizeof(offset));
		break;
	default:
		add_attr(m, type, NULL, 0, 0);
	}
}

static void add_odd(struct message *m)
{
	u16 type = (u16)take_bytes(1), flags = (u16)(take(8) << 13);
	u8 bytes[512];
	u32 len, i;

	type |= flags & (NLA_F_NESTED | NLA_F_NET_BYTEORDER);
	len = take(64) * (take(4) ? 1 : 8);
	for (i = 0; i < len; i++)
		bytes[i] = (u8)take(256);
	add_attr(m, type, bytes, len,
		 take(8) ? len : len + (u32)take_bytes(2) - 8);
}

#define BIT_OF(attr)	(1u << ((attr) - 1))

/* What a command cannot do without, and now and then something else. */
static u32 take_attrs(u8 cmd)
{
	u32 mask = cmd <= ASYM_CMD_KEY_GET ? BIT_OF(ASYM_A_KEY_NAME) :
					     BIT_OF(ASYM_A_BINDING_TARGET) |
					     BIT_OF(ASYM_A_BINDING_LUN);
	u32 choice = take(32);

	if (choice > 28)
		return take(256);
	if (cmd == ASYM_CMD_KEY_NEW)
		mask |= BIT_OF(ASYM_A_KEY_KEYRING_TYPE) |
			BIT_OF(ASYM_A_KEY_KEYRING_DESC);
	if (cmd == ASYM_CMD_BINDING_NEW)
		mask |= choice & 1 ? BIT_OF(ASYM_A_BINDING_PLAIN) :
				     BIT_OF(ASYM_A_BINDING_KEY);
	if (cmd == ASYM_CMD_BINDING_NEW && choice & 2)
		mask |= BIT_OF(ASYM_A_BINDING_BLOCK_SIZE);
	if (cmd == ASYM_CMD_BINDING_NEW && (choice & 5) == 4)
		mask |= take(256) << 4;
	return choice & 24 ? mask : mask ^ 1u << take(8);
}

void message_build(struct message *m)
{
	struct nlmsghdr nlh = {
		.nlmsg_type	= asym_nl_family.id,
		.nlmsg_flags	= NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq	= 1,
		.nlmsg_pid	= 1000,
	};
	struct genlmsghdr hdr = { .version = ASYM_FAMILY_VERSION };
	static const u8 usual[] = {
		ASYM_CMD_KEY_NEW, ASYM_CMD_KEY_NEW, ASYM_CMD_KEY_DEL,
		ASYM_CMD_KEY_GET, ASYM_CMD_BINDING_NEW, ASYM_CMD_BINDING_NEW,
		ASYM_CMD_BINDING_NEW, ASYM_CMD_BINDING_DEL,
		ASYM_CMD_BINDING_GET, ASYM_CMD_BINDING_GET,
	};
	u32 choice = take(64), mask, odd, type;
	bool key, get;

	hdr.cmd = choice == 63 ? (u8)take(256) :
				 usual[choice % ARRAY_SIZE(usual)];
	key = hdr.cmd <= ASYM_CMD_KEY_GET;
	get = hdr.cmd == ASYM_CMD_KEY_GET || hdr.cmd == ASYM_CMD_BINDING_GET;
	choice = take(64);
	mask = take_attrs(hdr.cmd);
	if (!(choice & (get ? 1 : 31))) {
		nlh.nlmsg_flags |= NLM_F_DUMP;
		if (choice & 6)
			mask &= BIT_OF(ASYM_A_KEY_NAME);
	}
	if (choice == 63) {
		nlh.nlmsg_flags |= (u16)take_bytes(2);
		hdr.reserved = (u16)take(2);
	}
	odd = take(64);

	m->len = 0;
	add_bytes(m, &nlh, sizeof(nlh));
	add_bytes(m, &hdr, sizeof(hdr));
	for (type = 1; type <= 8; type++)
		if (mask & 1u << (type - 1))
			add_fitting(m, key, (u16)type);
	for (; odd > 60; odd--)
		add_odd(m);
	/* Cut anywhere behind the header of netlink, which looks at it itself. */
	if (!take(32))
		m->len -= min(take(64), m->len - NLMSG_HDRLEN);
	((struct nlmsghdr *)m->bytes)->nlmsg_len = m->len;
}
