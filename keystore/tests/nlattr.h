/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes and their policies, as in include/net/netlink.h and lib/nlattr.c of
 * 6.1: the types that keystore's policies use and no others, validated as
 * NL_VALIDATE_STRICT has it.  Included by kernel.h.
 */
#ifndef _KEYSTORE_TESTS_NLATTR_H
#define _KEYSTORE_TESTS_NLATTR_H

/**
 * struct netlink_ext_ack - what user space is told of a refusal
 * @_msg: text
 * @bad_attr: attribute that is to blame
 * @policy: what it violates
 */
struct netlink_ext_ack {
	const char		*_msg;
	const struct nlattr	*bad_attr;
	const struct nla_policy	*policy;
};

enum {
	NLA_UNSPEC,
	NLA_U32,
	NLA_U64,
	NLA_FLAG,
	NLA_NUL_STRING,
};

enum nla_policy_validation {
	NLA_VALIDATE_NONE,
	NLA_VALIDATE_RANGE,
	NLA_VALIDATE_MAX,
};

/* Limits are no wider than the kernel has them. */
struct nla_policy {
	u8	type;
	u8	validation_type;
	u16	len;
	short	min;
	short	max;
};

#define NLA_POLICY_RANGE(tp, _min, _max) {		\
	.type = tp,					\
	.validation_type = NLA_VALIDATE_RANGE,		\
	.min = _min,					\
	.max = _max					\
}

#define NLA_POLICY_MAX(tp, _max) {			\
	.type = tp,					\
	.validation_type = NLA_VALIDATE_MAX,		\
	.max = _max,					\
}

#define NL_SET_ERR_MSG(extack, msg)					\
	do {								\
		struct netlink_ext_ack *__extack = (extack);		\
									\
		if (__extack)						\
			__extack->_msg = (msg);				\
	} while (0)

static inline void *nla_data(const struct nlattr *nla)
{
	return (u8 *)nla + NLA_HDRLEN;
}

static inline u32 nla_get_u32(const struct nlattr *nla)
{
	u32 value;

	memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

static inline u64 nla_get_u64(const struct nlattr *nla)
{
	u64 value;

	memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

#define nla_get_flag(nla)	(!!(nla))
#define nla_total_size(n)	((size_t)NLA_ALIGN(NLA_HDRLEN + (n)))
/* As on machines that do not like unaligned numbers. */
#define nla_total_size_64bit(n)	(nla_total_size(n) + nla_total_size(0))

/* @tb: maxtype + 1 pointers to attributes in @head, the last one of each type */
int nla_parse(struct nlattr **tb, int maxtype, const struct nlattr *head,
	      int len, const struct nla_policy *policy,
	      struct netlink_ext_ack *extack);

#endif /* _KEYSTORE_TESTS_NLATTR_H */
