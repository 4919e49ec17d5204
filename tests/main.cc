#include "tests/run_tests.h"

int main(int argc, char** argv) {
  return openday::run_tests(argc, argv);
}
