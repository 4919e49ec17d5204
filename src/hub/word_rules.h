// The institution's word lists, ready for use: compiled beside the loop, replaced whole when one changes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/loop_worker.h"
#include "engage/archive.h"
#include "engage/judge.h"

namespace openday::hub {

/// Home thread: the loop's. What screen() gave out stays whole for as long as it is kept.
class WordRules {
 public:
  static constexpr size_t kMostLists = 50;

  WordRules(Loop& loop, engage::Archives& archives);

  /// What the archive has, at once: for the start.
  Result<> load();
  /// The same beside the loop; `done` hears when what is committed now counts.
  void reload(std::function<void(Result<>)> done);
  /// Whether a list can be read, beside the loop; what is wrong names its line.
  void check(std::string name, std::string text, std::function<void(Result<>)> done);

  [[nodiscard]] std::shared_ptr<const engage::Screen> screen() const { return screen_; }
  /// Words of a list, as last loaded; 0 for one that is not there.
  [[nodiscard]] size_t words(const std::string& list) const;

 private:
  struct Compiled {
    std::shared_ptr<const engage::Screen> screen;
    std::map<std::string, size_t> words;
  };
  static Result<Compiled> compile(const std::vector<engage::WordListText>& lists);

  engage::Archives& archives_;
  std::shared_ptr<const engage::Screen> screen_;
  std::map<std::string, size_t> words_;
  LoopWorker worker_;
};

}  // namespace openday::hub
