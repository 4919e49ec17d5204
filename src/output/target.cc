#include "output/target.h"

#include <algorithm>
#include <utility>

namespace openday::output {
namespace {

constexpr Duration kLook = milliseconds(250);
constexpr Duration kRateWindow = seconds(1);
constexpr size_t kMaxAddresses = 3;

}  // namespace

Result<std::unique_ptr<Target>> Target::start(TargetPlan plan, const Clock& clock, Log log) {
  OPENDAY_TRY(auto loop, Loop::create(clock));
  std::unique_ptr<Target> target(new Target(std::move(plan), clock, std::move(log), std::move(loop)));
  target->thread_ = std::thread([raw = target.get()] { raw->run(); });
  return target;
}

Target::Target(TargetPlan plan, const Clock& clock, Log log, std::unique_ptr<Loop> loop)
    : plan_(std::move(plan)),
      clock_(clock),
      log_(std::move(log)),
      loop_(std::move(loop)),
      queue_(plan_.with_video, plan_.with_audio, plan_.bounds),
      lifecycle_(clock, plan_.pacing, chance_of_kernel),
      rate_at_(clock.now()) {
  stats_.id = plan_.id;
  stats_.state = TargetState::kConnecting;
  stats_.since = clock.wall();
}

Target::~Target() {
  loop_->stop();
  thread_.join();
}

void Target::run() {
  loop_->every(kLook, [this] { look(); });
  attempt();
  loop_->run();
  if (leg_) leg_->finish();
  leg_.reset();
  ended_legs_.clear();
  resolver_.reset();
}

void Target::push(const media::AccessUnit& unit) {
  queue_.push(unit);
  // One task for whatever has come since the last one ran: the mailbox cannot fill up.
  if (!pump_posted_.exchange(true) && !loop_->post([this] { pump(); })) pump_posted_ = false;
}

TargetStats Target::stats() const {
  std::lock_guard lock(mutex_);
  TargetStats out = stats_;
  out.dropped = queue_.dropped();
  return out;
}

void Target::attempt() {
  lifecycle_.connecting();
  publish_stats();
  resolve_deadline_ = loop_->after(plan_.pacing.resolve, [this] {
    resolver_.reset();
    give_up("no name server answers for " + plan_.host);
  });
  resolver_ = std::make_unique<Resolver>(*loop_, plan_.resolve, plan_.host, plan_.port, plan_.egress,
                                         [this](auto addresses) {
                                           loop_->cancel(resolve_deadline_);
                                           if (!addresses) return give_up(addresses.error().message);
                                           addresses_ = std::move(*addresses);
                                           addresses_.resize(std::min(addresses_.size(), kMaxAddresses));
                                           std::ranges::reverse(addresses_);
                                           next_address();
                                         });
}

void Target::next_address() {
  SocketAddress address = addresses_.back();
  addresses_.pop_back();
  liveness_ = std::make_unique<Liveness>(clock_, plan_.pacing);
  progress_ = {};
  leg_ = plan_.make_leg(*loop_, address,
                        {.live = [this] { on_live(); },
                         .ready = [this] { pump(); },
                         .ended = [this](const Error& why) { on_ended(why); }});
  leg_->start();
}

void Target::on_live() {
  lifecycle_.live();
  queue_.open();
  log_.info("target_live", {{"target", plan_.id}, {"url", plan_.origin}});
  publish_stats();
}

void Target::on_ended(const Error& why) {
  bool reached = leg_->progress().reached;
  drop_leg();
  if (!reached && !addresses_.empty()) {
    loop_->after(Duration(0), [this] { next_address(); });
    return;
  }
  give_up(why.message);
}

void Target::drop_leg() {
  queue_.close();
  acked_before_ += progress_.acked_bytes;
  progress_ = {};
  ended_legs_.push_back(std::move(leg_));  // it may be what is calling
  loop_->after(Duration(0), [this] { ended_legs_.clear(); });
}

void Target::give_up(const std::string& why) {
  Duration wait = lifecycle_.failed(why);
  log_.warn("target_failed", {{"target", plan_.id},
                              {"url", plan_.origin},
                              {"why", why},
                              {"retry_ms", duration_cast<milliseconds>(wait).count()}});
  loop_->after(wait, [this] { attempt(); });
  publish_stats();
}

void Target::pump() {
  pump_posted_ = false;
  while (leg_ != nullptr && leg_->ready()) {
    auto unit = queue_.pop();
    if (!unit) return;
    leg_->send(*unit);
  }
}

void Target::look() {
  if (leg_ != nullptr) {
    progress_ = leg_->progress();
    Pulse pulse = liveness_->look(progress_.acked_bytes, progress_.open_bytes);
    if (progress_.overdue) pulse = Pulse::kWedged;
    lifecycle_.pulse(pulse);
    if (pulse == Pulse::kWedged) {
      leg_->finish();
      drop_leg();
      give_up("the server takes no more bytes");
    }
  }
  HouseTime now = clock_.now();
  if (now - rate_at_ >= kRateWindow) {
    uint64_t acked = acked_before_ + progress_.acked_bytes;
    kbps_ = static_cast<double>(acked - rate_acked_) * 8e6 / static_cast<double>((now - rate_at_).count());
    rate_acked_ = acked;
    rate_at_ = now;
  }
  publish_stats();
}

void Target::publish_stats() {
  std::lock_guard lock(mutex_);
  stats_.state = lifecycle_.state();
  stats_.why = lifecycle_.why();
  stats_.since = lifecycle_.since();
  stats_.reconnects = lifecycle_.reconnects();
  stats_.kbps = kbps_;
  stats_.acked_bytes = acked_before_ + progress_.acked_bytes;
  stats_.rtt_ms = progress_.rtt_ms;
  stats_.lost = progress_.lost;
}

}  // namespace openday::output
