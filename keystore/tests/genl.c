// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"

static const struct genl_family *family;
u32 genl_calls;

int genl_register_family(struct genl_family *f)
{
	kernel_assert(!family);
	f->id = 0x1d;
	family = f;
	return 0;
}

void genl_unregister_family(struct genl_family *f)
{
	kernel_assert(family == f);
	family = NULL;
}

/* ---- operations: net/netlink/genetlink.c ---- */

static int check_header(const struct nlmsghdr *nlh, const struct genlmsghdr *hdr,
			struct netlink_ext_ack *extack)
{
	u16 flags = nlh->nlmsg_flags;

	/* All commands are newer than the check: there is no resv_start_op. */
	if (hdr->reserved) {
		NL_SET_ERR_MSG(extack, "genlmsghdr.reserved field is not 0");
		return -EINVAL;
	}
	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= ~NLM_F_DUMP;
	if (flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO)) {
		NL_SET_ERR_MSG(extack,
			       "ambiguous or reserved bits set in nlmsg_flags");
		return -EINVAL;
	}
	return 0;
}

static const struct genl_ops *find_ops(u8 cmd)
{
	u32 i;

	for (i = 0; i < family->n_ops; i++)
		if (family->ops[i].cmd == cmd)
			return &family->ops[i];
	return NULL;
}

/* In the order of genl_family_rcv_msg(), with its words, and without where it has
 * none.
 */
int genl_receive(struct net *net, bool capable, u8 *message, u32 len,
		 struct netlink_ext_ack *extack, struct genl_dump *dump)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)message;
	struct genlmsghdr *hdr = NLMSG_DATA(nlh);
	struct nlattr *attrs[32] = {};
	struct sock sk = { .net = net };
	struct sk_buff skb = {
		.sk	= &sk,
		.portid	= nlh->nlmsg_pid,
		.data	= message,
		.len	= len,
	};
	struct genl_info info = {
		.snd_seq	= nlh->nlmsg_seq,
		.snd_portid	= nlh->nlmsg_pid,
		.genlhdr	= hdr,
		.attrs		= attrs,
		.net		= net,
		.extack		= extack,
	};
	const struct genl_ops *ops;
	int err;

	kernel_assert(nlh->nlmsg_len == len);
	if (len < NLMSG_HDRLEN + GENL_HDRLEN)
		return -EINVAL;
	err = check_header(nlh, hdr, extack);
	if (err)
		return err;
	ops = find_ops(hdr->cmd);
	if (!ops)
		return -EOPNOTSUPP;
	kernel_assert(ops->maxattr < ARRAY_SIZE(attrs));
	if (ops->flags & (GENL_ADMIN_PERM | GENL_UNS_ADMIN_PERM) && !capable)
		return -EPERM;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP && !ops->dumpit)
		return -EOPNOTSUPP;
	err = nla_parse(attrs, (int)ops->maxattr,
			(void *)(message + NLMSG_HDRLEN + GENL_HDRLEN),
			(int)len - NLMSG_HDRLEN - GENL_HDRLEN, ops->policy,
			extack);
	if (err)
		return err;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
		genl_calls++;
		return ops->doit(&skb, &info);
	}
	*dump = (struct genl_dump){
		.net		= net,
		.ops		= ops,
		.request	= { .portid = nlh->nlmsg_pid },
		.nlh		= *nlh,
		.sk		= { .net = net },
	};
	return 0;
}

static struct sk_buff *skb_new(u32 size)
{
	struct sk_buff *skb = kzalloc(sizeof(*skb), GFP_KERNEL);

	if (!skb)
		return NULL;
	skb->size = size;
	skb->data = kzalloc(size, GFP_KERNEL);
	if (skb->data)
		return skb;
	kfree(skb);
	return NULL;
}

