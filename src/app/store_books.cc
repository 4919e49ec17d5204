#include "app/store_books.h"

#include <utility>

namespace openday::app {
namespace {

// A mailbox that is full refuses the wake-up; the outcomes then wait for this.
constexpr auto kSweep = milliseconds(100);

}  // namespace

StoreBooks::StoreBooks(Loop& loop, store::Store& store, std::unique_ptr<store::Reader> reader)
    : loop_(loop),
      store_(store),
      reader_(std::move(reader)),
      inbox_(std::make_shared<Inbox>()),
      self_(std::make_shared<StoreBooks*>(this)) {
  sweep_ = loop_.every(kSweep, [this] { deliver(); });
}

StoreBooks::~StoreBooks() {
  loop_.cancel(sweep_);
  *self_ = nullptr;
}

Result<std::unique_ptr<StoreBooks>> StoreBooks::open(Loop& loop, store::Store& store) {
  OPENDAY_TRY(auto reader, store.reader());
  return std::unique_ptr<StoreBooks>(new StoreBooks(loop, store, std::move(reader)));
}

void StoreBooks::submit(broadcast::Books::Work work, Done done) {
  ask([work = std::move(work)](const store::Tables& tables) { return work(tables.ledger); }, std::move(done));
}

void StoreBooks::submit(account::Rolls::Work work, Done done) {
  ask([work = std::move(work)](const store::Tables& tables) { return work(tables.roll); }, std::move(done));
}

void StoreBooks::submit(engage::Archives::Work work, Done done) {
  ask([work = std::move(work)](const store::Tables& tables) { return work(tables.archive); },
      std::move(done));
}

void StoreBooks::submit(desk::Books::Work work, Done done) {
  ask([work = std::move(work)](const store::Tables& tables) { return work(tables.desk, tables.roll); },
      std::move(done));
}

void StoreBooks::ask(store::Store::Work work, Done done) {
  uint64_t id = next_++;
  auto wake = [inbox = inbox_, self = self_, &loop = loop_, id](Result<> outcome) {
    bool first = false;
    {
      std::lock_guard lock(inbox->mutex);
      first = inbox->outcomes.empty();
      inbox->outcomes.emplace_back(id, std::move(outcome));
    }
    // `self` is looked into on the loop's thread only, where it is also cleared.
    if (first) loop.post([self] { *self != nullptr ? (*self)->deliver() : void(); });
  };
  if (!store_.submit(std::move(work), std::move(wake))) {
    return done(fail(Errc::kBusy, "too many changes at once; try again"));
  }
  waiting_.emplace(id, std::move(done));
}

void StoreBooks::deliver() {
  std::vector<std::pair<uint64_t, Result<>>> outcomes;
  {
    std::lock_guard lock(inbox_->mutex);
    outcomes.swap(inbox_->outcomes);
  }
  auto alive = self_;
  for (auto& [id, outcome] : outcomes) {
    if (*alive == nullptr) return;  // a `done` ended the books
    auto waiting = waiting_.extract(id);
    if (!waiting.empty()) waiting.mapped()(std::move(outcome));
  }
}

}  // namespace openday::app
