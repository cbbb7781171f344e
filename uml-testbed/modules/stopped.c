// SPDX-License-Identifier: GPL-2.0
/*
 * A network device whose queue has stopped, and on the CPU that loads this a packet
 * of IPsec that waits for it: as when a cipher has answered later and the device
 * had enough to do.
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>

static struct net_device *dev;

static netdev_tx_t xmit(struct sk_buff *skb, struct net_device *to)
{
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = {
	.ndo_start_xmit = xmit,
};

static void setup(struct net_device *new)
{
	ether_setup(new);
	eth_hw_addr_random(new);
	new->netdev_ops = &ops;
}

/* Where xfrm_dev_resume() puts it. */
static void wait_for_device(struct sk_buff *skb)
{
	unsigned long flags;

	skb->dev = dev;
	local_irq_save(flags);
	skb_queue_tail(&this_cpu_ptr(&softnet_data)->xfrm_backlog, skb);
	local_irq_restore(flags);
}

static int __init stopped_init(void)
{
	struct sk_buff *skb;
	int err;

	dev = alloc_netdev(0, "stopped%d", NET_NAME_UNKNOWN, setup);
	if (!dev)
		return -ENOMEM;
	err = register_netdev(dev);
	if (err)
		goto free;
	netif_tx_stop_all_queues(dev);

	skb = alloc_skb(ETH_HLEN, GFP_KERNEL);
	if (!skb) {
		err = -ENOMEM;
		goto unregister;
	}
	skb_put_zero(skb, ETH_HLEN);
	wait_for_device(skb);
	return 0;

unregister:
	unregister_netdev(dev);
free:
	free_netdev(dev);
	return err;
}

static void __exit stopped_exit(void)
{
	netif_tx_start_all_queues(dev);
	/* There is one CPU, and its softirqs have nothing else that waits. */
	local_bh_disable();
	skb_queue_purge(&this_cpu_ptr(&softnet_data)->xfrm_backlog);
	local_bh_enable();
	unregister_netdev(dev);
	free_netdev(dev);
}

module_init(stopped_init);
module_exit(stopped_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A packet of IPsec that waits for its device, for tests");
