/* tun_linux_attach - a descriptor of a TUN device, and its offloads.
 *
 * Private to this folder. */
#ifndef NAT64D_TUN_LINUX_ATTACH_H
#define NAT64D_TUN_LINUX_ATTACH_H

#include <stdbool.h>

struct tun_attached {
	int fd;            /* -1: not attached */
	bool header;       /* each packet is preceded by a struct virtio_net_hdr */
	unsigned offloads; /* enum tun_offload bits that are enabled */
};

/* Writes a line to ERR (TUN_ERR bytes).  Always returns -1. */
int tun_fail(char *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Attaches to the device NAME, or creates it; with a vnet header if HEADER is set and the kernel
 * supports it.  Returns 0, or -1 with a line in ERR. */
int tun_attach(struct tun_attached *a, const char *name, bool header, char *err);

/* Enables as many offloads as the kernel supports; none without the header.  Only valid if no other
 * process has the device open.  Returns 0, or -1 with a line in ERR. */
int tun_attach_offloads(struct tun_attached *a, const char *name, char *err);

/* Describes by errno why NAME could not be attached.  Always returns -1. */
int tun_attach_error(const char *name, char *err);

/* Detaches from the device; disables the offloads, in case it is persistent. */
void tun_detach(struct tun_attached *a);

#endif
