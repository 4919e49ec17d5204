#pragma once

namespace openday {

// What Catch2's own main() does. For programs that are a test only if their arguments do not say otherwise.
int run_tests(int argc, char** argv);

}  // namespace openday
