/* shortened - how much a test of random things does. */
#ifndef NAT64D_SHORTENED_H
#define NAT64D_SHORTENED_H

/* How much of N to do: sanitizers make everything slower. */
#if defined(__SANITIZE_ADDRESS__)
#define SHORTENED(n) ((n) / 6)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHORTENED(n) ((n) / 6)
#endif
#endif
#ifndef SHORTENED
#define SHORTENED(n) (n)
#endif

#endif
