#include "app/run_numbers.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

namespace openday::app {
namespace {

constexpr int64_t k2020 = 1'577'836'800;  // Unix time, s

milliseconds whole_ms(HouseTime at) {
  return duration_cast<milliseconds>(at - HouseTime{});
}

}  // namespace

RunNumbers number_run(const Checkpoint& checkpoint, const Result<output::StoreSummary>& stored,
                      ProgramTime now, ProgramTime not_before) {
  RunNumbers numbers{checkpoint.msn + 1, checkpoint.runs, not_before};
  if (stored) {
    numbers.not_before = std::max(not_before, stored->end);
    numbers.first_msn = std::max(numbers.first_msn, stored->next_msn);
    numbers.discontinuity = std::max(numbers.discontinuity, stored->runs);
  } else if (!checkpoint.present) {
    int64_t from_clock = std::max<int64_t>(0, now.ms / 1000 - k2020);
    numbers.first_msn = std::max(numbers.first_msn, from_clock);
    numbers.discontinuity = std::max(numbers.discontinuity, static_cast<int>(from_clock));
  }
  return numbers;
}

ProgramTime start_of_run(const Checkpoint& checkpoint, const RunNumbers& numbers, ProgramTime wall,
                         HouseTime first_tick) {
  return std::max({wall, checkpoint.clock + whole_ms(first_tick), numbers.not_before});
}

ProgramTime clock_of_run(ProgramTime start, HouseTime first_tick) {
  return {start.ms - whole_ms(first_tick).count()};
}

Result<output::StoreSummary> summarize_in_time(std::shared_ptr<output::Disk> disk, std::string store,
                                               Duration patience) {
  std::packaged_task<Result<output::StoreSummary>()> task(
      [disk = std::move(disk), store = std::move(store)] { return output::summarize_store(*disk, store); });
  auto summary = task.get_future();
  std::thread(std::move(task)).detach();
  if (summary.wait_for(patience) == std::future_status::ready) return summary.get();
  return fail(Errc::kTimeout, "the disk does not answer");
}

}  // namespace openday::app
