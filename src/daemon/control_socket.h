/* control_socket - the control socket as an object in the file system. */
#ifndef NAT64D_CONTROL_SOCKET_H
#define NAT64D_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

struct control_socket {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	gid_t gid;        /* its group; -1: our own */
	int fd;           /* -1: none */
	struct stat made; /* identifies the file that we created */
};

/* Listens at PATH of S.  Replaces a socket at which no process listens any more.  The caller must
 * close the former descriptor FD of S.  Returns 0; or -1 with a line in ERR (CONTROL_ERR bytes),
 * and then S is unchanged. */
int control_socket_listen(struct control_socket *s, char *err);

/* Returns true if the file at PATH is still the socket that we created. */
bool control_socket_is_there(const struct control_socket *s);

/* Creates the directory of PATH if it does not exist and the parent is writable. */
void control_socket_make_directory(const struct control_socket *s);

#endif
