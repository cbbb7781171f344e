// SPDX-License-Identifier: GPL-2.0
#include "../keystore.h"
#include "keyring.h"
#include "requests.h"

#define NETS		2
#define HELD		8
#define DUMPED		1024
#define MESSAGE_MAX	8192

u64 happened[HAPPENED_MAX];

/**
 * struct space - a network namespace
 * @net: what keystore sees
 * @alive: has not ended
 * @listens: somebody is in the group of events
 * @dumping: @dump has begun and not ended
 * @dump: as netlink keeps it
 * @began: generation at its first packet
 * @interrupted: it was marked
 * @parts: packets read
 * @seen: keys or bindings that it has told, in order
 * @nr_seen: entries
 */
struct space {
	struct net		net;
	bool			alive;
	bool			listens;
	bool			dumping;
	struct genl_dump	dump;
	u32			began;
	bool			interrupted;
	u32			parts;
	const void		*seen[DUMPED];
	u32			nr_seen;
};

/* A binding that esp_asym has, with a range in flight or not. */
struct held {
	struct asym_binding	*binding;
	bool			range;
};

static struct {
	const u8	*bytes;
	size_t		left;
} input;

static struct space spaces[NETS];
static struct held held[HELD];
/* Messages sent since the request began; events sent or told to be missing. */
static u32 replies;
static u64 events_told;
/* Whose dump goes on. */
static struct space *dumper;

/* ---- choices ---- */

static u32 take(u32 limit)
{
	if (!input.left)
		return 0;
	input.left--;
	return *input.bytes++ % limit;
}

static u64 take_bytes(u32 n)
{
	u64 value = 0;

	while (n--)
		value = value << 8 | take(256);
	return value;
}

static const char *const key_names[] = {
	"a", "b", "c", "d",
	"63-characters-are-the-longest-name-that-a-key-may-have-and-here",
	"64-characters-are-too-much-and-so-this-name-of-a-key-is-refused.",
	"", "with space", "\x1b[2J", "caf\xc3\xa9",
};

static const char *const targets[] = {
	"iqn.2001-04.org.example:a", "IQN.2001-04.ORG.EXAMPLE:A",
	"iqn.2001-04.org.example:b", "eui.02004567A425678D", "t", "T",
	"", "two words", "\x07",
	"iqn.2001-04.org.example:223-characters.................................................................................................................................................................................",
};

static const char *const ciphers[] = {
	"aes-xts-plain64", "aes-cbc-essiv:sha256", "", "aes-xts-plain65",
};

static const char *const keyring_types[] = {
	"logon", "user", "encrypted", "trusted", "",
};

static const u32 sizes[] = {
	512, 1024, 2048, 4096, 0, 1, 511, 513, 3072, 4095, 8192, 1u << 31,
};

/* The first ones most of the time, so that requests meet each other. */
static u32 take_index(u32 n)
{
	return take(4) ? take(3) : take(n);
}

static const char *take_key_name(void)
{
	return key_names[take_index(ARRAY_SIZE(key_names))];
}

static const char *take_target(void)
{
	return targets[take_index(ARRAY_SIZE(targets))];
}

static u32 take_size(void)
{
	return sizes[take_index(ARRAY_SIZE(sizes))];
}

static u32 take_lun(void)
{
	static const u32 luns[] = { 0, 1, 2, 255, 256, 16383, 16384 };
	u32 choice = take_index(8);

	return choice < ARRAY_SIZE(luns) ? luns[choice] : (u32)take_bytes(4);
}

static u64 take_lun_field(void)
{
	u32 choice = take(4);

	return choice ? asym_lun_field(take_lun() & ASYM_LUN_MAX) :
			take_bytes(8);
}

/* ---- what must be true of a namespace ---- */

static bool is_listed(const struct asym_net *an,
		      const struct asym_binding *binding)
{
	const struct asym_binding *other;

	list_for_each_entry(other, &an->bindings, list)
		if (other == binding)
			return true;
	return false;
}

