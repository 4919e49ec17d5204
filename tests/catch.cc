// Catch2 itself, compiled once for all test programs.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/run_tests.h"

int openday::run_tests(int argc, char** argv) {
  return Catch::Session().run(argc, argv);
}

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
