// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for packets on their way through the ciphers, one piece for each.
 *
 * Each CPU keeps the last piece that an SA has used.  Hardly ever is a second one
 * in use at the same time (only when a cipher takes its time), so a packet as a
 * rule asks for no memory, and nobody clears a page for it.
 */
#include <crypto/skcipher.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "packet.h"
#include "sa.h"

int asym_op_init(struct asym_sa *sa)
{
	sa->spare = alloc_percpu(struct asym_spare);
	return sa->spare ? 0 : -ENOMEM;
}

void asym_op_exit(struct asym_sa *sa)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct asym_spare *spare = per_cpu_ptr(sa->spare, cpu);

		kfree_sensitive(spare->op[ASYM_SEAL]);
		kfree_sensitive(spare->op[ASYM_OPEN]);
	}
	free_percpu(sa->spare);
}

/**
 * asym_op_alloc() - memory for a packet on its way
 * @x: SA
 * @way: the packet is sealed or opened
 * @size: bytes of the structure it begins with, the same for each packet
 * @room: result
 *
 * It is zero when it is new; later what the packet before has left is there.
 *
 * Return: the structure, for asym_op_free(), or NULL
 */
void *asym_op_alloc(const struct xfrm_state *x, enum asym_way way, size_t size,
		    struct asym_op_room *room)
{
	const struct asym_sa *sa = asym_sa_of(x);
	size_t keystream_at = ALIGN(size, __alignof__(struct asym_keystream));
	size_t mac_at = ALIGN(keystream_at + sizeof(struct asym_keystream),
			      CRYPTO_MINALIGN);
	size_t req_at = ALIGN(mac_at + asym_mac_room(x), CRYPTO_MINALIGN);
	void *op = this_cpu_xchg(sa->spare->op[way], NULL);

	if (!op)
		op = kzalloc(req_at + sizeof(struct skcipher_request) +
			     asym_sa_reqsize(sa), GFP_ATOMIC | __GFP_NOWARN);
	if (!op)
		return NULL;
	room->keystream = op + keystream_at;
	room->mac = op + mac_at;
	room->req = op + req_at;
	return op;
}

/**
 * asym_op_free() - give back what asym_op_alloc() gave
 * @x: SA
 * @way: as then
 * @op: the structure, which holds nothing secret any more
 */
void asym_op_free(const struct xfrm_state *x, enum asym_way way, void *op)
{
	kfree_sensitive(this_cpu_xchg(asym_sa_of(x)->spare->op[way], op));
}
