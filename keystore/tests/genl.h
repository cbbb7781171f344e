/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink as the kernel has it (net/netlink/genetlink.c), as far as
 * keystore uses it.  Included by kernel.h.
 */
#ifndef _KEYSTORE_TESTS_GENL_H
#define _KEYSTORE_TESTS_GENL_H

#include "nlattr.h"

struct sock {
	struct net	*net;
};

/* @size: bytes at @data, of which @len are in use. */
struct sk_buff {
	struct sock	*sk;
	u32		portid;
	u32		size;
	u32		len;
	u8		*data;
};

struct netlink_callback {
	struct sk_buff		*skb;
	const struct nlmsghdr	*nlh;
	u32			seq;
	u32			prev_seq;
	long			args[6];
};

struct genl_info {
	u32			snd_seq;
	u32			snd_portid;
	struct genlmsghdr	*genlhdr;
	struct nlattr		**attrs;
	struct net		*net;
	struct netlink_ext_ack	*extack;
};

struct genl_ops {
	u8			cmd;
	int			(*doit)(struct sk_buff *skb,
					struct genl_info *info);
	int			(*dumpit)(struct sk_buff *skb,
					  struct netlink_callback *cb);
	const struct nla_policy	*policy;
	u32			maxattr;
	u8			flags;
};

#define GENL_MCAST_CAP_NET_ADMIN	1

struct genl_multicast_group {
	const char	*name;
	u8		flags;
};

struct genl_family {
	u16					id;
	const char				*name;
	u8					version;
	bool					netnsok;
	bool					parallel_ops;
	void					*module;
	const struct genl_ops			*ops;
	u32					n_ops;
	const struct genl_multicast_group	*mcgrps;
	u32					n_mcgrps;
};

/**
 * struct genl_dump - a dump that a listener has not read to its end
 * @net: namespace
 * @ops: operation
 * @cb: as netlink keeps it
 * @request: which began it
 * @nlh: its head
 * @sk: of the listener
 */
struct genl_dump {
	struct net		*net;
	const struct genl_ops	*ops;
	struct netlink_callback	cb;
	struct sk_buff		request;
	struct nlmsghdr		nlh;
	struct sock		sk;
};

int genl_register_family(struct genl_family *family);
void genl_unregister_family(struct genl_family *family);

/* Operations of the family that have been called. */
extern u32 genl_calls;

/* A message of an open socket; @dump is begun if it asks for one. */
int genl_receive(struct net *net, bool capable, u8 *message, u32 len,
		 struct netlink_ext_ack *extack, struct genl_dump *dump);
/* Its next packet; false at the end.  @flags of all its messages together. */
bool genl_dump_next(struct genl_dump *dump, u32 size, u32 *flags);

/* The test's: what is sent to user space. */
void genl_sent(struct net *net, const struct nlmsghdr *nlh, bool event);
bool genl_listens(struct net *net);

#define GENL_SET_ERR_MSG(info, text)	NL_SET_ERR_MSG((info)->extack, text)

#define genl_info_net(info)	((info)->net)
#define sock_net(sk)		((sk)->net)
#define NETLINK_CB(skb)		(*(skb))

int nla_put(struct sk_buff *skb, int type, u32 len, const void *data);
int nla_put_u32(struct sk_buff *skb, int type, u32 value);
int nla_put_u64_64bit(struct sk_buff *skb, int type, u64 value, int pad);
#define nla_put_string(skb, type, s)					\
	nla_put(skb, type, (u32)strlen(s) + 1, s)
#define nla_put_flag(skb, type)	nla_put(skb, type, 0, NULL)

/* 4096 bytes without what a packet itself takes. */
#define NLMSG_GOODSIZE		3776
#define GENLMSG_DEFAULT_SIZE	(NLMSG_GOODSIZE - NLMSG_HDRLEN - GENL_HDRLEN)

struct sk_buff *genlmsg_new(size_t payload, gfp_t gfp);
void nlmsg_free(struct sk_buff *skb);
void *genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq,
		  const struct genl_family *family, int flags, u8 cmd);
void *genlmsg_put_reply(struct sk_buff *skb, struct genl_info *info,
			const struct genl_family *family, int flags, u8 cmd);
void genlmsg_end(struct sk_buff *skb, void *hdr);
void genlmsg_cancel(struct sk_buff *skb, void *hdr);
int genlmsg_reply(struct sk_buff *skb, struct genl_info *info);
void genl_dump_check_consistent(struct netlink_callback *cb, void *hdr);
bool genl_has_listeners(const struct genl_family *family, struct net *net,
			u32 group);
int genlmsg_multicast_netns(const struct genl_family *family, struct net *net,
			    struct sk_buff *skb, u32 portid, u32 group,
			    gfp_t gfp);

#endif /* _KEYSTORE_TESTS_GENL_H */
