// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for a packet on its way through the ciphers, in one piece.
 */
#include <crypto/skcipher.h>
#include <linux/slab.h>

#include "packet.h"
#include "sa.h"

/**
 * asym_op_alloc() - memory for a packet on its way
 * @x: SA
 * @size: bytes of the structure it begins with
 * @req: result, a request to the stream cipher of the SA
 * @mac_room: result, what asym_mac() works in
 *
 * Nothing is cleared.  For kfree().
 *
 * Return: the structure, or NULL
 */
void *asym_op_alloc(const struct xfrm_state *x, size_t size,
		    struct skcipher_request **req, void **mac_room)
{
	struct crypto_skcipher *stream = asym_sa_of(x)->stream;
	size_t req_at = ALIGN(size, CRYPTO_MINALIGN);
	size_t mac_at = ALIGN(req_at + sizeof(struct skcipher_request) +
			      crypto_skcipher_reqsize(stream), CRYPTO_MINALIGN);
	void *op;

	op = kmalloc(mac_at + asym_mac_room(x), GFP_ATOMIC | __GFP_NOWARN);
	if (!op)
		return NULL;
	*req = op + req_at;
	*mac_room = op + mac_at;
	skcipher_request_set_tfm(*req, stream);
	return op;
}
