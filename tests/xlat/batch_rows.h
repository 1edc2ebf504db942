/* batch_rows - short sequences of packets and the expected results, for each clause of batch.h. */
#ifndef NAT64D_TESTS_BATCH_ROWS_H
#define NAT64D_TESTS_BATCH_ROWS_H

#include "batch_output.h"

#define OUTPUTS 6
#define EMPTY   SIZE_MAX /* replaces 0, which means that a row leaves out the value */

#define W        .is = true /* complete checksum */
#define V        .is = true, .csum = CSUM_VOUCHED
#define U        .is = true, .csum = CSUM_PARTIAL
#define T(at)    U, .tcp = true, .seq = 0xffffff00u + (at)
#define CUT(len) .seg = 100, .n = (len)

/* OUT: number of segments in each packet that leaves. */
static const struct {
	const char *name, *out;
	struct spec packet[OUTPUTS];
} rows[] = {
	/* what is merged */
	{"UDP, partial", "3", {{U}, {U}, {U}}},
	{"UDP, vouched for", "2", {{V}, {V}}},
	{"UDP, verified", "2", {{W}, {W}}},
	{"UDP, one of each", "3", {{U}, {W}, {V}}},
	{"UDP over IPv6", "2", {{.six = true, U}, {.six = true, U}}},
	{"UDP over IPv6, verified", "2", {{W, .six = true, .n = 33}, {W, .six = true, .n = 33}}},
	{"UDP, DF=0", "2", {{.nodf = true, U}, {.nodf = true, U}}},
	{"UDP, another Identification with DF=1", "2", {{U}, {.id = 7, U}}},
	{"UDP, a byte each", "2", {{.n = 1, U}, {.n = 1, U}}},
	{"TCP over the end of the sequence numbers", "3", {{T(100)}, {T(200)}, {T(300)}}},
	{"TCP over IPv6", "2", {{.six = true, T(0)}, {.six = true, T(100)}}},
	{"TCP, verified", "2", {{W, .tcp = true, .n = 99}, {W, .tcp = true, .seq = 99, .n = 98}}},
	{"TCP, the same options",
	 "2",
	 {{T(0), .opts = 12, .opt = 1}, {T(100), .opts = 12, .opt = 1}}},
	{"TCP, the same urgent field without URG",
	 "2",
	 {{T(0), .urgent = 9}, {T(100), .urgent = 9}}},
	{"TCP, ECE in all", "2", {{T(0), .flags = 0x50}, {T(100), .flags = 0x50}}},
	{"payload in the body", "3", {{U, .body = 100}, {U, .body = 100}, {U, .body = 100}}},
	{"payload in both", "3", {{U, .body = 3}, {U, .body = 99}, {U, .body = 50}}},
	{"payload in both, odd, verified",
	 "2",
	 {{W, .n = 101, .body = 50}, {W, .n = 101, .body = 33}}},
	{"two flows in turn", "2,2", {{U}, {U, .sport = 7}, {U}, {U, .sport = 7}}},
	{"flows leave by their first packet",
	 "2,2,1",
	 {{U}, {U, .sport = 7}, {U}, {U, .sport = 8}, {U, .sport = 7}}},

	/* what ends a GSO packet */
	{"UDP, a shorter one ends it", "3,1", {{U}, {U}, {U, .n = 99}, {U}}},
	{"UDP, a longer one", "2,1", {{U}, {U}, {U, .n = 101}}},
	{"UDP, a shorter one first", "1,2", {{U, .n = 99}, {U}, {U}}},
	{"TCP, a shorter one ends it", "2,1", {{T(100)}, {T(200), .n = 50}, {T(250)}}},
	{"TCP, PSH ends it", "2,1", {{T(100)}, {T(200), .flags = 0x18}, {T(300)}}},
	{"TCP, FIN ends it", "2,1", {{T(100)}, {T(200), .flags = 0x11}, {T(300)}}},
	{"TCP, PSH in the first", "1,1", {{T(100), .flags = 0x18}, {T(200)}}},
	{"TCP, a gap", "1,2", {{T(100)}, {T(300)}, {T(400)}}},
	{"TCP, again", "1,1", {{T(100)}, {T(100)}}},
	{"TCP, the wrong way round", "1,1", {{T(200)}, {T(100)}}},
	{"TCP, pure acknowledgement between", "1,1,1", {{T(100)}, {T(200), .n = EMPTY}, {T(200)}}},
	{"UDP, empty one between", "1,1,1", {{U}, {U, .n = EMPTY}, {U}}},
	{"UDP, without checksum between", "1,1,1", {{U}, {W, .zero = true}, {U}}},
	{"IPv4, alone between", "1,1,1", {{U}, {U, .alone = true}, {U}}},

	/* GSO packets as input */
	{"packets onto a GSO packet", "5", {{U, CUT(300)}, {U}, {U}}},
	{"a GSO packet onto a packet", "4", {{U}, {U, CUT(300)}}},
	{"a GSO packet onto a GSO packet", "7", {{U, CUT(300)}, {U, CUT(400)}}},
	{"TCP GSO packets", "7", {{T(0), CUT(300)}, {T(300), CUT(400)}}},
	{"TCP GSO packets over IPv6",
	 "7",
	 {{.six = true, T(0), CUT(300)}, {.six = true, T(300), CUT(400)}}},
	{"a GSO packet that ends short", "3,1", {{U, CUT(299)}, {U}}},
	{"a GSO packet that ends short, at the end", "5,1", {{U, CUT(200)}, {U, CUT(299)}, {U}}},
	{"a GSO packet of another segment size", "3,4", {{U, CUT(300)}, {U, .n = 200, .seg = 50}}},
	{"a GSO packet of larger segments", "3,2", {{U, CUT(300)}, {U, .n = 300, .seg = 150}}},
	{"UDP, 64 segments", "64", {{U, CUT(3200)}, {U, CUT(3200)}}},
	{"UDP, not 65", "64,1", {{U, CUT(3200)}, {U, CUT(3200)}, {U}}},
	{"UDP, 100 by the kernel stay 100", "100,1", {{U, CUT(10000)}, {U}}},
	{"TCP, more than 64", "120", {{T(0), CUT(6000)}, {T(6000), CUT(6000)}}},
	{"IPv4, 65535 bytes", "4", {{U, .n = 49131, .seg = 16377}, {U, .n = 16376}}},
	{"IPv4, not 65536 bytes", "3,1", {{U, .n = 49131, .seg = 16377}, {U, .n = 16377}}},

	/* what differs */
	{"TOS", "1,1", {{U}, {U, .tos = 1}}},
	{"traffic class", "1,1", {{.six = true, U}, {.six = true, U, .tos = 1}}},
	{"TTL", "1,1", {{U}, {U, .ttl = 63}}},
	{"hop limit", "1,1", {{.six = true, U}, {.six = true, U, .ttl = 63}}},
	{"DF", "1,1", {{U}, {U, .nodf = true}}},
	{"address", "1,1", {{U}, {U, .host = 1}}},
	{"address, IPv6", "1,1", {{.six = true, U}, {.six = true, U, .host = 1}}},
	{"source port", "1,1", {{U}, {U, .sport = 1001}}},
	{"destination port", "1,1", {{U}, {U, .dport = 54}}},
	{"family", "1,1", {{U}, {.six = true, U}}},
	{"protocol", "1,1", {{U}, {T(0)}}},
	{"acknowledgement", "1,1", {{T(100)}, {T(200), .ack = 1}}},
	{"window", "1,1", {{T(100)}, {T(200), .window = 501}}},
	{"urgent field", "1,1", {{T(100)}, {T(200), .urgent = 1}}},
	{"flags: ECE", "1,1", {{T(100)}, {T(200), .flags = 0x50}}},
	{"flags: no ACK", "1,1", {{T(100)}, {T(200), .flags = 0x80}}},
	{"options", "1,1", {{T(100), .opts = 4}, {T(200), .opts = 4, .opt = 1}}},
	{"length of the options", "1,1", {{T(100), .opts = 4}, {T(200), .opts = 8}}},

	/* what is never merged */
	{"SYN", "1,1", {{T(100), .flags = 0x12}, {T(200), .flags = 0x12}}},
	{"RST", "1,1", {{T(100), .flags = 0x14}, {T(200), .flags = 0x14}}},
	{"URG", "1,1", {{T(100), .flags = 0x30}, {T(200), .flags = 0x30}}},
	{"CWR", "1,1", {{T(100), .flags = 0x90}, {T(200), .flags = 0x90}}},
	{"CWR in the second", "1,1", {{T(100)}, {T(200), .flags = 0x90}}},
	{"empty", "1,1", {{U, .n = EMPTY}, {U, .n = EMPTY}}},
	{"without checksum", "1,1", {{W, .zero = true}, {W, .zero = true}}},
	{"vouched for, without checksum", "1,1", {{V, .zero = true}, {V, .zero = true}}},
	{"alone", "1,1", {{U, .nodf = true, .alone = true}, {U, .nodf = true, .alone = true}}},
	{"another protocol", "1,1", {{W, .proto = 132}, {W, .proto = 132}}},
	{"fragments", "1,1", {{W, .more = true}, {W, .later = true}}},
	{"fragments over IPv6",
	 "1,1",
	 {{W, .six = true, .more = true}, {W, .six = true, .later = true}}},

	/* [1071] corruption stays visible */
	{"corrupt first", "1,1", {{W, .corrupt = true}, {W}}},
	{"corrupt second, the rest does not pass it",
	 "1,1,2",
	 {{U}, {W, .corrupt = true}, {U}, {W}}},
	{"corrupt third", "2,1,1", {{U}, {U}, {W, .corrupt = true}, {U}}},
	{"all corrupt",
	 "1,1,1",
	 {{W, .corrupt = true}, {W, .corrupt = true}, {W, .corrupt = true}}},
	{"corrupt, over IPv6", "1,1", {{W, .six = true, .corrupt = true}, {W, .six = true}}},
	{"corrupt, TCP", "1,1", {{T(0)}, {W, .tcp = true, .seq = 0xffffff64, .corrupt = true}}},
	{"corrupt in an odd body",
	 "1,1",
	 {{W, .n = 101, .body = 1, .corrupt = true}, {W, .n = 101}}},

	/* which packet closes which flows */
	{"a fragment closes all",
	 "1,1,1,1,1",
	 {{U}, {U, .sport = 7}, {W, .later = true}, {U}, {U, .sport = 7}}},
	{"so does a first one",
	 "1,1,1,1",
	 {{U}, {U, .sport = 7}, {W, .more = true}, {U, .sport = 7}}},
	{"so does one of IPv6",
	 "1,1,1,2",
	 {{U}, {W, .six = true, .more = true}, {T(100)}, {U}, {U}}},
	{"another protocol closes nothing", "2,1", {{U}, {W, .proto = 132}, {U}}},
	{"nor a fragment of it", "2,1", {{U}, {W, .proto = 132, .later = true}, {U}}},
	{"nor one over IPv6", "2,1", {{U}, {W, .six = true, .proto = 132, .later = true}, {U}}},
	{"what is not merged closes its own flow only",
	 "1,2,1,1",
	 {{U}, {U, .sport = 7}, {U, .n = EMPTY}, {U}, {U, .sport = 7}}},
};

#endif