/* References of bindings that are not listed any more, each binding once. */
static u32 count_unlisted(const struct asym_net *an, const struct asym_key *key)
{
	u32 n = 0, i, j;

	for (i = 0; i < HELD; i++) {
		if (!held[i].binding || held[i].binding->key != key ||
		    is_listed(an, held[i].binding))
			continue;
		for (j = 0; j < i; j++)
			if (held[j].binding == held[i].binding)
				break;
		n += i == j;
	}
	return n;
}

static void check_key(struct asym_net *an, const struct asym_key *key)
{
	const struct asym_binding *binding;
	const struct asym_key *other;
	u32 bindings = 0, ranges = 0, i;

	kernel_assert(asym_word_valid(key->name));
	kernel_assert(strlen(key->name) <= ASYM_KEY_NAME_LEN);
	kernel_assert(key->bits == 256 || key->bits == 512);
	kernel_assert(asym_key_usable(key));
	list_for_each_entry(other, &an->keys, list)
		kernel_assert(other == key || strcmp(other->name, key->name));
	list_for_each_entry(binding, &an->bindings, list)
		bindings += binding->key == key;
	for (i = 0; i < HELD; i++)
		ranges += held[i].range && held[i].binding->key == key;
	kernel_assert(key->n_bindings == bindings);
	kernel_assert(key->refs.refs == 2 + bindings + count_unlisted(an, key));
	kernel_assert(key->users.count == 1 + ranges);
}

static void check_binding(struct asym_net *an,
			  const struct asym_binding *binding)
{
	u32 size = binding->block_size, refs = 1, i;

	kernel_assert(asym_word_valid(binding->target));
	kernel_assert(strlen(binding->target) <= ASYM_TARGET_LEN);
	for (i = 0; binding->target[i]; i++)
		kernel_assert(binding->target[i] == tolower(binding->target[i]));
	kernel_assert(binding->lun <= ASYM_LUN_MAX);
	kernel_assert(asym_lun_number(asym_lun_field(binding->lun)) ==
		      (int)binding->lun);
	kernel_assert(!size || (is_power_of_2(size) && size >= 512 &&
				size <= 4096));
	kernel_assert(!binding->block_size_pinned || size);
	size = binding->sector_size;
	if (binding->key)
		kernel_assert(is_power_of_2(size) && size >= 512 &&
			      size <= 4096 &&
			      !(binding->iv_offset % (size / 512)));
	else
		kernel_assert(!size && !binding->iv_offset &&
			      !binding->iv_large_sectors);
	for (i = 0; i < HELD; i++)
		refs += held[i].binding == binding;
	kernel_assert(binding->refs.refs == refs);
	/* The only one of its name, and found by it. */
	mutex_lock(&an->lock);
	kernel_assert(asym_binding_find(an, binding->target, binding->lun) ==
		      binding);
	mutex_unlock(&an->lock);
}

static void check_space(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	const struct asym_binding *binding;
	const struct asym_key *key;
	u32 n = 0;

	kernel_assert(!an->lock.held && !kernel.readers);
	list_for_each_entry(key, &an->keys, list) {
		check_key(an, key);
		n++;
	}
	kernel_assert(n == an->n_keys);
	n = 0;
	list_for_each_entry(binding, &an->bindings, list) {
		check_binding(an, binding);
		n++;
	}
	kernel_assert(n == an->n_bindings);
}

static void check_spaces(void)
{
	u32 i;

	for (i = 0; i < NETS; i++)
		if (spaces[i].alive)
			check_space(&spaces[i]);
}

/* ---- what is sent ---- */

static struct space *space_of(struct net *net)
{
	return container_of(net, struct space, net);
}

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
	events_told++;
	if (!attrs[ASYM_A_EVENT_SUPPRESSED])
		return;
	events_told += sent_u32(attrs[ASYM_A_EVENT_SUPPRESSED]);
	happened[HAPPENED_EVENT_SUPPRESSED]++;
}

