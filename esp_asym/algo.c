// SPDX-License-Identifier: GPL-2.0
/*
 * The names of the algorithms.  The tables of xfrm_algo are static, so on a
 * stock kernel return probes answer for our names; a kernel with
 * XFRM_ALGO_REGISTRATION is asked to do it.
 */
#include <linux/kprobes.h>

#include "sa.h"

static struct xfrm_algo_desc aead_descs[ASYM_SUITES];
/* strongSwan hands private-use transforms over as encryption algorithms. */
static struct xfrm_algo_desc ealg_descs[ASYM_SUITES];

static void describe(void)
{
	int i;

	for (i = 0; i < ASYM_SUITES; i++) {
		const struct asym_suite *suite = &asym_suites[i];

		aead_descs[i] = (struct xfrm_algo_desc){
			.name = suite->name,
			.uinfo.aead = {
				.geniv		= "asym",
				.icv_truncbits	= ASYM_ICV_BYTES * 8,
			},
		};
		ealg_descs[i] = (struct xfrm_algo_desc){
			.name = suite->name,
			.uinfo.encr = {
				.geniv		= "asym",
				.blockbits	= 8,
				.defkeybits	= (suite->key_bytes[1] +
						   ASYM_SA_SALT_BYTES) * 8,
			},
		};
	}
}

#ifdef XFRM_ALGO_REGISTRATION

static void unregister(int n)
{
	while (n--) {
		xfrm_ealg_unregister(&ealg_descs[n]);
		xfrm_aead_unregister(&aead_descs[n]);
	}
}

int asym_algo_init(void)
{
	int err, i;

	describe();
	for (i = 0; i < ASYM_SUITES; i++) {
		err = xfrm_aead_register(&aead_descs[i]);
		if (err)
			goto err;
		err = xfrm_ealg_register(&ealg_descs[i]);
		if (err) {
			xfrm_aead_unregister(&aead_descs[i]);
			goto err;
		}
	}
	return 0;

err:
	unregister(i);
	return err;
}

void asym_algo_exit(void)
{
	unregister(ASYM_SUITES);
}

#else

/* What an entry leaves for the return. */
struct answer {
	struct xfrm_algo_desc	*desc;
};

/* 1 skips the return. */
static int look_up(struct kretprobe_instance *ri, const char *name,
		   struct xfrm_algo_desc *descs)
{
	const struct asym_suite *suite = name ? asym_suite_find(name) : NULL;
	struct answer *answer = (struct answer *)ri->data;

	if (!suite)
		return 1;
	answer->desc = &descs[suite - asym_suites];
	return 0;
}

/* Entry: const char *name[, int icv_len], int probe. */
static int aead_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const char *name = (const char *)regs_get_kernel_argument(regs, 0);
	int icv_bits = (int)regs_get_kernel_argument(regs, 1);

	return icv_bits != ASYM_ICV_BYTES * 8 ||
	       look_up(ri, name, aead_descs);
}

static int ealg_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const char *name = (const char *)regs_get_kernel_argument(regs, 0);

	return look_up(ri, name, ealg_descs);
}

static int give_answer(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct answer *answer = (const struct answer *)ri->data;

	regs_set_return_value(regs, (unsigned long)answer->desc);
	return 0;
}

static struct kretprobe aead_probe = {
	.kp.symbol_name	= "xfrm_aead_get_byname",
	.entry_handler	= aead_entry,
	.handler	= give_answer,
	.data_size	= sizeof(struct answer),
};

static struct kretprobe ealg_probe = {
	.kp.symbol_name	= "xfrm_ealg_get_byname",
	.entry_handler	= ealg_entry,
	.handler	= give_answer,
	.data_size	= sizeof(struct answer),
};

static struct kretprobe *probes[] = { &aead_probe, &ealg_probe };

int asym_algo_init(void)
{
	int err;

	describe();
	err = register_kretprobes(probes, ARRAY_SIZE(probes));
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
