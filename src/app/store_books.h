// The books, the roll, the archive and the desk over the store: work crosses to the writer thread, outcomes
// come back to the loop's.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/loop.h"
#include "broadcast/ledger.h"
#include "store/store.h"

namespace openday::app {

/// Home thread: the loop's. What a caller hands in as `done`, and everything it refers to, is called and
/// destroyed there only. Bound: the store's queue; beyond it `done` gets kBusy at once.
class StoreBooks final : public broadcast::Books,
                         public account::Rolls,
                         public engage::Archives,
                         public desk::Books {
 public:
  using Done = std::function<void(Result<>)>;

  static Result<std::unique_ptr<StoreBooks>> open(Loop& loop, store::Store& store);
  /// Outcomes that are on their way are dropped.
  ~StoreBooks() override;

  void submit(broadcast::Books::Work work, Done done) override;
  void submit(account::Rolls::Work work, Done done) override;
  void submit(engage::Archives::Work work, Done done) override;
  void submit(desk::Books::Work work, Done done) override;
  broadcast::LedgerView& view() override { return reader_->ledger(); }
  account::RollView& roll() override { return reader_->roll(); }
  engage::ArchiveView& archive() override { return reader_->archive(); }
  desk::LedgerView& desk() override { return reader_->desk(); }

 private:
  struct Inbox {
    std::mutex mutex;
    std::vector<std::pair<uint64_t, Result<>>> outcomes;
  };

  StoreBooks(Loop& loop, store::Store& store, std::unique_ptr<store::Reader> reader);
  void ask(store::Store::Work work, Done done);
  void deliver();

  Loop& loop_;
  store::Store& store_;
  std::unique_ptr<store::Reader> reader_;
  std::shared_ptr<Inbox> inbox_;
  std::shared_ptr<StoreBooks*> self_;  // null inside once this has ended
  std::map<uint64_t, Done> waiting_;
  uint64_t next_ = 1;
  Loop::TimerId sweep_ = 0;
};

}  // namespace openday::app