void genl_sent(struct net *net, const struct nlmsghdr *nlh, bool event)
{
	const struct genlmsghdr *hdr = NLMSG_DATA(nlh);
	const struct nlattr *attrs[ATTRS_MAX] = {};
	struct asym_net *an = asym_net(net);
	bool locked = an->lock.held;
	const void *told = NULL;

	kernel_assert(!kernel_is_secret(nlh, nlh->nlmsg_len));
	kernel_assert(nlh->nlmsg_type == asym_nl_family.id);
	kernel_assert((hdr->cmd == ASYM_CMD_EVENT) == event);
	read_attrs(nlh, attrs);
	an->lock.held = true;
	switch (hdr->cmd) {
	case ASYM_CMD_KEY_GET:
		told = check_sent_key(an, attrs);
		break;
	case ASYM_CMD_BINDING_GET:
		told = check_sent_binding(an, attrs);
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
	replies++;
	if (!dumper)
		return;
	kernel_assert(nlh->nlmsg_flags & NLM_F_MULTI);
	kernel_assert(dumper->nr_seen < DUMPED);
	dumper->seen[dumper->nr_seen++] = told;
}

/* ---- dumps ---- */

/* What has not changed is told once, all of it, in order. */
static void check_dumped(const struct space *space)
{
	struct asym_net *an = asym_net((struct net *)&space->net);
	bool keys = space->dump.ops->cmd == ASYM_CMD_KEY_GET;
	struct list_head *list = keys ? &an->keys : &an->bindings, *entry;
	u32 n = 0;

	kernel_assert(space->interrupted || space->began == an->generation);
	if (space->interrupted)
		return;
	list_for_each(entry, list) {
		kernel_assert(n < space->nr_seen);
		kernel_assert(space->seen[n++] == (keys ?
			(void *)list_entry(entry, struct asym_key, list) :
			(void *)list_entry(entry, struct asym_binding, list)));
	}
	kernel_assert(n == space->nr_seen);
}

static void dump_next(struct space *space, u32 size)
{
	u32 failed = kernel.failed, flags;
	bool more;

	if (!space->parts)
		space->began = asym_net(&space->net)->generation;
	dumper = space;
	more = genl_dump_next(&space->dump, size, &flags);
	dumper = NULL;
	/* Netlink asks again when it has memory. */
	if (kernel.failed != failed)
		return;
	space->parts++;
	space->interrupted |= !!(flags & NLM_F_DUMP_INTR);
	if (more)
		return;
	space->dumping = false;
	check_dumped(space);
	happened[space->interrupted ? HAPPENED_DUMP_INTERRUPTED :
				      HAPPENED_DUMP_WHOLE]++;
	happened[HAPPENED_DUMP_IN_PARTS] += space->parts > 2;
}

/* It ends, once nothing comes in between. */
static void dump_finish(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	u32 limit = an->n_keys + an->n_bindings + 2;

	kernel.fail_in = -1;
	while (space->dumping) {
		kernel_assert(limit--);
		dump_next(space, NLMSG_GOODSIZE);
	}
}

/* ---- messages ---- */

struct message {
	u8	bytes[MESSAGE_MAX];
	u32	len;
};

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
	u32 choice;
	u64 offset;

	if (key) {
		switch (type) {
		case ASYM_A_KEY_NAME:
			add_string(m, type, take_key_name());
			break;
		case ASYM_A_KEY_CIPHER:
			choice = take_index(ARRAY_SIZE(ciphers));
			add_string(m, type, ciphers[choice]);
			break;
		case ASYM_A_KEY_KEYRING_TYPE:
			choice = take_index(ARRAY_SIZE(keyring_types));
			add_string(m, type, keyring_types[choice]);
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

static void build_message(struct message *m)
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

static void check_outcome(struct space *space, const struct message *m,
			  bool capable, u32 generation, u32 failed, int err,
			  const char *text)
{
	const struct genlmsghdr *hdr = NLMSG_DATA(m->bytes);
	u32 changed = asym_net(&space->net)->generation - generation;
	bool no_memory = kernel.failed != failed;

	if (text)
		kernel_assert(*text && !kernel_is_secret(text, strlen(text)));
	if (err) {
		kernel_assert(err < 0 && !changed && !replies);
		/* What needs no words. */
		kernel_assert(text || err == -ENOMEM);
		kernel_assert(err != -ENOMEM || no_memory);
		happened[HAPPENED_REFUSED]++;
		happened[HAPPENED_NO_MEMORY] += err == -ENOMEM;
		happened[HAPPENED_NOT_PERMITTED] += err == -EPERM;
		return;
	}
	kernel_assert(capable);
	switch (hdr->cmd) {
	case ASYM_CMD_KEY_NEW:
	case ASYM_CMD_KEY_DEL:
	case ASYM_CMD_BINDING_NEW:
	case ASYM_CMD_BINDING_DEL:
		kernel_assert(changed == 1 && !replies);
		break;
	default:
		kernel_assert(!changed && (replies == 1 || space->dumping));
	}
	happened[HAPPENED_KEY_NEW + hdr->cmd - ASYM_CMD_KEY_NEW]++;
}

static void receive(struct space *space)
{
	struct netlink_ext_ack extack = {};
	struct genl_dump dump = {};
	struct asym_net *an = asym_net(&space->net);
	u32 generation = an->generation, failed = kernel.failed;
	bool capable = take(16);
	struct message m;
	u8 *exact;
	int err;

	build_message(&m);
	exact = malloc(m.len);
	kernel_assert(exact);
	memcpy(exact, m.bytes, m.len);
	replies = 0;
	err = genl_receive(&space->net, capable, exact, m.len, &extack, &dump);
	free(exact);
	if (!err && dump.ops) {
		/* One at a time on a socket; the old one's reader has gone. */
		space->dump = dump;
		space->dumping = true;
		space->interrupted = false;
		space->parts = 0;
		space->nr_seen = 0;
	}
	check_outcome(space, &m, capable, generation, failed, err, extack._msg);
	if (!err && dump.ops)
		dump_next(space, 512 + 32 * take(100));
}

/* ---- what esp_asym asks ---- */

static void range_end(struct held *h)
{
	struct asym_key *key = h->binding->key;

	happened[HAPPENED_RANGE_OUTLIVES_KEY] += percpu_ref_is_dying(&key->users);
	/* The ciphers are there as long as the range. */
	kernel_assert(kernel_is_secret(key->xts, 32));
	kernel_assert(kernel_is_secret(key->tweak, 16));
	h->range = false;
	percpu_ref_put(&key->users);
}

static void hold(struct space *space)
{
	struct held *h = &held[take(HELD)];
	const char *target = take_target();
	u64 field = take_lun_field();
	struct asym_binding *binding;
	int number = asym_lun_number(field);

	binding = asym_binding_get(&space->net, target, field);
	if (!binding)
		return;
	kernel_assert((int)binding->lun == number);
	kernel_assert(!strcasecmp(binding->target, target));
	if (h->range)
		range_end(h);
	asym_binding_put(h->binding);
	*h = (struct held){ .binding = binding };
}

static void drop(struct held *h)
{
	if (h->range)
		range_end(h);
	asym_binding_put(h->binding);
	h->binding = NULL;
}

static void use(struct held *h)
{
	bool usable = asym_binding_usable(h->binding);

	if (h->range)
		range_end(h);
	else if (h->binding->key)
		h->range = percpu_ref_tryget_live(&h->binding->key->users);
	kernel_assert(!usable || !h->binding->key || h->range ||
		      asym_binding_usable(h->binding));
}

static void learn(struct held *h)
{
	struct asym_binding *binding = h->binding;
	u32 old = binding->block_size, size = take_size();
	bool usable = asym_binding_usable(binding);
	bool valid = is_power_of_2(size) && size >= 512 && size <= 4096;
	int err = asym_binding_learn_block_size(binding, size);

	if (!usable) {
		kernel_assert(err == -ESTALE && binding->block_size == old);
	} else if (!valid) {
		kernel_assert(err == -EINVAL && binding->block_size == old);
	} else if (!old || old == size) {
		kernel_assert(!err && binding->block_size == size);
		happened[HAPPENED_SIZE_LEARNED]++;
	} else {
		kernel_assert(err == -ESTALE && binding->block_size == old &&
			      !asym_binding_usable(binding));
		happened[HAPPENED_SIZE_CONFLICT]++;
	}
}

static void ask_sealed(struct space *space)
{
	const char *target = take(4) ? take_target() : NULL;
	const struct asym_binding *binding;
	bool sealed = false;

	list_for_each_entry(binding, &asym_net(&space->net)->bindings, list)
		sealed |= binding->key &&
			  (!target || !strcasecmp(binding->target, target));
	kernel_assert(asym_target_is_sealed(&space->net, target) == sealed);
}

/* The name may come from the network. */
static void tell(struct space *space)
{
	char target[ASYM_TARGET_LEN + 1];
	u32 len = take(ASYM_TARGET_LEN + 1), times, i;
	enum asym_reason reason = take(__ASYM_REASON_MAX);
	const char *detail = take(2) ? "a sentence" : NULL;
	u64 field = take_lun_field();

	for (i = 0; i < len; i++)
		target[i] = (char)take(256);
	target[len] = 0;
	times = take(4) ? 1 : 70;
	while (times--)
		asym_event(&space->net, reason, len ? target : NULL, field,
			   detail);
}

/* ---- the whole ---- */

/* Events that a namespace has not told yet. */
static void settle_events(struct space *space)
{
	struct asym_net *an = asym_net(&space->net);
	u32 i;

	for (i = 0; i < __ASYM_REASON_MAX; i++) {
		events_told += (u32)an->limits[i].unsent.counter;
		kernel.log_suppressed += (u32)an->limits[i].unlogged.counter;
	}
}

static void space_end(struct space *space)
{
	u32 i;

	dump_finish(space);
	settle_events(space);
	kernel_net_end(&space->net);
	space->alive = false;
	for (i = 0; i < HELD; i++) {
		if (!held[i].binding || held[i].binding->net != &space->net)
			continue;
		kernel_assert(!asym_binding_usable(held[i].binding));
		happened[HAPPENED_BINDING_OUTLIVES_NAMESPACE]++;
	}
}

static void step(void)
{
	u32 choice = take(32);
	struct space *space = &spaces[take(16) == 15 && spaces[1].alive];
	struct held *h;

	switch (choice) {
	case 16:
	case 17:
		hold(space);
		break;
	case 18:
	case 19:
	case 20:
	case 21:
		h = &held[take(HELD)];
		if (!h->binding)
			break;
		if (choice == 18)
			drop(h);
		else if (choice == 19)
			use(h);
		else
			learn(h);
		break;
	case 22:
		ask_sealed(space);
		break;
	case 23:
	case 24:
		tell(space);
		break;
	case 25:
		kernel.jiffies += (u64)take(256) * HZ / 4;
		break;
	case 26:
		kernel_run_work();
		break;
	case 27:
		kernel.fail_in = (int)take(8);
		break;
	case 28:
		kernel.crypto_error = take(2) ? -EINVAL : -ENOENT;
		break;
	case 29:
	case 30:
		if (space->dumping)
			dump_next(space, 512 + 32 * take(100));
		break;
	case 31:
		/* The first of them stays to the end. */
		if (space != spaces && !take(4))
			space_end(space);
		break;
	default:
		receive(space);
	}
}

void requests_run(const u8 *bytes, size_t len)
{
	bool all_listen = true;
	u32 i;

	/* What a request says itself may come back. */
	if (kernel_is_secret(bytes, len))
		return;
	input.bytes = bytes;
	input.left = len;
	kernel_start();
	keyring_start();
	events_told = 0;
	kernel.jiffies = 1;
	kernel_assert(!kernel_module_init());
	for (i = 0; i < NETS; i++) {
		spaces[i] = (struct space){ .alive = true };
		spaces[i].listens = take(4);
		all_listen &= spaces[i].listens;
		kernel_net_start(&spaces[i].net);
	}

	while (input.left) {
		step();
		check_spaces();
	}

	kernel.fail_in = -1;
	for (i = 0; i < NETS; i++)
		if (spaces[i].alive)
			space_end(&spaces[i]);
	/* Each event was told, or told to be missing, in both places. */
	if (all_listen)
		kernel_assert(events_told ==
			      kernel.logged + kernel.log_suppressed);
	for (i = 0; i < HELD; i++)
		if (held[i].binding)
			drop(&held[i]);
	kernel_module_exit();
	keyring_end();
	kernel_assert(!kernel.allocated);
}
