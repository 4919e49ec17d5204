// An origin without sockets: requests go straight to the router, time stands still, the engine is the test.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "hub/http_parse.h"
#include "hub/origin.h"
#include "package/wire.h"
#include "wrap/zlib/gzip.h"

namespace openday::hub::test {

/// One request and what became of it.
struct Visit {
  bool answered = false;
  bool left = false;
  Response response;
  std::function<Response()> on_deadline;
  Duration patience{0};

  [[nodiscard]] int status() const { return answered ? response.status : 0; }
  [[nodiscard]] std::string header(std::string_view name) const {
    auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body);
    const auto& headers = shared ? (*shared)->headers() : response.headers;
    for (const Header& one : headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
  [[nodiscard]] Bytes bytes() const {
    if (auto one = std::get_if<SharedBytes>(&response.body)) return **one;
    if (auto shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body))
      return *(*shared)->body();
    Bytes all;
    if (auto pieces = std::get_if<Pieces>(&response.body)) {
      for (const SharedBytes& piece : *pieces) all.insert(all.end(), piece->begin(), piece->end());
    }
    return all;
  }
  [[nodiscard]] std::string text() const {
    Bytes body = bytes();
    if (header("Content-Encoding") == "gzip") body = wrap::gunzip(body, 1 << 20).value();
    return std::string(body.begin(), body.end());
  }
  [[nodiscard]] bool has(std::string_view part) const { return text().find(part) != std::string::npos; }
};

class Stage {
 public:
  explicit Stage(OriginOptions options = {})
      : loop(Loop::create(clock).value()), origin(options, *loop, Log("test", LogLevel::kError)) {
    origin.add_routes(router);
  }

  OriginSetup live(std::string id, std::string store = {}) {
    OriginSetup setup;
    setup.id = id;
    setup.names = {std::move(id)};
    setup.store = std::move(store);
    setup.state = OriginState::kLive;
    origin.put(setup);
    return setup;
  }

  std::shared_ptr<Visit> get(std::string_view target, std::vector<Header> headers = {},
                             bool by_proxy = false) {
    class Watched final : public Exchange {
     public:
      explicit Watched(std::shared_ptr<Visit> visit) : visit_(std::move(visit)) {}
      void send(Response response) override {
        REQUIRE_FALSE(visit_->answered);
        visit_->answered = true;
        visit_->response = std::move(response);
      }
      [[nodiscard]] bool gone() const override { return visit_->answered || visit_->left; }
      void when_gone(std::function<void()>) override {}
      void set_deadline(Duration patience, std::function<Response()> answer) override {
        visit_->patience = patience;
        visit_->on_deadline = std::move(answer);
      }

     private:
      std::shared_ptr<Visit> visit_;
    };
    Request request;
    size_t question = target.find('?');
    request.path = parse_path(target.substr(0, question)).value();
    if (question != std::string_view::npos) request.raw_query = target.substr(question + 1);
    request.query = Query::parse(request.raw_query).value();
    request.headers = std::move(headers);
    request.by_proxy = by_proxy;
    auto visit = std::make_shared<Visit>();
    router.dispatch(std::move(request), Responder(std::make_shared<Watched>(visit)));
    return visit;
  }

  ManualClock clock;
  std::unique_ptr<Loop> loop;
  Origin origin;
  Router router;
};

/// An engine's run of one rendition: 30 fps, six parts of 1/3 s in segments of 2 s.
class Run {
 public:
  Run(Origin& origin, std::string broadcast, std::string run, std::string rendition, int64_t first_msn = 0,
      ProgramTime start = {1'790'000'000'000})
      : origin_(origin), broadcast_(std::move(broadcast)), run_(std::move(run)), msn_(first_msn) {
    init_.run = run_;
    init_.rendition = std::move(rendition);
    bool audio = init_.rendition == "audio";
    init_.codecs = audio ? "mp4a.40.2" : "avc1.64001f,mp4a.40.2";
    init_.width = audio ? 0 : 1280;
    init_.height = audio ? 0 : 720;
    init_.fps = audio ? 0 : 30;
    init_.bandwidth = 3'000'000;
    init_.part_target = 1.0 / 3;
    init_.first_msn = first_msn;
    init_.start = start;
    init_.data = data("init");
  }

  media::InitSegment& init() { return init_; }
  void begin() { REQUIRE(origin_.take(broadcast_, package::to_message(init_)).value()); }
  void part() {
    media::Part part;
    part.rendition = init_.rendition;
    part.msn = msn_;
    part.index = index_;
    part.independent = index_ == 0;
    part.last = index_ == 5;
    part.duration = 1.0 / 3;
    part.at = at();
    part.data = data(std::to_string(msn_) + "." + std::to_string(index_) + ";");
    REQUIRE(origin_.take(broadcast_, package::to_message(run_, part)).value());
    if (++index_ < 6) return;
    media::Segment segment{init_.rendition, msn_, 6, 2, segment_at(msn_), false, 100};
    REQUIRE(origin_.take(broadcast_, package::to_message(run_, segment, "")).value());
    ++msn_;
    index_ = 0;
  }
  void parts(int count) {
    for (int i = 0; i < count; ++i) part();
  }
  [[nodiscard]] ProgramTime segment_at(int64_t msn) const {
    return init_.start + milliseconds((msn - init_.first_msn) * 2000);
  }
  [[nodiscard]] ProgramTime at() const { return segment_at(msn_) + milliseconds(index_ * 1000 / 3); }

 private:
  static SharedBytes data(std::string_view text) {
    return std::make_shared<const Bytes>(text.begin(), text.end());
  }

  Origin& origin_;
  std::string broadcast_;
  std::string run_;
  media::InitSegment init_;
  int64_t msn_;
  int index_ = 0;
};

}  // namespace openday::hub::test
