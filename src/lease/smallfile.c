/* smallfile - replaces a small file beside the lease file: the keeper creates a temporary file,
 * this process fills it, and the keeper renames and syncs it.
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
#include "smallfile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void let_go(struct small_file *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	free(p->text);
	p->text = NULL;
}

static void fail(struct small_file *p, int err)
{
	let_go(p);
	p->err = err;
	p->state = SMALL_FAILED;
}

static void finish(struct small_file *p, int err)
{
	let_go(p);
	p->err = err;
	p->state = SMALL_DONE;
}

bool smallfile_put(struct small_file *p, enum lease_file which, char *text, size_t len)
{
	if (p->state != SMALL_NONE)
		return false;
	*p = (struct small_file){
		.state = SMALL_WANTED, .which = which, .text = text, .len = len, .fd = -1};
	return true;
}

bool smallfile_done(struct small_file *p, enum lease_file which, int *err)
{
	if (p->state != SMALL_DONE || p->which != which)
		return false;
	*err = p->err;
	p->state = SMALL_NONE;
	return true;
}

static void fill(struct small_file *p, int fd)
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
	p->state = SMALL_FILLED;
}

void smallfile_hear(struct small_file *p, const struct leasesync_message *a)
{
	if (a->task == LEASESYNC_CREATE && a->err)
		finish(p, a->err);
	else if (a->task == LEASESYNC_CREATE)
		fill(p, a->fd);
	else if (a->task == LEASESYNC_PUBLISH && a->err == ECHILD)
		p->state = SMALL_FILLED;
	else if (a->task == LEASESYNC_PUBLISH && a->err && !a->renamed)
		fail(p, a->err);
	else
		finish(p, a->task == LEASESYNC_DROP ? p->err : a->err);
}

/* Gives KEEPER the task TASK; if it takes it, P waits for the answer. */
static void ask(struct small_file *p, struct leasesync *keeper, enum leasesync_task task, int fd)
{
	if (leasesync_ask(keeper, p->which, task, fd))
		p->state = SMALL_BUSY;
}

void smallfile_step(struct small_file *p, struct leasesync *keeper, int like)
{
	if (p->state == SMALL_WANTED)
		ask(p, keeper, LEASESYNC_CREATE, like);
	else if (p->state == SMALL_FILLED)
		ask(p, keeper, LEASESYNC_PUBLISH, p->fd);
	else if (p->state == SMALL_FAILED)
		ask(p, keeper, LEASESYNC_DROP, -1);
}

void smallfile_close(struct small_file *p)
{
	let_go(p);
}
