// SPDX-License-Identifier: GPL-2.0
/*
 * The name of the algorithm.  The tables of xfrm_algo are static, so on a stock
 * kernel return probes answer for our name; a kernel with XFRM_ALGO_REGISTRATION
 * is asked to do it.
 */
#include <linux/kprobes.h>

#include "esp_asym.h"

static char algo_name[] = ASYM_ALGO_GCM_AES;

static struct xfrm_algo_desc aead_desc = {
	.name = algo_name,
	.uinfo.aead = {
		.geniv		= "asym",
		.icv_truncbits	= ASYM_ICV_BYTES * 8,
	},
};

/* strongSwan hands private-use transforms over as encryption algorithms. */
static struct xfrm_algo_desc ealg_desc = {
	.name = algo_name,
	.uinfo.encr = {
		.geniv		= "asym",
		.blockbits	= 8,
		.defkeybits	= 288,
	},
};

#ifdef XFRM_ALGO_REGISTRATION

int asym_algo_init(void)
{
	int err;

	err = xfrm_aead_register(&aead_desc);
	if (err)
		return err;
	err = xfrm_ealg_register(&ealg_desc);
	if (err)
		xfrm_aead_unregister(&aead_desc);
	return err;
}

void asym_algo_exit(void)
{
	xfrm_ealg_unregister(&ealg_desc);
	xfrm_aead_unregister(&aead_desc);
}

#else

/* Entry: const char *name[, int icv_len], int probe.  1 skips the return. */
static int aead_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const char *name = (const char *)regs_get_kernel_argument(regs, 0);
	int icv_bits = (int)regs_get_kernel_argument(regs, 1);

	return !name || strcmp(name, algo_name) ||
	       icv_bits != ASYM_ICV_BYTES * 8;
}

static int ealg_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const char *name = (const char *)regs_get_kernel_argument(regs, 0);

	return !name || strcmp(name, algo_name);
}

static int aead_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, (unsigned long)&aead_desc);
	return 0;
}

static int ealg_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, (unsigned long)&ealg_desc);
	return 0;
}

static struct kretprobe aead_probe = {
	.kp.symbol_name	= "xfrm_aead_get_byname",
	.entry_handler	= aead_entry,
	.handler	= aead_return,
};

static struct kretprobe ealg_probe = {
	.kp.symbol_name	= "xfrm_ealg_get_byname",
	.entry_handler	= ealg_entry,
	.handler	= ealg_return,
};

static struct kretprobe *probes[] = { &aead_probe, &ealg_probe };

int asym_algo_init(void)
{
	int err = register_kretprobes(probes, ARRAY_SIZE(probes));

	if (err)
		pr_err("esp_asym: the kernel has neither XFRM_ALGO_REGISTRATION nor working kretprobes (%d)\n",
		       err);
	return err;
}

void asym_algo_exit(void)
{
	unregister_kretprobes(probes, ARRAY_SIZE(probes));
}

#endif
