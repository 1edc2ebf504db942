/* shortened - limits the amount of work of random tests. */
#ifndef NAT64D_SHORTENED_H
#define NAT64D_SHORTENED_H

/* The part of N to do: less under sanitizers, which are slow. */
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
