// SPDX-License-Identifier: GPL-2.0
#include "dump.h"
#include "requests.h"
#include "space.h"
#include "told.h"

struct told told;

bool genl_listens(struct net *net)
{
	return space_of(net)->listens;
}

#define ATTRS_MAX	16

static void read_attrs(const struct nlmsghdr *nlh, const struct nlattr **attrs)
{
	const u8 *pos = (u8 *)NLMSG_DATA(nlh) + GENL_HDRLEN;
	u32 left = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;

	while (left) {
		const struct nlattr *nla = (const void *)pos;

		kernel_assert(left >= NLA_HDRLEN);
		kernel_assert(nla->nla_len >= NLA_HDRLEN);
		kernel_assert(NLA_ALIGN(nla->nla_len) <= (int)left);
		kernel_assert(nla->nla_type && nla->nla_type < ATTRS_MAX);
		kernel_assert(!attrs[nla->nla_type]);
		attrs[nla->nla_type] = nla;
		pos += NLA_ALIGN(nla->nla_len);
		left -= (u32)NLA_ALIGN(nla->nla_len);
	}
}

static const char *sent_string(const struct nlattr *nla)
{
	u32 len = nla->nla_len - NLA_HDRLEN;
	const char *text = nla_data(nla);

	kernel_assert(len && strlen(text) == len - 1);
	return text;
}

static u32 sent_u32(const struct nlattr *nla)
{
	kernel_assert(nla && nla->nla_len == NLA_HDRLEN + sizeof(u32));
	return nla_get_u32(nla);
}

static const void *check_sent_key(struct asym_net *an,
				  const struct nlattr **attrs)
{
	const struct asym_key *key;

	kernel_assert(attrs[ASYM_A_KEY_NAME]);
	key = asym_key_find(an, sent_string(attrs[ASYM_A_KEY_NAME]));
	kernel_assert(key);
	kernel_assert(sent_u32(attrs[ASYM_A_KEY_BITS]) == key->bits);
	kernel_assert(sent_u32(attrs[ASYM_A_KEY_BINDINGS]) == key->n_bindings);
	kernel_assert(!strcmp(sent_string(attrs[ASYM_A_KEY_CIPHER]),
			      ASYM_CIPHER_NAME));
	kernel_assert(!attrs[ASYM_A_KEY_KEYRING_TYPE] &&
		      !attrs[ASYM_A_KEY_KEYRING_DESC]);
	return key;
}

static const void *check_sent_binding(struct asym_net *an,
				      const struct nlattr **attrs)
{
	const struct asym_binding *binding;

	kernel_assert(attrs[ASYM_A_BINDING_TARGET]);
	binding = asym_binding_find(an,
				    sent_string(attrs[ASYM_A_BINDING_TARGET]),
				    sent_u32(attrs[ASYM_A_BINDING_LUN]));
	kernel_assert(binding);
	kernel_assert(!binding->key == !!attrs[ASYM_A_BINDING_PLAIN]);
	kernel_assert(!binding->key == !attrs[ASYM_A_BINDING_KEY]);
	if (binding->key) {
		kernel_assert(!strcmp(sent_string(attrs[ASYM_A_BINDING_KEY]),
				      binding->key->name));
		kernel_assert(sent_u32(attrs[ASYM_A_BINDING_SECTOR_SIZE]) ==
			      binding->sector_size);
		kernel_assert(nla_get_u64(attrs[ASYM_A_BINDING_IV_OFFSET]) ==
			      binding->iv_offset);
	}
	kernel_assert(binding->iv_large_sectors ==
		      !!attrs[ASYM_A_BINDING_IV_LARGE_SECTORS]);
	kernel_assert(binding->block_size_pinned ==
		      !!attrs[ASYM_A_BINDING_BLOCK_SIZE_PINNED]);
	kernel_assert(!binding->block_size == !attrs[ASYM_A_BINDING_BLOCK_SIZE]);
	if (binding->block_size)
		kernel_assert(sent_u32(attrs[ASYM_A_BINDING_BLOCK_SIZE]) ==
			      binding->block_size);
	kernel_assert((sent_u32(attrs[ASYM_A_BINDING_STATE]) ==
		       ASYM_STATE_USABLE) == asym_binding_usable(binding));
	return binding;
}

static void check_sent_event(const struct nlattr **attrs)
{
	kernel_assert(sent_u32(attrs[ASYM_A_EVENT_REASON]) < __ASYM_REASON_MAX);
	kernel_assert(!attrs[ASYM_A_EVENT_TARGET] ==
		      !attrs[ASYM_A_EVENT_LUN_FIELD]);
	happened[HAPPENED_EVENT]++;
	told.events++;
	if (!attrs[ASYM_A_EVENT_SUPPRESSED])
		return;
	told.events += sent_u32(attrs[ASYM_A_EVENT_SUPPRESSED]);
	happened[HAPPENED_EVENT_SUPPRESSED]++;
}

void genl_sent(struct net *net, const struct nlmsghdr *nlh, bool event)
{
	const struct genlmsghdr *hdr = NLMSG_DATA(nlh);
	const struct nlattr *attrs[ATTRS_MAX] = {};
	struct asym_net *an = asym_net(net);
	bool locked = an->lock.held;
	const void *what = NULL;

	kernel_assert(!kernel_is_secret(nlh, nlh->nlmsg_len));
	kernel_assert(nlh->nlmsg_type == asym_nl_family.id);
	kernel_assert((hdr->cmd == ASYM_CMD_EVENT) == event);
	read_attrs(nlh, attrs);
	an->lock.held = true;
	switch (hdr->cmd) {
	case ASYM_CMD_KEY_GET:
		what = check_sent_key(an, attrs);
		break;
	case ASYM_CMD_BINDING_GET:
		what = check_sent_binding(an, attrs);
		break;
	case ASYM_CMD_EVENT:
		kernel_assert(space_of(net)->listens);
		check_sent_event(attrs);
		break;
	default:
		kernel_die("an answer to a command that has none");
	}
	an->lock.held = locked;
	if (event)
		return;
	told.replies++;
	if (!dumper)
		return;
	kernel_assert(nlh->nlmsg_flags & NLM_F_MULTI);
	kernel_assert(dumper->nr_seen < SPACE_DUMPED);
	dumper->seen[dumper->nr_seen++] = what;
}
