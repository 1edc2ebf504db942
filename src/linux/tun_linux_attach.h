/* tun_linux_attach - a descriptor for a TUN device, and what its kernel leaves to us.
 *
 * Private to the Linux shell. */
#ifndef NAT64D_TUN_LINUX_ATTACH_H
#define NAT64D_TUN_LINUX_ATTACH_H

#include <stdbool.h>

struct tun_attached {
	int fd;            /* -1: not attached */
	bool header;       /* a struct virtio_net_hdr stands in front of every packet */
	unsigned offloads; /* enum tun_offload bits that were got */
};

/* Writes a line to ERR (TUN_ERR bytes); always -1. */
int tun_fail(char *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Attaches to the device NAME, or makes it, with a vnet header if HEADER and the kernel knows it.
 * 0, or -1 with a line in ERR. */
int tun_attach(struct tun_attached *a, const char *name, bool header, char *err);

/* Takes as many offloads as there are; without the header, none.  Only for who has the device
 * alone.  0, or -1 with a line in ERR. */
int tun_attach_offloads(struct tun_attached *a, const char *name, char *err);

/* Says why NAME could not be attached to, by errno; always -1. */
int tun_attach_error(const char *name, char *err);

/* Lets go of the device; one that is persistent has no offloads then. */
void tun_detach(struct tun_attached *a);

#endif
