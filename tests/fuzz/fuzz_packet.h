/* fuzz_packet - the entry that libFuzzer and replay.c call. */
#ifndef NAT64D_TESTS_FUZZ_PACKET_H
#define NAT64D_TESTS_FUZZ_PACKET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
