/* control_socket - the place in the file system where the control socket listens. */
#ifndef NAT64D_CONTROL_SOCKET_H
#define NAT64D_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

struct control_socket {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	gid_t gid;        /* whose it is; -1: ours */
	int fd;           /* -1: none */
	struct stat made; /* by us, in its directory */
};

/* Listens at PATH of S, in the place of a socket that nobody listens at any more; what FD of S was
 * stays open, and is the caller's.  0, or -1 with a line in ERR (CONTROL_ERR bytes), and S as it
 * was. */
int control_socket_listen(struct control_socket *s, char *err);

/* Is what stands at PATH still what has been made? */
bool control_socket_is_there(const struct control_socket *s);

/* Makes the directory that PATH is in, if there is none and it may be made. */
void control_socket_make_directory(const struct control_socket *s);

#endif
