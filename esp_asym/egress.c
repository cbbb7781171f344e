// SPDX-License-Identifier: GPL-2.0
/*
 * A last look at packets that are not sealed yet, in front of their device.
 *
 * While packets of IPsec wait on a CPU for a device that has stopped (xfrm_backlog),
 * validate_xmit_xfrm() does not seal others but asks to be called again.  A queue
 * does so.  Where there is none, __dev_queue_xmit() sends the packet as it is.  It
 * has BHs off from here until then, so that what waits here waits there, too.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/sch_generic.h>
#include <net/xfrm.h>

#include "sa.h"
#include "stat.h"

/**
 * struct guard - the hook of a device
 * @list: of all, under RTNL
 * @ops: what netfilter has
 */
struct guard {
	struct list_head	list;
	struct nf_hook_ops	ops;
};

static LIST_HEAD(guards);

/* And was not opened, and is forwarded. */
static bool is_to_be_sealed(struct sk_buff *skb)
{
	const struct xfrm_offload *xo = xfrm_offload(skb);
	const struct sec_path *sp = skb_sec_path(skb);

	return xo && !(xo->flags & XFRM_GRO) && sp->len &&
	       asym_state_is_ours(sp->xvec[sp->len - 1]);
}

static bool others_wait(void)
{
	const struct softnet_data *sd = this_cpu_ptr(&softnet_data);

	return !skb_queue_empty_lockless(&sd->xfrm_backlog);
}

/**
 * asym_egress_can_wait() - can packets wait in front of a device?
 * @txq: queue of the device, which may be none
 *
 * Context: BHs off
 * Return: false if they are sent at once
 */
bool asym_egress_can_wait(const struct netdev_queue *txq)
{
	return rcu_dereference_bh(txq->qdisc)->enqueue;
}

/* Which of them the packet will take is not known yet. */
static bool has_queues(struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->real_num_tx_queues; i++)
		if (!asym_egress_can_wait(netdev_get_tx_queue(dev, i)))
			return false;
	return true;
}

static unsigned int last_look(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	if (!is_to_be_sealed(skb) || !others_wait() || has_queues(state->out))
		return NF_ACCEPT;
	asym_refuse(state->net, ASYM_REASON_SEAL_BYPASSED, NULL, 0,
		    "another device has stopped, and this one has no queue to wait in");
	return NF_DROP;
}

static int guard_add(struct net_device *dev)
{
	struct guard *guard = kzalloc(sizeof(*guard), GFP_KERNEL);
	int err;

	if (!guard)
		return -ENOMEM;
	guard->ops.hook = last_look;
	guard->ops.dev = dev;
	guard->ops.pf = NFPROTO_NETDEV;
	guard->ops.hooknum = NF_NETDEV_EGRESS;
	guard->ops.priority = INT_MAX;
	err = nf_register_net_hook(dev_net(dev), &guard->ops);
	if (err)
		kfree(guard);
	else
		list_add(&guard->list, &guards);
	return err;
}

static void guard_del(struct net_device *dev)
{
	struct guard *guard;

	list_for_each_entry(guard, &guards, list) {
		if (guard->ops.dev != dev)
			continue;
		list_del(&guard->list);
		nf_unregister_net_hook(dev_net(dev), &guard->ops);
		kfree(guard);
		return;
	}
}

/* Under RTNL.  A device that moves to another namespace goes and comes. */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	switch (event) {
	case NETDEV_REGISTER:
		return notifier_from_errno(guard_add(dev));
	case NETDEV_UNREGISTER:
		guard_del(dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

/* Of the devices that are there the notifier is told, too. */
int asym_egress_init(void)
{
	int err = register_netdevice_notifier(&device_notifier);

	if (err)
		pr_err("esp_asym: no hook in front of a device: error %d; has the kernel CONFIG_NETFILTER_EGRESS?\n",
		       err);
	return err;
}

void asym_egress_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
	synchronize_net();
}
