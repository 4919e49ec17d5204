#include "encode/thumbnails.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/queue.h"
#include "wrap/av_encode/jpeg.h"
#include "wrap/scale/scaler.h"

namespace openday::encode {
namespace {

constexpr int kNice = 10;

struct Size {
  int width;
  int height;
};
constexpr Size kSmall{320, 180};
constexpr Size kPosterSize{640, 360};

struct Job {
  Thumbnail::What what = Thumbnail::What::kProgram;
  std::string venue;
  media::SharedImage image;
  ProgramTime at;
};

// Fits inside `most` in the picture's own proportions, never enlarged.
Size fitted(const media::Image& image, Size most) {
  double scale = std::min({1.0, static_cast<double>(most.width) / image.width(),
                           static_cast<double>(most.height) / image.height()});
  auto even = [](double value) { return std::max(2, static_cast<int>(std::lround(value / 2)) * 2); };
  return {even(image.width() * scale), even(image.height() * scale)};
}

}  // namespace

const char* name_of(Thumbnail::What what) {
  switch (what) {
    case Thumbnail::What::kVenue: return "venue";
    case Thumbnail::What::kProgram: return "program";
    case Thumbnail::What::kPoster: return "poster";
  }
  return "program";
}

struct Thumbnails::Impl {
  Impl(const media::HouseFormat& format, std::function<void(Thumbnail)> on_ready)
      : house(format),
        ready(std::move(on_ready)),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void offer(Job job) {
    if (shedding.load(std::memory_order_relaxed)) {
      failed.fetch_add(1, std::memory_order_relaxed);
    } else {
      queue.push(std::move(job));
    }
  }

  void run(const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "thumbnails");
    ::setpriority(PRIO_PROCESS, 0, kNice);  // Linux: of the calling thread
    while (auto job = queue.pop(stop)) {
      if (stop.stop_requested()) return;
      auto jpeg = make(*job);
      if (!jpeg) {
        failed.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      ready({job->what, std::move(job->venue), job->at, std::make_shared<const Bytes>(std::move(*jpeg))});
    }
  }

  Result<Bytes> make(const Job& job) {
    bool poster = job.what == Thumbnail::What::kPoster;
    Size size = fitted(*job.image, poster ? kPosterSize : kSmall);
    wrap::JpegEncoder& jpeg = poster ? poster_jpeg : small_jpeg;
    if (size.width == job.image->width() && size.height == job.image->height())
      return jpeg.encode(*job.image);
    media::Image small(size.width, size.height);
    // One set of tables a kind: venues come in many sizes, the program in one.
    wrap::Scaler& scaler = poster                                  ? poster_scaler
                           : job.what == Thumbnail::What::kProgram ? program_scaler
                                                                   : venue_scaler;
    OPENDAY_CHECK_OK(scaler.scale(*job.image, small));
    return jpeg.encode(small);
  }

  const media::HouseFormat house;
  const std::function<void(Thumbnail)> ready;
  BoundedQueue<Job> queue{kQueueBound, WhenFull::kDropOldest};
  std::atomic<bool> shedding{false};
  std::atomic<uint64_t> failed{0};
  int64_t last_second = -1;  // pusher's thread
  int64_t last_poster = -1;
  wrap::JpegEncoder small_jpeg;
  wrap::JpegEncoder poster_jpeg;
  wrap::Scaler venue_scaler;
  wrap::Scaler program_scaler;
  wrap::Scaler poster_scaler;
  std::jthread thread;  // last: it uses all of the above
};

Thumbnails::Thumbnails(const media::HouseFormat& house, std::function<void(Thumbnail)> ready)
    : impl_(std::make_unique<Impl>(house, std::move(ready))) {}

Thumbnails::~Thumbnails() {
  impl_->thread.request_stop();
  impl_->thread.join();
}

void Thumbnails::venue(std::string venue, media::SharedImage image, ProgramTime at) {
  impl_->offer({Thumbnail::What::kVenue, std::move(venue), std::move(image), at});
}

void Thumbnails::program(const media::ProgramFrame& frame) {
  int64_t second = frame.tick / impl_->house.fps;
  if (std::exchange(impl_->last_second, second) == second) return;
  impl_->offer({Thumbnail::What::kProgram, {}, frame.image, frame.at});
  int64_t poster = second / kPosterSeconds;
  if (std::exchange(impl_->last_poster, poster) == poster) return;
  impl_->offer({Thumbnail::What::kPoster, {}, frame.image, frame.at});
}

void Thumbnails::shed(bool shedding) {
  impl_->shedding.store(shedding, std::memory_order_relaxed);
}

uint64_t Thumbnails::dropped() const {
  return impl_->queue.dropped() + impl_->failed.load(std::memory_order_relaxed);
}

}  // namespace openday::encode
