/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Before 6.5 pages are handed to TCP with sendpage, since then with sendmsg and
 * MSG_SPLICE_PAGES.
 */
#ifndef _COMPAT_NET_TCP_H
#define _COMPAT_NET_TCP_H

#include_next <net/tcp.h>
#include <linux/bvec.h>
#include <linux/uio.h>

#ifndef MSG_SENDPAGE_NOTLAST	/* gone together with sendpage */

/**
 * asym_tcp_push_page() - queue part of a page on a TCP socket without copying
 * @sk: socket, locked
 * @page: page; TCP takes references of its own
 * @off: first byte
 * @len: bytes
 * @flags: MSG_*
 *
 * Return: bytes accepted or a negative errno
 */
static inline int asym_tcp_push_page(struct sock *sk, struct page *page,
				     u32 off, u32 len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };
	struct bio_vec bv;

	bvec_set_page(&bv, page, len, off);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bv, 1, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}

#define asym_proto_set_sendpage(prot, fn)	do { } while (0)
#define asym_tcp_sendpage(sk, page, off, len, flags)	(-EOPNOTSUPP)

#else

/* Some stable kernels define the flag without honouring it in TCP. */
#ifndef MSG_SPLICE_PAGES
#define MSG_SPLICE_PAGES	0x8000000
#endif

static inline int asym_tcp_push_page(struct sock *sk, struct page *page,
				     u32 off, u32 len, int flags)
{
	return tcp_sendpage_locked(sk, page, off, len,
				   flags & ~MSG_SPLICE_PAGES);
}

#define asym_proto_set_sendpage(prot, fn)	((prot)->sendpage = (fn))
#define asym_tcp_sendpage	tcp_sendpage

#endif

#endif
