// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *nla,
		  const struct nla_policy *pt, const char *text, int err)
{
	NL_SET_ERR_MSG(extack, text);
	extack->bad_attr = nla;
	extack->policy = pt;
	return err;
}

/* nla_validate_range_unsigned() */
static int validate_range(const struct nlattr *nla, const struct nla_policy *pt,
			  struct netlink_ext_ack *extack)
{
	u64 value = pt->type == NLA_U32 ? nla_get_u32(nla) : nla_get_u64(nla);
	u64 min = pt->validation_type == NLA_VALIDATE_RANGE ? pt->min : 0;

	/* WARN_ON_ONCE() */
	kernel_assert(pt->min >= 0 && pt->max >= 0);
	kernel_assert(pt->type == NLA_U32 || pt->type == NLA_U64);
	if (value < min || value > (u64)pt->max)
		return refuse(extack, nla, pt, "integer out of range", -ERANGE);
	return 0;
}

/* In the order of the kernel's validate_nla(). */
static int validate(const struct nlattr *nla, const struct nla_policy *pt,
		    struct netlink_ext_ack *extack)
{
	int attrlen = nla->nla_len - NLA_HDRLEN, minlen;
	const char *text = nla_data(nla);
	int err = -ERANGE;

	if ((pt->type == NLA_U32 && attrlen != sizeof(u32)) ||
	    (pt->type == NLA_U64 && attrlen != sizeof(u64)))
		return refuse(extack, nla, pt, "invalid attribute length",
			      -EINVAL);
	if (pt->type != NLA_UNSPEC && nla->nla_type & NLA_F_NESTED)
		return refuse(extack, nla, pt, "NLA_F_NESTED not expected",
			      -EINVAL);
	switch (pt->type) {
	case NLA_FLAG:
		if (attrlen > 0)
			goto out_err;
		break;
	case NLA_NUL_STRING:
		minlen = pt->len ? min(attrlen, pt->len + 1) : attrlen;
		if (!minlen || !memchr(text, 0, (size_t)minlen)) {
			err = -EINVAL;
			goto out_err;
		}
		if (pt->len && attrlen - !text[attrlen - 1] > pt->len)
			goto out_err;
		break;
	case NLA_UNSPEC:
		return refuse(extack, nla, NULL, "Unsupported attribute",
			      -EINVAL);
	case NLA_U32:
	case NLA_U64:
		kernel_assert(!pt->len);
		break;
	default:
		kernel_die("a type of attribute that is not here");
	}
	return pt->validation_type == NLA_VALIDATE_NONE ? 0 :
	       validate_range(nla, pt, extack);

out_err:
	return refuse(extack, nla, pt, "Attribute failed policy validation",
		      err);
}

int nla_parse(struct nlattr **tb, int maxtype, const struct nlattr *head,
	      int len, const struct nla_policy *policy,
	      struct netlink_ext_ack *extack)
{
	const struct nlattr *nla = head;

	memset(tb, 0, sizeof(*tb) * (maxtype + 1));
	while (len >= (int)sizeof(*nla) && nla->nla_len >= sizeof(*nla) &&
	       nla->nla_len <= len) {
		int type = nla->nla_type & NLA_TYPE_MASK, err;

		if (!type || type > maxtype)
			return refuse(extack, nla, NULL,
				      "Unknown attribute type", -EINVAL);
		err = validate(nla, &policy[type], extack);
		if (err)
			return err;
		tb[type] = (struct nlattr *)nla;
		len -= NLA_ALIGN(nla->nla_len);
		nla = (const void *)((const u8 *)nla + NLA_ALIGN(nla->nla_len));
	}
	if (len <= 0)
		return 0;
	NL_SET_ERR_MSG(extack, "bytes leftover after parsing attributes");
	return -EINVAL;
}
