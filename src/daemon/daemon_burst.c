/* daemon_burst - reads, translates and sends the packets of a burst.  Each packet is read into the
 * arena and translated in place; it stays there until all are sent together.  Records of new leases
 * are written before. */
#include <errno.h>
#include <string.h>

#include "daemon.h"

#define BURST    1024        /* maximum packets before everything else is served */
#define HOT      (16 * 1024) /* bytes; a larger GSO packet is sent at once, while it is in the cache */
#define AWAKE_US 50          /* time without sleep after such a GSO packet */
#define DENSE    16          /* after so many packets with few bytes, the daemon pauses */

#define FAILURES  16    /* failed reads in a second; more of them are not about single packets */
#define FAILED_MS 60000 /* interval of log lines about failed reads */

int daemon_start_packets(struct daemon *d)
{
	d->batch = batch_new(&d->keys.batch, &d->xlat.ipid);
	if (!d->batch)
		return -1;
	d->send = (struct send){.tun = d->tun, .batch = d->batch, .counters = &d->counters};
	send_start(&d->send);
	return 0;
}

/* An echo request that was answered has been overwritten by the reply; then the reply is described.
 */
static void log_packet(struct daemon *d, enum reason why, const uint8_t *bytes, size_t len)
{
	char line[512];

	if (!(reason_table[why].class & d->active->log) || !log_limit_take(&d->packet_log, d->now))
		return;
	if (why == REASON_SELF_ECHO && d->out.outputs > 0) {
		bytes = d->out.output[0].head;
		len = d->out.output[0].head_len;
	}
	log_notice("%s", report_packet(line, sizeof(line), why, bytes, len));
}

/* A new lease must be on record before its first packet is sent. */
static void flush(struct daemon *d)
{
	const struct output *out;

	daemon_commit_leases(d);
	while ((out = batch_next(d->batch)))
		send_out(&d->send, out);
	d->counters.merged = batch_merged(d->batch);
}

/* Sends everything in the arena and empties it. */
static void restart_arena(struct daemon *d)
{
	flush(d);
	arena_release(&d->arena, d->arena_bytes);
	daemon_show_life(d);
}

static void hold_outputs(struct daemon *d)
{
	for (unsigned i = 0; i < d->out.outputs; i++) {
		const struct output *o = &d->out.output[i];

		if (batch_add(d->batch, o))
			continue;
		flush(d);
		batch_add(d->batch, o);
	}
	d->counters.answers += d->out.answers;
	d->counters.suppressed += d->out.suppressed;
}

/* Returns the place for the next packet, with room for the longest packet and its translations. */
static uint8_t *next_place(struct daemon *d)
{
	const size_t most = XLAT_HEADROOM + TUN_PACKET_MAX;

	if (arena_left(&d->arena) < most + XLAT_SCRATCH + ARENA_LINE)
		restart_arena(d);
	return arena_take(&d->arena, most) + XLAT_HEADROOM;
}

static void count(struct daemon *d, enum report_dir dir, enum reason why)
{
	const struct xlat_out *out = &d->out;
	struct lease *l = out->lease;

	d->counters.reason[dir][why] += out->packets;
	d->counters.bytes[dir] += out->bytes;
	if (out->has_last) {
		d->counters.reason[dir][out->last]++;
		d->counters.bytes[dir] += out->last_packet.len;
	}
	if (l && why == REASON_OK) {
		l->packets[dir] += out->packets;
		l->bytes[dir] += out->bytes;
	} else if (l) { /* only the last segment was translated */
		l->packets[dir]++;
		l->bytes[dir] += out->last_packet.len;
	}
}

void daemon_count_fast(struct daemon *d)
{
	struct fastpath_totals below = daemon_take_fast(d);

	for (int dir = 0; dir < DIRS; dir++) {
		d->counters.reason[dir][REASON_OK] += below.packets[dir];
		d->counters.fast[dir] += below.packets[dir];
		d->counters.bytes[dir] += below.bytes[dir];
	}
}

/* The translation overwrites the packet, so its description for traces is made before.  Pairs that
 * are traced are not given to the program in the kernel. */
static enum reason translate(struct daemon *d, enum report_dir dir, uint8_t *bytes, size_t len,
			     const struct offload *o)
{
	struct trace_side before;
	enum reason why;

	if (!d->trace.clients)
		return xlat_packet(&d->xlat, bytes, len, o, daemon_pool_clock(d), &d->out);
	trace_look(&before, bytes, len, len);
	why = xlat_packet(&d->xlat, bytes, len, o, daemon_pool_clock(d), &d->out);
	daemon_trace(d, dir, &before, why);
	d->out.plain = d->out.plain && !daemon_traces_pair(d, dir);
	return why;
}

