#include "output/resolver.h"

#include <mutex>
#include <thread>

namespace openday::output {

struct Resolver::Shared {
  std::mutex mutex;
  Loop* loop = nullptr;  // null: nobody wants to know any more
  OnAnswer on_answer;
};

Resolver::Resolver(Loop& loop, const Ask& ask, const std::string& host, uint16_t port,
                   const EgressPolicy& policy, OnAnswer on_answer)
    : shared_(std::make_shared<Shared>()) {
  shared_->loop = &loop;
  shared_->on_answer = std::move(on_answer);
  auto answer = [shared = shared_](Addresses addresses) {
    std::lock_guard lock(shared->mutex);
    if (shared->loop == nullptr) return;
    // A full mailbox loses the answer; the attempt then ends at its deadline.
    shared->loop->post([shared, addresses = std::move(addresses)] {
      if (shared->loop != nullptr) shared->on_answer(addresses);
    });
  };
  if (SocketAddress::parse(host, port)) {
    answer(ask(host, port, policy));  // a literal: nobody is asked
    return;
  }
  std::thread([answer, ask, host, port, policy] { answer(ask(host, port, policy)); }).detach();
}

Resolver::~Resolver() {
  std::lock_guard lock(shared_->mutex);
  shared_->loop = nullptr;
}

}  // namespace openday::output
