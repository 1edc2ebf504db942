/* posix - <unistd.h> and <fcntl.h> for files that also need reason.h: all three have an R_OK, and
 * access(2)'s is a macro that would silently win. */
#ifndef NAT64D_POSIX_H
#define NAT64D_POSIX_H

#include <fcntl.h>
#include <unistd.h>
#undef R_OK

#endif
