/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM esp_asym

#if !defined(_ESP_ASYM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ESP_ASYM_TRACE_H

#include <asym/keystore.h>
#include <linux/tracepoint.h>

/* One per packet: what was done with it.  Never key or payload bytes. */
DECLARE_EVENT_CLASS(asym_packet,
	TP_PROTO(u32 spi, u64 seq, u32 len, u32 opaque),
	TP_ARGS(spi, seq, len, opaque),
	TP_STRUCT__entry(
		__field(u32, spi)
		__field(u64, seq)
		__field(u32, len)
		__field(u32, opaque)
	),
	TP_fast_assign(
		__entry->spi = spi;
		__entry->seq = seq;
		__entry->len = len;
		__entry->opaque = opaque;
	),
	TP_printk("spi=0x%08x seq=%llu len=%u opaque=%u", __entry->spi,
		  __entry->seq, __entry->len, __entry->opaque)
);

DEFINE_EVENT(asym_packet, asym_sealed,
	TP_PROTO(u32 spi, u64 seq, u32 len, u32 opaque),
	TP_ARGS(spi, seq, len, opaque));

DEFINE_EVENT(asym_packet, asym_opened,
	TP_PROTO(u32 spi, u64 seq, u32 len, u32 opaque),
	TP_ARGS(spi, seq, len, opaque));

TRACE_EVENT(asym_refuse,
	TP_PROTO(enum asym_reason reason),
	TP_ARGS(reason),
	TP_STRUCT__entry(
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->reason = reason;
	),
	TP_printk("reason=%u", __entry->reason)
);

#endif /* _ESP_ASYM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
