// SPDX-License-Identifier: GPL-2.0
/*
 * The SA type.  There is one xfrm_type per protocol and family, so ours stands
 * in for that of esp4 (esp6): SAs with our algorithm are ours, all others are
 * handed to the original when they are set up and never come back.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <net/xfrm.h>

#include "packet.h"
#include "sa.h"

static const struct xfrm_type type4, type6;

/* A stand-in for the type of one family. */
struct delegate {
	unsigned short		family;
	const struct xfrm_type	*ours;
	const struct xfrm_type	*original;
};

static struct delegate delegates[] = {
	{ .family = AF_INET, .ours = &type4 },
	{ .family = AF_INET6, .ours = &type6 },
};

bool asym_state_is_ours(const struct xfrm_state *x)
{
	return x->type == &type4 || x->type == &type6;
}

static const struct asym_suite *suite_of(const struct xfrm_state *x)
{
	if (x->aead)
		return asym_suite_find(x->aead->alg_name);
	return x->ealg ? asym_suite_find(x->ealg->alg_name) : NULL;
}

static void do_without_offload(struct xfrm_state *x)
{
	const struct xfrm_type_offload *offload = x->type_offload;

	x->type_offload = NULL;
	if (offload)
		module_put(offload->owner);
}

static int hand_over(const struct delegate *d, struct xfrm_state *x,
		     struct netlink_ext_ack *extack)
{
	/* esp4_offload has large packets cut behind the queues.  Linux since
	 * 6.12.90 or so looks at TCP's header in front of them and drops those of
	 * BEET mode, see find_inner().  This module loads esp4_offload, and that
	 * must not harm anybody: have them cut before they are sealed.  No
	 * hardware knows this mode.
	 */
	if (x->props.mode == XFRM_MODE_BEET)
		do_without_offload(x);
	/* The original cannot go away: we pin it.  x->type is ours with a
	 * reference from xfrm_get_type(); exchange both.
	 */
	__module_get(d->original->owner);
	x->type = d->original;
	module_put(THIS_MODULE);
	return d->original->init_state(x, extack);
}

/* In BEET mode packets do not carry the addresses of a connection. */
static bool selects_two_hosts(const struct xfrm_selector *sel)
{
	u8 bits = sel->family == AF_INET6 ? 128 : 32;

	return sel->prefixlen_s == bits && sel->prefixlen_d == bits;
}

static int check(const struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	switch (x->props.mode) {
	case XFRM_MODE_TRANSPORT:
	case XFRM_MODE_TUNNEL:
		break;
	case XFRM_MODE_BEET:
		if (selects_two_hosts(&x->sel))
			break;
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP in BEET mode needs a selector (sel) of two addresses");
		return -EINVAL;
	default:
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP works in transport, tunnel and BEET mode only");
		return -EINVAL;
	}
	if (x->props.extra_flags & XFRM_SA_XFLAG_OSEQ_MAY_WRAP) {
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP does not take oseq-may-wrap");
		return -EINVAL;
	}
	if (x->tfcpad) {
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP has no traffic flow padding (tfcpad)");
		return -EINVAL;
	}
	if (x->aalg) {
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP authenticates by itself: leave auth out");
		return -EINVAL;
	}
	if (x->aead && x->aead->alg_icv_len != ASYM_ICV_BYTES * 8) {
		NL_SET_ERR_MSG(extack,
			       "Asymmetric ESP has an ICV of 128 bits");
		return -EINVAL;
	}
	return asym_encap_check(x, extack);
}

/* What a packet grows by in front of its payload, as esp4 and esp6 count. */
static u32 header_len(const struct xfrm_state *x)
{
	bool ipv4 = x->props.family == AF_INET;
	u32 len = ASYM_HEADER_BYTES;

	if (x->props.mode == XFRM_MODE_TUNNEL)
		len += ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	if (x->props.mode != XFRM_MODE_BEET || x->sel.family == AF_INET6)
		return len;
	if (!ipv4)
		len += sizeof(struct ipv6hdr) - sizeof(struct iphdr);
	return len + IPV4_BEET_PHMAXLEN;
}

static int init_state(const struct delegate *d, struct xfrm_state *x,
		      struct netlink_ext_ack *extack)
{
	const struct asym_suite *suite = suite_of(x);
	struct crypto_aead *shell;
	unsigned int bits;
	const u8 *key;
	int err;

	if (!suite)
		return hand_over(d, x, extack);

	err = check(x, extack);
	if (err)
		return err;

	key = x->aead ? x->aead->alg_key : x->ealg->alg_key;
	bits = x->aead ? x->aead->alg_key_len : x->ealg->alg_key_len;
	if (bits % 8) {
		NL_SET_ERR_MSG(extack, "The key is not a whole number of bytes");
		return -EINVAL;
	}
	shell = asym_sa_create(suite, key, bits / 8, extack);
	if (IS_ERR(shell))
		return PTR_ERR(shell);

