// Reuse of large buffers: a picture of 1.4 MB that is mapped afresh for every frame costs more than what is
// drawn on it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace openday::media {

/// Hands out interchangeable objects and takes them back when their last holder lets go, on whatever thread
/// that is. take() may be called from any thread; objects may outlive the pool. At most `keep` wait unused.
template <class T>
class Pool {
 public:
  explicit Pool(size_t keep = 16) : state_(std::make_shared<State>(keep)) {}

  /// An object that was used before, with whatever it held then, or a new one from `make()` (a
  /// unique_ptr<T>).
  template <class Make>
  std::shared_ptr<T> take(Make&& make) {
    std::unique_ptr<T> object = state_->pop();
    if (!object) object = make();
    return std::shared_ptr<T>(object.release(), [state = state_](T* raw) { state->give_back(raw); });
  }

  [[nodiscard]] size_t unused() const {
    std::lock_guard lock(state_->mutex);
    return state_->unused.size();
  }

 private:
  struct State {
    explicit State(size_t k) : keep(k) {}

    std::unique_ptr<T> pop() {
      std::lock_guard lock(mutex);
      if (unused.empty()) return nullptr;
      std::unique_ptr<T> object = std::move(unused.back());
      unused.pop_back();
      return object;
    }
    void give_back(T* raw) {
      std::unique_ptr<T> object(raw);
      std::lock_guard lock(mutex);
      if (unused.size() < keep) unused.push_back(std::move(object));
    }

    const size_t keep;
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> unused;
  };
  std::shared_ptr<State> state_;
};

}  // namespace openday::media