/* The next packet reuses the place of a packet that was dropped. */
static void serve_packet(struct daemon *d, uint8_t *bytes, size_t len, const struct offload *o)
{
	enum report_dir dir = report_dir(bytes[0]);
	enum reason why;

	d->counters.gso_read += o->gso != GSO_NONE;
	arena_release(&d->arena, bytes + len);
	why = translate(d, dir, bytes, len, o);
	count(d, dir, why);
	if (d->out.outputs == 0)
		arena_release(&d->arena, bytes - XLAT_HEADROOM);
	if (d->out.record && daemon_record_lease(d, d->out.record))
		d->counters.recorded++;
	log_packet(d, why, bytes, len);
	if (d->out.has_last)
		log_packet(d, d->out.last, d->out.last_packet.p, d->out.last_packet.len);
	if (d->out.plain && (!d->out.lease || d->out.lease->on_record))
		daemon_see_pair(d);
	hold_outputs(d);
}

/* A device that is down, or that has refused many reads within a second, is not read until netlink
 * reports a change or the next maintenance.  A single error may concern only one packet. */
static void device_failed(struct daemon *d)
{
	int err = errno;

	if (err != EIO && tun_is_gone(d->tun)) {
		log_error("tun-device %s: the device was deleted", tun_name(d->tun));
		d->pace.lost = true;
	} else if (err != EIO) {
		d->pace.failed++;
		d->pace.error = err;
	}
	d->pace.unreadable = err == EIO || ++d->pace.failed_lately >= FAILURES;
}

static void say_failed(struct daemon *d)
{
	d->pace.failed_lately = 0;
	if (d->pace.failed == 0 || d->now < d->pace.say_at)
		return;
	log_warning("tun-device %s: failed reads: %lu, the last one: %s (packets may be lost; the "
		    "daemon continues to read)",
		    tun_name(d->tun), d->pace.failed, strerror(d->pace.error));
	d->pace.failed = 0;
	d->pace.say_at = d->now + FAILED_MS;
}

/* After a GSO packet, more packets will come soon.  Polling again costs less than sleeping, because
 * the CPU of the sender would have to wake the daemon.  After many small packets, a short pause
 * lets more of them accumulate.  Then more can be merged, and the daemon is woken less often. */
static void set_pace(struct daemon *d, int packets, size_t bytes, bool bulk)
{
	if (bulk)
		d->pace.awake_until = clock_us() + AWAKE_US;
	d->pace.resting = !bulk && packets >= DENSE && bytes < HOT;
}

void daemon_serve_packets(struct daemon *d)
{
	struct offload offload;
	bool bulk = false, drained = false;
	size_t bytes_read = 0;
	int i;

	if (daemon_fast_holds(d)) {
		d->pace.resting = true;
		return;
	}
	d->arena = (struct arena){d->arena_bytes, sizeof(d->arena_bytes), 0};
	d->out.scratch = &d->arena;
	for (i = 0; i < BURST; i++) {
		uint8_t *bytes = next_place(d);
		ssize_t n = tun_read(d->tun, bytes, TUN_PACKET_MAX, &offload);

		if (n < 0)
			device_failed(d);
		drained = n == 0;
		if (n <= 0)
			break;
		serve_packet(d, bytes, (size_t)n, &offload);
		bytes_read += (size_t)n;
		if (n < HOT)
			continue;
		bulk = true;
		restart_arena(d);
	}
	restart_arena(d);
	drained |= (unsigned)i >= tun_queue_len(d->tun); /* the queue cannot have held more */
	daemon_end_burst(d, (unsigned)i, drained);
	set_pace(d, i, bytes_read, bulk);
}

void daemon_retry_device(struct daemon *d)
{
	d->pace.unreadable = false;
}

void daemon_maintain_packets(struct daemon *d)
{
	unsigned long suppressed = log_limit_suppressed(&d->packet_log);
	struct traffic total;

	if (suppressed > 0)
		log_notice("%lu lines about packets suppressed", suppressed);
	say_failed(d);
	daemon_retry_device(d);
	daemon_count_fast(d);
	total = rates_total(&d->counters);
	rates_take(&d->rates, d->now, &total);
	daemon_maintain_fast(d);
}
