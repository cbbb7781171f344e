// SPDX-License-Identifier: GPL-2.0
/*
 * The module and its share of every network namespace.
 */
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "keystore.h"

static unsigned int asym_net_id;

/**
 * asym_net() - what keystore has in a network namespace
 * @net: namespace that is alive
 *
 * Context: any
 * Return: never NULL
 */
struct asym_net *asym_net(const struct net *net)
{
	return net_generic(net, asym_net_id);
}

static int __net_init asym_net_init(struct net *net)
{
	struct asym_net *an = asym_net(net);

	mutex_init(&an->lock);
	INIT_LIST_HEAD(&an->keys);
	INIT_LIST_HEAD(&an->bindings);
	hash_init(an->hash);
	/* Zero would mean to netlink that a dump does not look at it. */
	an->generation = 1;
	asym_events_init(an);
	return 0;
}

/*
 * Before the grace period that precedes the end of the namespace, so that those
 * who found a binding under RCU are through with &asym_binding.net.
 */
static void __net_exit asym_net_pre_exit(struct net *net)
{
	struct asym_net *an = asym_net(net);

	mutex_lock(&an->lock);
	asym_bindings_flush(an);
	asym_keys_flush(an);
	mutex_unlock(&an->lock);
}

static struct pernet_operations asym_net_ops = {
	.init = asym_net_init,
	.pre_exit = asym_net_pre_exit,
	.id = &asym_net_id,
	.size = sizeof(struct asym_net),
};

static int __init keystore_init(void)
{
	int err;

	err = asym_keys_init();
	if (err)
		return err;

	err = -ENOTRECOVERABLE;
	if (!asym_range_selftest())
		goto err_selftest;

	err = register_pernet_subsys(&asym_net_ops);
	if (err)
		goto err_selftest;

	err = genl_register_family(&asym_nl_family);
	if (err)
		goto err_family;
	return 0;

err_family:
	unregister_pernet_subsys(&asym_net_ops);
err_selftest:
	asym_keys_exit();
	return err;
}

static void __exit keystore_exit(void)
{
	genl_unregister_family(&asym_nl_family);
	unregister_pernet_subsys(&asym_net_ops);
	asym_keys_exit();
}

module_init(keystore_init);
module_exit(keystore_exit);

MODULE_DESCRIPTION("Local keys of asymmetric ESP for iSCSI");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(ASYM_FAMILY_NAME);
/* crypto_cipher, of which one block at the start of a range is needed */
MODULE_IMPORT_NS(CRYPTO_INTERNAL);
