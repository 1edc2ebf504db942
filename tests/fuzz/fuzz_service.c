/* fuzz_service - arbitrary variables of a service manager.
 *
 * An input has lines NAME=VALUE.  In a value, "$$" is our process.  Linked with libFuzzer
 * (--enable-fuzzer) or with replay.c, which `make check` runs. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "daemon/service.h"

#include "fuzz_check.h"
#include "fuzz_files.h"
#include "replay.h"

#define VALUE 512

static const char *const names[] = {
	"NOTIFY_SOCKET", "LISTEN_PID",   "LISTEN_FDS",      "LISTEN_FDNAMES",
	"WATCHDOG_USEC", "WATCHDOG_PID", "STATE_DIRECTORY", "RUNTIME_DIRECTORY",
};
#define NAMES (sizeof(names) / sizeof(*names))

/* --- variables ------------------------------------------------------------------------------ */

static void set_value(const char *name, const char *value, size_t len)
{
	char text[VALUE + 16];
	size_t n = 0;

	for (size_t i = 0; i < len && n < VALUE && value[i]; i++) {
		if (value[i] == '$' && i + 1 < len && value[i + 1] == '$') {
			n += (size_t)snprintf(text + n, 16, "%ld", (long)getpid());
			i++;
		} else {
			text[n++] = value[i];
		}
	}
	text[n] = '\0';
	EXPECT(setenv(name, text, 1) == 0);
}

static void set_line(const char *line, size_t len)
{
	for (size_t i = 0; i < NAMES; i++) {
		size_t n = strlen(names[i]);

		if (len > n && memcmp(line, names[i], n) == 0 && line[n] == '=')
			set_value(names[i], line + n + 1, len - n - 1);
	}
}

static void set_all(const char *text, size_t len)
{
	for (size_t i = 0; i < NAMES; i++)
		unsetenv(names[i]);
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		set_line(text, line);
		line += end != NULL;
		text += line;
		len -= line;
	}
}

/* --- checks --------------------------------------------------------------------------------- */

/* Half of the limit, at least 1 ms: waiting longer would let the manager kill us. */
static void check_watchdog(void)
{
	const char *limit = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t ms = service_watchdog();
	char plain[32];

	EXPECT(ms >= 0 && ms <= LLONG_MAX / 2000);
	if (!limit)
		EXPECT(ms == 0);
	if (ms > 1)
		EXPECT(ms * 2000 <= strtoll(limit, NULL, 10));
	if (ms > 0 && pid)
		EXPECT(strtol(pid, NULL, 10) == (long)getpid());
	if (limit && !pid) {
		snprintf(plain, sizeof(plain), "%lld", strtoll(limit, NULL, 10));
		EXPECT(strcmp(plain, limit) != 0 || (ms > 0) == (strtoll(limit, NULL, 10) > 0));
	}
}

/* A descriptor that is handed over is open, above standard error, one of LISTEN_FDS, and ours. */
static void check_listen(const char *name)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int fd = service_handed_over(name);

	EXPECT(fd == -1 || (fd > STDERR_FILENO && pid && count));
	if (fd == -1)
		return;
	EXPECT(strtol(pid, NULL, 10) == (long)getpid());
	EXPECT(fd - STDERR_FILENO <= strtol(count, NULL, 10));
	EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	EXPECT(strstr(getenv("LISTEN_FDNAMES"), name) != NULL);
	EXPECT(fcntl(fd, F_SETFD, 0) == 0);
}

/* Connects only to a socket of a manager, here the one of the harness, and sends to it. */
static void check_notify(int manager)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char got[64];
	int fd = service_notify_open();
	ssize_t n;

	EXPECT(fd == -1 || (path && (path[0] == '/' || path[0] == '@')));
	if (fd >= 0)
		EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	if (service_notify(fd, "READY=1") && path[0] == '/') {
		n = recv(manager, got, sizeof(got), MSG_DONTWAIT);
		EXPECT(n == 7 && memcmp(got, "READY=1", 7) == 0);
	}
	if (fd >= 0)
		close(fd);
	else
		EXPECT(!service_notify(fd, "READY=1"));
}

/* The path of the control socket fits, and is absolute. */
static void check_runtime_dir(void)
{
	static const struct conf plain = {.control = NULL};
	char path[CONF_SOCKET_MAX];

	if (conf_control_path(&plain, getenv("RUNTIME_DIRECTORY"), path)) {
		EXPECT(memchr(path, '\0', sizeof(path)) != NULL);
		EXPECT(path[0] == '/');
	}
}

/* Returns the socket of a manager that listens beside the harness's files. */
static int open_manager(void)
{
	static int fd = -1;
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (fd >= 0)
		return fd;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", fuzz_dir());
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	EXPECT(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

/* Sets NOTIFY_SOCKET to the socket of the harness if its value is "/notify". */
static void point_to_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	char mine[128];

	if (!path || path[0] != '/')
		return;
	if (strcmp(path, "/notify") != 0) { /* nothing of the system */
		setenv("NOTIFY_SOCKET", "/nowhere/of/this/name", 1);
		return;
	}
	snprintf(mine, sizeof(mine), "%s/notify", fuzz_dir());
	setenv("NOTIFY_SOCKET", mine, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int manager = open_manager();

	set_all((const char *)data, size);
	point_to_manager();
	check_watchdog();
	check_listen("control");
	check_listen("tun");
	check_notify(manager);
	check_runtime_dir();
	set_all(NULL, 0);
	return 0;
}
