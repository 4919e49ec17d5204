#include "encode/meter.h"

namespace openday::encode {
namespace {

constexpr Duration kWindow = seconds(1);

}  // namespace

void EncoderMeter::forget(std::deque<Sample>& samples, HouseTime now) {
  while (!samples.empty() && now - samples.front().at >= kWindow) samples.pop_front();
}

void EncoderMeter::add(Duration busy, size_t bytes) {
  HouseTime now = clock_.now();
  std::lock_guard lock(mutex_);
  forget(samples_, now);
  samples_.push_back({now, busy, bytes});
}

EncoderMeter::Reading EncoderMeter::read() const {
  HouseTime now = clock_.now();
  std::lock_guard lock(mutex_);
  forget(samples_, now);
  Reading reading;
  double busy = 0;
  for (const Sample& sample : samples_) {
    busy += std::chrono::duration<double>(sample.busy).count();
    reading.kbps += static_cast<double>(sample.bytes) * 8 / 1000;
  }
  double window = std::chrono::duration<double>(kWindow).count();
  reading.per_second = static_cast<double>(samples_.size()) / window;
  reading.busy_share = busy / window;
  return reading;
}

}  // namespace openday::encode