	x->data = shell;
	x->props.header_len = header_len(x) + asym_encap_bytes(x);
	x->props.trailer_len = 3 + 2 + ASYM_ICV_BYTES;

	/* No offload while the SA is being set up: a request for hardware is
	 * then refused by xfrm_dev_state_add().  notify() puts ours in.
	 */
	do_without_offload(x);
	return 0;
}

static int init_state4(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	return init_state(&delegates[0], x, extack);
}

static int init_state6(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	return init_state(&delegates[1], x, extack);
}

static void destroy_state(struct xfrm_state *x)
{
	if (x->data)
		asym_sa_destroy(x->data);
}

static const struct xfrm_type type4 = {
	.owner		= THIS_MODULE,
	.proto		= IPPROTO_ESP,
	.flags		= XFRM_TYPE_REPLAY_PROT,
	.init_state	= init_state4,
	.destructor	= destroy_state,
	.input		= asym_input,
	.output		= asym_output,
};

static const struct xfrm_type type6 = {
	.owner		= THIS_MODULE,
	.proto		= IPPROTO_ESP,
	.flags		= XFRM_TYPE_REPLAY_PROT,
	.init_state	= init_state6,
	.destructor	= destroy_state,
	.input		= asym_input,
	.output		= asym_output,
};

/* Software GSO and GRO, once the SA is complete. */
static int notify(struct xfrm_state *x, const struct km_event *c)
{
	if (c->event != XFRM_MSG_NEWSA && c->event != XFRM_MSG_UPDSA)
		return 0;
	/* The kernel does not offload what is encapsulated, but would have TCP
	 * make large segments for it, to cut them at once.
	 */
	if (!asym_state_is_ours(x) || x->encap ||
	    !asym_offload_available(x->props.family))
		return 0;

	spin_lock_bh(&x->lock);
	if (!x->type_offload && x->km.state == XFRM_STATE_VALID) {
		__module_get(THIS_MODULE);
		WRITE_ONCE(x->type_offload, &asym_type_offload);
	}
	spin_unlock_bh(&x->lock);
	return 0;
}

/* xfrm calls these two of every manager; we have nothing to negotiate. */
static int acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl,
		   struct xfrm_policy *pol)
{
	return -EOPNOTSUPP;
}

/* The error that a manager before us has left is what the program is told. */
static struct xfrm_policy *compile_policy(struct sock *sk, int opt, u8 *data,
					  int len, int *dir)
{
	return NULL;
}

static struct xfrm_mgr manager = {
	.notify		= notify,
	.acquire	= acquire,
	.compile_policy	= compile_policy,
};

/*
 * xfrm_unregister_type() and xfrm_register_type() would leave a gap in which no
 * SA can be set up, so the pointer itself is exchanged.  Nobody else can write
 * it meanwhile: the original's module is pinned.
 */
static int delegate_begin(struct delegate *d)
{
	struct xfrm_state_afinfo *afinfo;
	const struct xfrm_type *original;
	int err = 0;

	request_module("xfrm-type-%u-%u", d->family, XFRM_PROTO_ESP);

	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(d->family);
	original = afinfo ? READ_ONCE(afinfo->type_esp) : NULL;
	if (!original || !try_module_get(original->owner)) {
		err = -ENOENT;
	} else {
		/* From the exchange on SAs come our way. */
		d->original = original;
		if (cmpxchg(&afinfo->type_esp, original, d->ours) !=
		    original) {
			d->original = NULL;
			module_put(original->owner);
			err = -EBUSY;
		}
	}
	rcu_read_unlock();
	return err;
}

static void delegate_end(struct delegate *d)
{
	struct xfrm_state_afinfo *afinfo;

	if (!d->original)
		return;
	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(d->family);
	if (afinfo)
		WRITE_ONCE(afinfo->type_esp, d->original);
	rcu_read_unlock();
	/* Wait for those who have read our type and not yet taken the module. */
	synchronize_rcu();
	module_put(d->original->owner);
	d->original = NULL;
}

int asym_state_init(void)
{
	int err;

	err = delegate_begin(&delegates[0]);
	if (err) {
		pr_err("esp_asym: no ESP for IPv4 to stand in for: load esp4 first\n");
		return err;
	}
	/* Without esp6 there are no ESP SAs over IPv6 at all. */
	err = delegate_begin(&delegates[1]);
	if (err && err != -ENOENT) {
		delegate_end(&delegates[0]);
		return err;
	}
	xfrm_register_km(&manager);
	return 0;
}

void asym_state_exit(void)
{
	xfrm_unregister_km(&manager);
	delegate_end(&delegates[1]);
	delegate_end(&delegates[0]);
}
