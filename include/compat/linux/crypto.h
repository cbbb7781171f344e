/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The completion callback of a crypto request gets the data of the caller since
 * Linux 6.3, and the request, which points to that data, before.
 */
#ifndef _ASYM_COMPAT_LINUX_CRYPTO_H
#define _ASYM_COMPAT_LINUX_CRYPTO_H

#include_next <linux/crypto.h>

/*
 * DEFINE_CRYPTO_DONE(fn) after a static void fn(void *data, int err) makes
 * crypto_done(fn) a callback for *_request_set_callback().
 */
#define DEFINE_CRYPTO_DONE(fn)						\
	static void __maybe_unused					\
	fn##_req(struct crypto_async_request *req, int err)		\
	{								\
		fn(req->data, err);					\
	}

#define crypto_done(fn)							\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(crypto_completion_t,	\
					     void (*)(void *, int)),	\
		fn, fn##_req)

#endif /* _ASYM_COMPAT_LINUX_CRYPTO_H */
