// How a benchmark speaks: its command, its samples, one line per target, the worst last, and an exit status.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace openday::bench {

class Report {
 public:
  Report(const std::string& name, int argc, char** argv) {
    std::string command = "./do bench " + name;
    for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
    fmt::print("command: {}\n", command);
  }

  void sample(const std::string& text) {
    fmt::print("  {}\n", text);
    std::fflush(stdout);
  }

  /// `value` must be at most (or, with `at_least`, at least) `target`.
  void target(const std::string& name, double value, const std::string& unit, double target,
              bool at_least = false) {
    double closeness = target != 0 ? value / target : value + 1;
    lines_.push_back(
        {at_least ? 1 / std::max(closeness, 1e-9) : closeness,
         fmt::format("{}: {:.3g} {} (target {} {:.4g}) {}", name, value, unit, at_least ? "≥" : "≤", target,
                     (at_least ? value >= target : value <= target) ? "met" : "missed"),
         at_least ? value >= target : value <= target});
  }

  /// Prints the targets, the worst last; the value is the exit status.
  int finish() {
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const Line& a, const Line& b) { return a.badness < b.badness; });
    bool met = true;
    for (const auto& line : lines_) {
      fmt::print("{}\n", line.text);
      met = met && line.met;
    }
    return met && !lines_.empty() ? 0 : 1;
  }

 private:
  struct Line {
    double badness;
    std::string text;
    bool met;
  };
  std::vector<Line> lines_;
};

}  // namespace openday::bench