/* Messages in a packet, each to the test. */
static u32 send_all(struct net *net, struct sk_buff *skb, bool event)
{
	u32 off = 0, flags = 0;

	while (off < skb->len) {
		const struct nlmsghdr *nlh = (void *)(skb->data + off);

		kernel_assert(skb->len - off >= NLMSG_HDRLEN);
		kernel_assert(nlh->nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN);
		kernel_assert(NLMSG_ALIGN(nlh->nlmsg_len) <= skb->len - off);
		genl_sent(net, nlh, event);
		flags |= nlh->nlmsg_flags;
		off += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	nlmsg_free(skb);
	return flags;
}

bool genl_dump_next(struct genl_dump *dump, u32 size, u32 *flags)
{
	struct netlink_callback *cb = &dump->cb;
	struct sk_buff *skb = skb_new(size);
	int more;

	*flags = 0;
	if (!skb)
		return true;
	skb->sk = &dump->sk;
	cb->skb = &dump->request;
	cb->nlh = &dump->nlh;
	more = dump->ops->dumpit(skb, cb);
	kernel_assert(more >= 0 && (u32)more == skb->len);
	*flags = send_all(dump->net, skb, false);
	if (more)
		return true;
	/* What NLMSG_DONE says. */
	if (cb->prev_seq && cb->seq != cb->prev_seq)
		*flags |= NLM_F_DUMP_INTR;
	return false;
}

/* ---- what is written ---- */

static void *put(struct sk_buff *skb, u32 len)
{
	void *to = skb->data + skb->len;

	if (skb->size - skb->len < len) {
		/* Whatever else is sent was given as much room as it takes. */
		kernel_assert(skb->sk);
		return NULL;
	}
	skb->len += len;
	return to;
}

int nla_put(struct sk_buff *skb, int type, u32 len, const void *data)
{
	struct nlattr *nla = put(skb, (u32)nla_total_size(len));

	if (!nla)
		return -EMSGSIZE;
	memset(nla, 0, nla_total_size(len));
	nla->nla_type = (u16)type;
	nla->nla_len = (u16)(NLA_HDRLEN + len);
	if (len)
		memcpy(nla_data(nla), data, len);
	return 0;
}

int nla_put_u32(struct sk_buff *skb, int type, u32 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

int nla_put_u64_64bit(struct sk_buff *skb, int type, u64 value, int pad)
{
	if ((skb->len + NLA_HDRLEN) % 8 && nla_put(skb, pad, 0, NULL))
		return -EMSGSIZE;
	return nla_put(skb, type, sizeof(value), &value);
}

/* No byte more than was asked for. */
struct sk_buff *genlmsg_new(size_t payload, gfp_t gfp)
{
	(void)gfp;
	return skb_new((u32)NLMSG_ALIGN(NLMSG_HDRLEN + GENL_HDRLEN + payload));
}

void nlmsg_free(struct sk_buff *skb)
{
	kfree(skb->data);
	kfree(skb);
}

void *genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq,
		  const struct genl_family *f, int flags, u8 cmd)
{
	struct nlmsghdr *nlh = put(skb, NLMSG_HDRLEN + GENL_HDRLEN);
	struct genlmsghdr *hdr;

	if (!nlh)
		return NULL;
	*nlh = (struct nlmsghdr){
		.nlmsg_type	= f->id,
		.nlmsg_flags	= (u16)flags,
		.nlmsg_seq	= seq,
		.nlmsg_pid	= portid,
	};
	hdr = NLMSG_DATA(nlh);
	hdr->cmd = cmd;
	hdr->version = f->version;
	return (u8 *)hdr + GENL_HDRLEN;
}

void *genlmsg_put_reply(struct sk_buff *skb, struct genl_info *info,
			const struct genl_family *f, int flags, u8 cmd)
{
	return genlmsg_put(skb, info->snd_portid, info->snd_seq, f, flags, cmd);
}

static struct nlmsghdr *header_of(void *hdr)
{
	return (void *)((u8 *)hdr - GENL_HDRLEN - NLMSG_HDRLEN);
}

void genlmsg_end(struct sk_buff *skb, void *hdr)
{
	struct nlmsghdr *nlh = header_of(hdr);

	nlh->nlmsg_len = (u32)(skb->data + skb->len - (u8 *)nlh);
}

void genlmsg_cancel(struct sk_buff *skb, void *hdr)
{
	skb->len = (u32)((u8 *)header_of(hdr) - skb->data);
}

int genlmsg_reply(struct sk_buff *skb, struct genl_info *info)
{
	send_all(info->net, skb, false);
	return 0;
}

void genl_dump_check_consistent(struct netlink_callback *cb, void *hdr)
{
	if (cb->prev_seq && cb->seq != cb->prev_seq)
		header_of(hdr)->nlmsg_flags |= NLM_F_DUMP_INTR;
	cb->prev_seq = cb->seq;
}

bool genl_has_listeners(const struct genl_family *f, struct net *net, u32 group)
{
	kernel_assert(group < f->n_mcgrps);
	return genl_listens(net);
}

int genlmsg_multicast_netns(const struct genl_family *f, struct net *net,
			    struct sk_buff *skb, u32 portid, u32 group,
			    gfp_t gfp)
{
	(void)portid;
	(void)gfp;
	kernel_assert(group < f->n_mcgrps);
	/* What is refused may be told to whoever may refuse it. */
	kernel_assert(f->mcgrps[group].flags & GENL_MCAST_CAP_NET_ADMIN);
	send_all(net, skb, true);
	return 0;
}
