#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#ifdef OPENDAY_SANITIZE_THREAD
// libsrt is not built with the sanitizer: it sees its memory accesses through the C library but not the
// atomics and the condition variables' clocks that order them, and its own lock order is its own affair.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libsrt-gnutls\n"
         "deadlock:libsrt-gnutls\n"
         "mutex:libsrt-gnutls\n"
         "signal:libsrt-gnutls\n"
         "thread:libsrt-gnutls\n";
}
#endif
