/* leasepins - replaces pinned.map: the keeper creates a file, this process fills it, and the keeper
 * renames and syncs it.
 *
 *     NONE <------------------------ reported ------------------------.
 *      |                                                             |
 *      '- put -> WANTED: CREATE -- done, filled -> FILLED: PUBLISH -> DONE
 *                  |      |                         ^  |     |         ^
 *                  |      '- a write failed -.      '--'     |         |
 *                  |                         v  keeper died  |         |
 *                  |                       FAILED: DROP <----'         |
 *                  '--- failed ------------------'---------------------'
 *
 * The words in capitals after a state are the keeper's task.  Until it answers, the state is BUSY.
 */
#include "leasepins.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void let_go(struct lease_pins *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	free(p->text);
	p->text = NULL;
}

static void fail(struct lease_pins *p, int err)
{
	let_go(p);
	p->err = err;
	p->state = PINS_FAILED;
}

static void finish(struct lease_pins *p, int err)
{
	let_go(p);
	p->err = err;
	p->state = PINS_DONE;
}

bool leasepins_put(struct lease_pins *p, char *text, size_t len)
{
	if (p->state != PINS_NONE)
		return false;
	*p = (struct lease_pins){.state = PINS_WANTED, .text = text, .len = len, .fd = -1};
	return true;
}

bool leasepins_done(struct lease_pins *p, int *err)
{
	if (p->state != PINS_DONE)
		return false;
	*err = p->err;
	p->state = PINS_NONE;
	return true;
}

static void fill(struct lease_pins *p, int fd)
{
	p->fd = fd;
	for (size_t done = 0; done < p->len;) {
		ssize_t n = write(fd, p->text + done, p->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(p, n < 0 ? errno : ENOSPC);
			return;
		}
		done += (size_t)n;
	}
	p->state = PINS_FILLED;
}

void leasepins_hear(struct lease_pins *p, const struct leasesync_message *a)
{
	if (a->task == LEASESYNC_CREATE && a->err)
		finish(p, a->err);
	else if (a->task == LEASESYNC_CREATE)
		fill(p, a->fd);
	else if (a->task == LEASESYNC_PUBLISH && a->err == ECHILD)
		p->state = PINS_FILLED;
	else if (a->task == LEASESYNC_PUBLISH && a->err && !a->renamed)
		fail(p, a->err);
	else
		finish(p, a->task == LEASESYNC_DROP ? p->err : a->err);
}

void leasepins_step(struct lease_pins *p, struct leasesync *keeper, int like)
{
	if (p->state == PINS_WANTED && leasesync_ask_pins(keeper, LEASESYNC_CREATE, like))
		p->state = PINS_BUSY;
	else if (p->state == PINS_FILLED && leasesync_ask_pins(keeper, LEASESYNC_PUBLISH, p->fd))
		p->state = PINS_BUSY;
	else if (p->state == PINS_FAILED && leasesync_ask_pins(keeper, LEASESYNC_DROP, -1))
		p->state = PINS_BUSY;
}

void leasepins_close(struct lease_pins *p)
{
	let_go(p);
}
